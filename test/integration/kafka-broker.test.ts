import { existsSync } from 'node:fs';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KafkaBroker, startKafkaBroker } from '../../src/demo/kafka-broker.ts';
import { installKafka, kafkaCacheDir, ProgramMissingError } from '../../src/demo/kafka-install.ts';
import { createTopics } from '../support/topic-records.ts';

const env = process.env;
const say = (line: string) => process.stderr.write(`${line}\n`);
const cacheDir = kafkaCacheDir(env['XDG_CACHE_HOME']);
const missing = await installKafka({ cacheDir, say }).then(
  () => undefined,
  (error: unknown) => {
    if (error instanceof ProgramMissingError && env['CI'] !== 'true') return error.message;
    throw error;
  },
);
if (missing !== undefined) say(`skipped: ${missing}`);

const connect = ({ brokers }: KafkaBroker) =>
  new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 10 } });

async function createTopic(broker: KafkaBroker, topic: string) {
  const admin = connect(broker).admin();
  await admin.connect();
  await createTopics(admin, [{ topic, numPartitions: 1 }]);
  await admin.disconnect();
}

async function produce(broker: KafkaBroker, topic: string, value: string) {
  const producer = connect(broker).producer();
  await producer.connect();
  await producer.send({ topic, acks: -1, messages: [{ value }] });
  await producer.disconnect();
}

/** The first `count` records of a topic. */
async function consume(broker: KafkaBroker, topic: string, count: number) {
  const consumer = connect(broker).consumer({ groupId: `${topic}-reader` });
  const values: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
      values.push(String(message.value));
      if (values.length === count) resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  return values;
}

const isRunning = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe.skipIf(missing !== undefined)('a Kafka broker', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafkaBroker({ say, cacheDir });
  });
  afterAll(() => broker?.close());

  test('keeps what it acknowledged over a kill -9, on the same port', async () => {
    const { brokers, pid } = broker;
    await createTopic(broker, 'kept');
    await produce(broker, 'kept', 'before');
    await broker.kill();
    expect(isRunning(pid)).toBe(false);
    await broker.start();
    expect(broker.brokers).toEqual(brokers);
    await produce(broker, 'kept', 'after');
    expect(await consume(broker, 'kept', 2)).toEqual(['before', 'after']);
  });

  test('does not create a topic that nobody created', async () => {
    await expect(produce(broker, 'misspelt', 'x')).rejects.toThrow();
  });

  test('stands beside another one, and leaves nothing behind when it is closed', async () => {
    const other = await startKafkaBroker({ say, cacheDir });
    expect(other.brokers).not.toEqual(broker.brokers);
    await createTopic(other, 'theirs');
    const { pid, dir } = other;
    await other.close();
    await other.close();
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(dir)).toBe(false);
    expect(isRunning(broker.pid)).toBe(true);
  });

  test('that cannot start says why', async () => {
    const properties = { 'log.retention.hours': 'never' };
    await expect(startKafkaBroker({ say, cacheDir, properties })).rejects.toThrow(/retention/);
    const port = Number(broker.brokers[0]?.split(':')[1]);
    await expect(startKafkaBroker({ say, cacheDir, port })).rejects.toThrow(/in use/);
  });
});
