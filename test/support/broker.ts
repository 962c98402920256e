/**
 * A real Kafka broker for a test file, and what tests do with it by kafkajs alone.
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

import { randomUUID } from 'node:crypto';
import {
  type Admin,
  type IHeaders,
  Kafka,
  type KafkaMessage,
  logLevel,
  type Message,
  Partitioners,
} from 'kafkajs';
import { afterAll, beforeAll } from 'vitest';
import { type KafkaBroker, startKafkaBroker } from '../../src/demo/kafka-broker.ts';
import { installKafka, kafkaCacheDir, ProgramMissingError } from '../../src/demo/kafka-install.ts';

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

/** A silent client. */
export const kafkaOf = (brokers: readonly string[]): Kafka =>
  new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { retries: 10 } });

/** Creates a topic of a name that nobody else has. `config`: such as `max.message.bytes`. */
export async function uniqueTopic(
  admin: Admin,
  partitions = 1,
  config: Readonly<Record<string, string>> = {},
): Promise<string> {
  const topic = `test-${randomUUID()}`;
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  const topics = [{ topic, numPartitions: partitions, configEntries }];
  await admin.createTopics({ topics, waitForLeaders: true });
  return topic;
}

/** Writes records as given, acknowledged by all in-sync replicas. */
export async function produceRecords(
  brokers: readonly string[],
  topic: string,
  messages: readonly Message[],
): Promise<void> {
  const createPartitioner = Partitioners.DefaultPartitioner;
  const producer = kafkaOf(brokers).producer({ createPartitioner });
  await producer.connect();
  try {
    await producer.send({ topic, acks: -1, messages: [...messages] });
  } finally {
    await producer.disconnect();
  }
}

/** A record as tests compare it. */
export interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  /** As text; `bytes` has it as it is. */
  readonly value: string | null;
  readonly bytes: Buffer | null;
  /** As text; of a header that is given twice, the last one. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reads a topic from its beginning in a group of its own, until there are `count` records or
 * `until` says that they are enough; what came along in the last batch is returned too, so that
 * a duplicate shows. Transactions that were aborted are not seen.
 */
export async function readTopic(
  brokers: readonly string[],
  topic: string,
  until: number | ((records: readonly ReadRecord[]) => boolean),
  timeoutMs = 30_000,
): Promise<ReadRecord[]> {
  const enough = () => (typeof until === 'number' ? records.length >= until : until(records));
  const records: ReadRecord[] = [];
  if (enough()) return records;
  const consumer = kafkaOf(brokers).consumer({
    groupId: `test-${randomUUID()}`,
    maxWaitTimeInMs: 100,
  });
  await consumer.connect();
  let timer: NodeJS.Timeout | undefined;
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const late = () => `${topic} has only ${records.length} records after ${timeoutMs} ms`;
      timer = setTimeout(() => reject(new Error(late())), timeoutMs);
      const eachBatch = async ({
        batch,
      }: {
        batch: { partition: number; messages: KafkaMessage[] };
      }) => {
        records.push(...batch.messages.map((message) => readRecord(batch.partition, message)));
        if (enough()) resolve();
      };
      consumer.run({ eachBatch }).catch(reject);
    });
  } finally {
    clearTimeout(timer);
    await consumer.disconnect();
  }
  return records;
}

const readRecord = (partition: number, message: KafkaMessage): ReadRecord => ({
  partition,
  offset: Number(message.offset),
  timestamp: Number(message.timestamp),
  key: message.key?.toString() ?? null,
  value: message.value?.toString() ?? null,
  bytes: message.value,
  headers: textHeaders(message.headers ?? {}),
});

const textHeaders = (headers: IHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, String([value].flat().at(-1) ?? '')]),
  );
