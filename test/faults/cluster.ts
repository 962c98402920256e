/**
 * Three brokers that are controllers too: every topic on all of them, two of which must have a
 * record before it is acknowledged. One of them may be away at a time.
 */

import { type Admin, Kafka, logLevel } from 'kafkajs';
import type { KafkaBroker } from '../../src/demo/kafka-broker.ts';
import { kafkaCacheDir } from '../../src/demo/kafka-install.ts';
import { freePorts, startBrokerCluster } from '../support/broker-cluster.ts';
import { createLock } from './lock.ts';
import { insist, sleep, within } from './patience.ts';

export const brokerCount = 3;
export const saslUser = { name: 'adapter', password: 'the-right-password' };

export interface Cluster {
  /** Plaintext, of all brokers: for what the suite itself does. */
  readonly bootstrap: readonly string[];
  /** Where a password is asked for. */
  readonly saslBootstrap: readonly string[];
  readonly kafka: Kafka;
  /** With a fresh connection, tried until it succeeds: brokers come and go. */
  readonly ask: <Result>(what: string, call: (admin: Admin) => Promise<Result>) => Promise<Result>;
  /** Kills a broker, and starts it again after a while; waits until it has caught up. */
  readonly bounce: (index: number, awayMs: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

const askTimeoutMs = 60_000;
const attemptTimeoutMs = 10_000;

/** Starts the cluster. */
export async function startCluster(say: (line: string) => void): Promise<Cluster> {
  const saslPorts = await freePorts(brokerCount);
  const cacheDir = kafkaCacheDir(process.env['XDG_CACHE_HOME']);
  const brokers = await startBrokerCluster(brokerCount, { say, cacheDir }, (i) =>
    properties(saslPorts[i] ?? 0),
  );
  const bootstrap = brokers.flatMap((broker) => broker.brokers);
  const kafka = new Kafka({
    brokers: bootstrap,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 8_000,
    retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 500 },
  });
  const ask: Cluster['ask'] = (what, call) =>
    insist(what, askTimeoutMs, async () => {
      const admin = kafka.admin();
      try {
        const answer = admin.connect().then(() => call(admin));
        return await within(what, attemptTimeoutMs, answer);
      } finally {
        void admin.disconnect().catch(() => undefined);
      }
    });
  const lock = createLock();
  return {
    bootstrap,
    saslBootstrap: saslPorts.map((port) => `127.0.0.1:${port}`),
    kafka,
    ask,
    bounce: (index, awayMs) =>
      lock.hold(async () => {
        const broker = brokers[index];
        if (broker === undefined) throw new Error(`there is no broker ${index}`);
        await broker.kill();
        await sleep(awayMs);
        await insist('starting a broker again', askTimeoutMs, () => broker.start());
        await caughtUp(ask);
      }),
    close: async () => {
      await Promise.all(brokers.map((broker: KafkaBroker) => broker.close()));
    },
  };
}

/** Until then another broker's going would leave records on one alone. */
const caughtUp = (ask: Cluster['ask']): Promise<void> =>
  insist('waiting for replicas in sync', askTimeoutMs, async () => {
    const { topics } = await ask('asking for replicas', (admin) => admin.fetchTopicMetadata());
    const behind = topics.filter(({ partitions }) =>
      partitions.some(({ isr }) => isr.length < brokerCount),
    );
    if (behind.length > 0) throw new Error(`behind: ${behind.map(({ name }) => name).join(', ')}`);
  });

const plainLogin = 'org.apache.kafka.common.security.plain.PlainLoginModule';

const properties = (saslPort: number): Record<string, string> => ({
  'default.replication.factor': String(brokerCount),
  'min.insync.replicas': '2',
  'offsets.topic.replication.factor': String(brokerCount),
  'transaction.state.log.replication.factor': String(brokerCount),
  'transaction.state.log.min.isr': '2',
  listeners: `PLAIN://127.0.0.1:${saslPort}`,
  'listener.security.protocol.map': 'PLAIN:SASL_PLAINTEXT',
  'listener.name.plain.sasl.enabled.mechanisms': 'PLAIN',
  'listener.name.plain.plain.sasl.jaas.config': `${plainLogin} required user_${saslUser.name}="${saslUser.password}";`,
  // Compaction, and the end of transactions whose producer is gone, within a run's time.
  'log.cleaner.backoff.ms': '1000',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
});
