/**
 * A real Kafka broker for a test file; topic-records.ts is what tests do with it.
 *
 *     const broker = await useBroker();
 *     describe.skipIf(broker.missing)('…', () => {
 *       test('…', async () => {
 *         const topic = await uniqueTopic(broker.admin, 3);
 *         await produceRecords(broker.brokers, topic, [{ value: 'a' }]);
 *         const records = await readTopic(broker.brokers, topic, 1);
 *
 * 1. Where KAFKA_BROKER is set, that cluster is used; else one broker is started for the file.
 * 2. Where Java or Maven are missing the file is skipped, which package to install being printed;
 *    with CI=true it fails.
 */

import type { Admin, Kafka } from 'kafkajs';
import { afterAll, beforeAll } from 'vitest';
import { type KafkaBroker, startKafkaBroker } from '../../src/demo/kafka-broker.ts';
import { installKafka, kafkaCacheDir, ProgramMissingError } from '../../src/demo/kafka-install.ts';
import { kafkaOf } from './topic-records.ts';

export {
  kafkaOf,
  produceRecords,
  type ReadRecord,
  readTopic,
  uniqueTopic,
} from './topic-records.ts';

const env = process.env;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** For tests that start brokers themselves: `startKafkaBroker({ ...brokerOptions })`. */
export const brokerOptions = { say, cacheDir: kafkaCacheDir(env['XDG_CACHE_HOME']) };

/** @returns whether Java or Maven are missing here; throws instead with CI=true */
export async function kafkaMissing(): Promise<boolean> {
  try {
    await installKafka(brokerOptions);
    return false;
  } catch (error) {
    if (!(error instanceof ProgramMissingError) || env['CI'] === 'true') throw error;
    say(`skipped: ${error.message}`);
    return true;
  }
}

export interface TestBroker {
  /** Whether there is none, so that the tests are to be skipped. */
  readonly missing: boolean;
  /** `host:port` of each; like all that follows, there from beforeAll on. */
  readonly brokers: string[];
  readonly kafka: Kafka;
  /** Connected. */
  readonly admin: Admin;
}

/** One broker for the tests of this file: started in beforeAll, closed in afterAll. */
export async function useBroker(): Promise<TestBroker> {
  const given = (env['KAFKA_BROKER'] ?? '').split(',').filter((address) => address !== '');
  const missing = given.length === 0 && (await kafkaMissing());
  let own: KafkaBroker | undefined;
  let started: { brokers: string[]; kafka: Kafka; admin: Admin } | undefined;

  beforeAll(async () => {
    if (missing) return;
    if (given.length === 0) own = await startKafkaBroker(brokerOptions);
    const brokers = own?.brokers ?? given;
    const kafka = kafkaOf(brokers);
    started = { brokers, kafka, admin: kafka.admin() };
    await started.admin.connect();
  });
  afterAll(async () => {
    await started?.admin.disconnect();
    await own?.close();
  });

  const here = () => {
    if (started === undefined) throw new Error('the broker is there only within tests and hooks');
    return started;
  };
  return {
    missing,
    get brokers() {
      return here().brokers;
    },
    get kafka() {
      return here().kafka;
    },
    get admin() {
      return here().admin;
    },
  };
}
