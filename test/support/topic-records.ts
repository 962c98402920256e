/** What tests do with a broker's topics: by kafkajs alone, so that our code is not its own judge. */

import { randomUUID } from 'node:crypto';
import {
  type Admin,
  type IHeaders,
  type ITopicConfig,
  Kafka,
  type KafkaMessage,
  logLevel,
  type Message,
  Partitioners,
} from 'kafkajs';
import { eventually } from './eventually.ts';

const patienceMs = 30_000;

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
  await createTopics(admin, [{ topic, numPartitions: partitions, configEntries }]);
  return topic;
}

/**
 * Creates topics, and waits until the broker that is asked knows who leads their partitions, and the
 * leaders know it too: a broker tells of a partition a moment before it takes records for it.
 */
export async function createTopics(admin: Admin, topics: ITopicConfig[]): Promise<void> {
  // kafkajs' own waiting fails where the broker has not heard of a topic yet.
  const create = () => admin.createTopics({ topics, waitForLeaders: false });
  // A broker that has only just started names a controller before it names its brokers.
  const created = (): Promise<boolean> =>
    create().then(
      () => true,
      (error: Error) => {
        if (error.name === 'KafkaJSBrokerNotFound') return false;
        throw error;
      },
    );
  await eventually('the controller', created, patienceMs);
  for (const { topic } of topics) {
    await eventually(topic, () => isKnown(admin, topic), patienceMs);
  }
}

async function isKnown(admin: Admin, topic: string): Promise<boolean> {
  const found = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
  const isLed = found?.topics[0]?.partitions.every(({ leader }) => leader >= 0) === true;
  return isLed && (await admin.fetchTopicOffsets(topic).catch(() => undefined)) !== undefined;
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
 * a duplicate shows. A place that is fetched twice, as after the reader's group had to form anew,
 * is one record. Transactions that were aborted are not seen.
 */
export async function readTopic(
  brokers: readonly string[],
  topic: string,
  until: number | ((records: readonly ReadRecord[]) => boolean),
  timeoutMs = 30_000,
): Promise<ReadRecord[]> {
  const enough = () => (typeof until === 'number' ? records.length >= until : until(records));
  const records: ReadRecord[] = [];
  const places = new Set<string>();
  const add = (record: ReadRecord): void => {
    const place = `${record.partition}/${record.offset}`;
    if (places.has(place)) return;
    places.add(place);
    records.push(record);
  };
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
        for (const message of batch.messages) add(readRecord(batch.partition, message));
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
