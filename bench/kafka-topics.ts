/** What the Kafka benchmark does with the broker itself: topics, backlogs, counting, checking. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Admin, type IHeaders, Kafka, logLevel, type Message, Partitioners } from 'kafkajs';
import { startKafkaBroker } from '../src/demo/kafka-broker.ts';
import { kafkaCacheDir } from '../src/demo/kafka-install.ts';
import { createTopics } from '../test/support/topic-records.ts';
import { eventHeaders, type PayloadName, payloads } from './payloads.ts';
import { say } from './report.ts';

export const recordForms = ['raw', 'event'] as const;
/** The bare payload, or a CloudEvent in binary mode. */
export type RecordForm = (typeof recordForms)[number];

export interface Backlog {
  readonly topic: string;
  readonly payload: PayloadName;
  readonly records: number;
}

export interface BenchKafka {
  readonly broker: string;
  readonly createTopic: (name: string) => Promise<string>;
  /** A topic full of records, each with its number as its key. */
  readonly produceBacklog: (backlog: Backlog, form: RecordForm) => Promise<Backlog>;
  readonly countRecords: (topic: string) => Promise<number>;
  /** How many records of a topic the group has committed. */
  readonly countCommitted: (group: string, topic: string) => Promise<number>;
  /** Reads the whole topic. */
  readonly checkOutput: (topic: string, records: number) => Promise<OutputCheck>;
  readonly deleteTopics: (topics: readonly string[]) => Promise<void>;
  /** Kills our own broker, and resolves when it is back; undefined where it is not ours. */
  readonly bounce: ((awayMs: number) => Promise<void>) | undefined;
  readonly close: () => Promise<void>;
}

export interface OutputCheck {
  /** Inputs without an output. */
  readonly missing: number;
  readonly duplicates: number;
}

const partitions = 4;
const largestRequest = 512 * 1024;

/** `KAFKA_BROKER`, or a broker of our own. */
export async function openKafka(): Promise<BenchKafka> {
  const given = process.env['KAFKA_BROKER'];
  const cacheDir = kafkaCacheDir(process.env['XDG_CACHE_HOME']);
  const own = given ? undefined : await startKafkaBroker({ say, cacheDir });
  const broker = given || (own?.brokers[0] ?? '');
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  await admin.connect();
  const made: string[] = [];
  const deleteTopics = async (topics: readonly string[]): Promise<void> => {
    await admin.deleteTopics({ topics: [...topics] });
    for (const topic of topics) made.splice(made.indexOf(topic), 1);
  };
  return {
    broker,
    createTopic: async (topic) => {
      await createTopics(admin, [{ topic, numPartitions: partitions }]);
      made.push(topic);
      return topic;
    },
    produceBacklog: (backlog, form) => produce(kafka, backlog, form),
    countRecords: (topic) => countRecords(admin, topic),
    countCommitted: (group, topic) => countCommitted(admin, group, topic),
    checkOutput: (topic, records) => checkOutput(kafka, topic, records),
    deleteTopics,
    bounce:
      own &&
      (async (awayMs) => {
        await own.kill();
        await sleep(awayMs);
        await own.start();
      }),
    close: async () => {
      if (made.length > 0) await deleteTopics([...made]);
      await admin.disconnect();
      await own?.close();
    },
  };
}

async function produce(kafka: Kafka, backlog: Backlog, form: RecordForm): Promise<Backlog> {
  // A request that is made again, since a partition had no leader yet, is written once: the runs end
  // when as many answers are there as records.
  const producer = kafka.producer({
    idempotent: true,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const value = payloads[backlog.payload];
  const chunk = Math.max(1, Math.min(1_000, Math.floor(largestRequest / value.length)));
  for (let start = 0; start < backlog.records; start += chunk) {
    const length = Math.min(chunk, backlog.records - start);
    const messages = Array.from({ length }, (_, i) => message(start + i, value, form));
    await producer.send({ topic: backlog.topic, acks: -1, messages });
  }
  await producer.disconnect();
  return backlog;
}

function message(index: number, value: Buffer, form: RecordForm): Message {
  // Explicit partitions: every one has the same number of records.
  const placed = { key: String(index), partition: index % partitions, value };
  return form === 'raw' ? placed : { ...placed, headers: recordHeaders(index) };
}

const recordHeaders = (index: number): IHeaders => ({
  ce_specversion: '1.0',
  ce_id: `${eventHeaders['Ce-Id']}-${index}`,
  ce_type: eventHeaders['Ce-Type'],
  ce_source: eventHeaders['Ce-Source'],
  'content-type': 'application/json',
});

async function countRecords(admin: Admin, topic: string): Promise<number> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
}

async function countCommitted(admin: Admin, groupId: string, topic: string): Promise<number> {
  const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
  return (offsets?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, +offset), 0);
}

async function checkOutput(kafka: Kafka, topic: string, records: number): Promise<OutputCheck> {
  const admin = kafka.admin();
  await admin.connect();
  const inTopic = await countRecords(admin, topic);
  await admin.disconnect();
  const seen = new Uint8Array(records);
  let distinct = 0;
  let read = 0;
  const consumer = kafka.consumer({ groupId: `${topic}-check`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  /** Offsets passed over, markers of transactions among them. */
  const passed = new Map<number, number>();
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      passed.set(payload.partition, Number(payload.lastOffset) + 1);
      if ([...passed.values()].reduce((sum, next) => sum + next, 0) >= inTopic) resolve();
    });
    const eachBatch = async ({ batch }: { batch: { messages: { key: Buffer | null }[] } }) => {
      for (const { key } of batch.messages) {
        const index = Number(key?.toString());
        if (seen[index] === 0) distinct += 1;
        seen[index] = 1;
      }
      read += batch.messages.length;
    };
    consumer.run({ autoCommit: false, eachBatch }).catch(reject);
  });
  await consumer.disconnect();
  return { missing: records - distinct, duplicates: read - distinct };
}
