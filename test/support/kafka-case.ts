/**
 * One test of the Kafka path: topics, a predictor and adapters of its own, events in, and the
 * topics' contents to assert on.
 */

import { randomUUID } from 'node:crypto';
import { type Admin, Kafka, logLevel, type Message } from 'kafkajs';
import { afterEach, onTestFailed } from 'vitest';
import { type RunningAdapter, startAdapter } from '../../src/commands/start-adapter.ts';
import { parseAdapterConfig } from '../../src/config/adapter.ts';
import type { Faults } from '../../src/demo/iris/faults.ts';
import { createIrisPredictor, type IrisPredictor } from '../../src/demo/iris/predictor.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { type AdapterProcess, spawnAdapter } from './adapter-process.ts';
import { followTopics, type LoggedRecord, type TopicLog } from './topic-log.ts';
import { createTopics } from './topic-records.ts';

export interface KafkaCase {
  readonly input: string;
  readonly output: string;
  readonly errors: string;
  readonly group: string;
  readonly predictor: IrisPredictor;
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly log: TopicLog;
  /** Starts an adapter in this process. */
  readonly start: (environment?: Record<string, string>) => Promise<RunningAdapter>;
  /** Starts an adapter in a process of its own. */
  readonly spawn: (environment?: Record<string, string>) => Promise<AdapterProcess>;
  /** Writes events number `from` to `to` (not included), round robin over the partitions. */
  readonly send: (from: number, to: number, mark?: (n: number) => string) => Promise<void>;
  readonly produce: (messages: Message[]) => Promise<void>;
  /** Waits until every event below `count` is answered in the output or the error topic. */
  readonly answered: (count: number) => Promise<void>;
  /** The numbers of the events answered in a topic, in the order of each partition. */
  readonly numbers: (topic: string) => number[][];
  /** What the group has committed, by partition. */
  readonly committed: () => Promise<number[]>;
  /** What the adapters of other processes logged at last. */
  readonly lastLines: () => string;
  readonly close: () => Promise<void>;
}

export interface KafkaCaseOptions {
  readonly brokers: readonly string[];
  readonly partitions?: number;
  /** Settings of every adapter. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly outputConfig?: Readonly<Record<string, string>>;
  /** Leaves the input topic to be made later. */
  readonly withoutInput?: boolean;
}

/** Retries and rests short enough that a test does not wait for them. */
const quick = {
  KAFKA_RETRY_BASE_MS: '20',
  KAFKA_RETRY_MAX_MS: '100',
  READINESS_INTERVAL_MS: '100',
  DRAIN_TIMEOUT_MS: '2000',
};

/** Makes topics, a predictor and a reader of the answers. */
export async function createKafkaCase(options: KafkaCaseOptions): Promise<KafkaCase> {
  const { brokers, partitions = 2 } = options;
  const name = `case-${randomUUID().slice(0, 8)}`;
  const [input, output, errors] = [`${name}.in`, `${name}.out`, `${name}.out.errors`];
  const kafka = new Kafka({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 20 },
  });
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = Object.entries(options.outputConfig ?? {}).map(([key, value]) => ({
    name: key,
    value,
  }));
  const numPartitions = partitions;
  await createTopics(admin, [
    ...(options.withoutInput ? [] : [{ topic: input, numPartitions }]),
    { topic: output, numPartitions, configEntries },
    { topic: errors, numPartitions: 1 },
  ]);
  // Inputs must stand once: a plain producer that tries again after a timeout writes them twice.
  const producer = kafka.producer({ idempotent: true });
  await producer.connect();
  const predictor = await createIrisPredictor();
  const log = await followTopics(kafka, [output, errors]);
  const settings = {
    SELDON_DEPLOYMENT_ID: 'iris',
    PREDICTOR_URL: predictor.url,
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: '0',
    DRAIN_DELAY_MS: '0',
    KAFKA_BROKER: brokers.join(','),
    KAFKA_INPUT_TOPIC: input,
    KAFKA_OUTPUT_TOPIC: output,
    KAFKA_CONSUMER_GROUP: name,
    ...quick,
    ...options.environment,
  };
  const closers: (() => Promise<unknown>)[] = [];
  const spawned: AdapterProcess[] = [];

  const produce = async (messages: Message[]): Promise<void> => {
    for (let i = 0; i < messages.length; i += 200) {
      await producer.send({ topic: input, messages: messages.slice(i, i + 200) });
    }
  };
  const numbers = (topic: string): number[][] => {
    const lists: number[][] = Array.from({ length: partitions }, () => []);
    for (const record of log.records(topic)) lists[record.partition]?.push(numberOf(record));
    return lists;
  };

  return {
    input,
    output,
    errors,
    group: name,
    predictor,
    kafka,
    admin,
    log,
    start: async (environment = {}) => {
      const parsed = parseAdapterConfig([], { ...settings, ...environment });
      if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
      const adapter = await startAdapter(parsed.values, createLogger('silent'));
      closers.push(adapter.stop);
      return adapter;
    },
    spawn: async (environment = {}) => {
      const adapter = await spawnAdapter({ ...settings, ...environment });
      spawned.push(adapter);
      closers.push(() => adapter.end('SIGKILL'));
      return adapter;
    },
    send: (from, to, mark = () => '') =>
      produce(
        Array.from({ length: to - from }, (_, i) =>
          eventRecord(from + i, partitions, mark(from + i)),
        ),
      ),
    produce,
    answered: (count) =>
      log.until(`answers to all ${count} events`, () => {
        const seen = new Set([...log.records(output), ...log.records(errors)].map(numberOf));
        for (let n = 0; n < count; n += 1) if (!seen.has(n)) return false;
        return true;
      }),
    numbers,
    committed: async () => {
      const [topic] = await admin.fetchOffsets({ groupId: name, topics: [input] });
      const sorted = [...(topic?.partitions ?? [])].sort((a, b) => a.partition - b.partition);
      return sorted.map(({ offset }) => Number(offset));
    },
    lastLines: () =>
      spawned
        .flatMap(({ pid, output: told }) => [
          `--- adapter ${pid}:`,
          ...told().split('\n').slice(-100),
        ])
        .join('\n'),
    close: async () => {
      for (const close of closers.reverse()) await close();
      await Promise.all([
        log.close(),
        producer.disconnect(),
        admin.disconnect(),
        predictor.close(),
      ]);
    },
  };
}

export { eventually } from './eventually.ts';

/** Begins the case of a test; {@link useKafkaCases} closes it. */
export type BeginCase = (options?: Omit<KafkaCaseOptions, 'brokers'>) => Promise<KafkaCase>;

/**
 * The cases of a test file, one a test, closed after it.
 * @param broker asked for its brokers when a case begins
 */
export function useKafkaCases(broker: { readonly brokers: readonly string[] }): BeginCase {
  const open: KafkaCase[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  return async (options = {}) => {
    const begun = await createKafkaCase({ ...options, brokers: broker.brokers });
    open.push(begun);
    onTestFailed(() => void process.stderr.write(`${begun.lastLines()}\n`));
    return begun;
  };
}

/** The numbers of the events answered in the output topic. */
export const outputsOf = (c: KafkaCase): number[] => c.log.records(c.output).map(numberOf);

/** Likewise of the error topic. */
export const divertedOf = (c: KafkaCase): number[] => c.log.records(c.errors).map(numberOf);

/** Those of both, in order; a repeat shows. */
export const answersOf = (c: KafkaCase): number[] =>
  [...outputsOf(c), ...divertedOf(c)].toSorted((a, b) => a - b);

/** The numbers of so many events. */
export const all = (count: number): number[] => [...Array(count).keys()];

/** Waits for as many records in the case's output or error topic. */
export const untilWritten = (
  c: KafkaCase,
  topic: 'output' | 'errors',
  count: number,
): Promise<void> =>
  c.log.until(`${count} records in ${topic}`, () => c.log.records(c[topic]).length >= count);

/** Event number `n` as a binary-mode record; `mark` stands in its payload for the fault switches. */
export function eventRecord(n: number, partitions: number, mark = ''): Message {
  return {
    partition: n % partitions,
    value: `{"data":{"ndarray":[[5.1,3.5,1.4,0.2]]},"meta":{"tags":{"mark":"${mark}"}}}`,
    headers: {
      ce_specversion: '1.0',
      ce_id: String(n),
      ce_source: 'test',
      ce_type: 'seldon.iris.default.request',
      'content-type': 'application/json',
    },
  };
}

/** Sets the predictor's faults, and lifts all others. */
export function setFaults(predictor: IrisPredictor, faults: Faults): void {
  for (const name of Object.keys(predictor.faults)) delete predictor.faults[name as keyof Faults];
  Object.assign(predictor.faults, faults);
}

/** The number of the event that a record answers: a reply's cause, or an error record's own id. */
export const numberOf = (record: LoggedRecord): number =>
  Number(record.headers['ce_causationid'] ?? record.headers['ce_id'] ?? Number.NaN);

/** What each list holds once repeats of a number after its first are left out. */
export const firstOccurrences = (numbers: readonly number[]): number[] => [...new Set(numbers)];

/** Whether the list never goes down. */
export const isAscending = (numbers: readonly number[]): boolean =>
  numbers.every((n, i) => i === 0 || n > (numbers[i - 1] ?? -1));
