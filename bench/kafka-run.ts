/** One run of a consumer over a whole backlog. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Backlog, BenchKafka } from './kafka-topics.ts';
import { cpuMs, type Memory, memoryOf, type ServerProcess, startServer } from './server-process.ts';

export interface Consumer {
  readonly name: string;
  /** Undefined: the bare loop. */
  readonly adapter:
    | {
        readonly workers: number;
        readonly ordering: string;
        /** BATCH_MAX_SIZE; default 1, which is off. */
        readonly batch?: number;
        /** KAFKA_DELIVERY; default at least once. */
        readonly delivery?: string;
      }
    | undefined;
}

export interface RunDeps {
  readonly kafka: BenchKafka;
  readonly predictorUrl: string;
  readonly node: string;
  readonly nodeFlags: readonly string[];
  /** Called about ten times a second. */
  readonly sampled?: (pid: number, answered: number) => void;
}

export interface RunResult extends Memory {
  readonly perSecond: number;
  readonly cpuMsPerRecord: number;
  readonly missing: number;
  readonly duplicates: number;
}

/** The first records find a process that still starts, joins and compiles: they are not counted. */
const warmUpShare = 0.1;
const pollMs = 100;
/** Nothing has come out for so long: it hangs. */
const stalledMs = 60_000;

let runs = 0;

/** Starts the consumer with a group and an output topic of its own, and waits until it is through. */
export async function runConsumer(
  consumer: Consumer,
  backlog: Backlog,
  deps: RunDeps,
): Promise<RunResult> {
  runs += 1;
  const output = `${backlog.topic}-out-${runs}`;
  const errors = `${output}.errors`;
  await deps.kafka.createTopic(output);
  await deps.kafka.createTopic(errors);
  const server = await startConsumer(consumer, backlog.topic, output, deps);
  try {
    // Markers of transactions stand among the outputs and cannot be told from them by offsets.
    const answered =
      consumer.adapter?.delivery === 'exactly-once'
        ? () => deps.kafka.countCommitted(`${output}-group`, backlog.topic)
        : () => deps.kafka.countRecords(output);
    const figures = await measure(server, backlog, answered, deps);
    const memory = memoryOf(server.pid);
    await server.stop();
    const check = await deps.kafka.checkOutput(output, backlog.records);
    const failed = await deps.kafka.countRecords(errors);
    if (failed > 0) throw new Error(`${failed} records are in the error topic`);
    return { ...figures, ...memory, ...check };
  } finally {
    await server.stop();
    await deps.kafka.deleteTopics([output, errors]);
  }
}

/** Starts the consumer; its group is named after the output topic. */
export function startConsumer(
  { adapter }: Consumer,
  input: string,
  output: string,
  { kafka, predictorUrl, node, nodeFlags }: RunDeps,
): Promise<ServerProcess> {
  const group = `${output}-group`;
  if (adapter === undefined) {
    const args = [predictorUrl, kafka.broker, input, output, group];
    return startServer({ node, nodeFlags, script: './bare-loop.js', args });
  }
  const env = {
    SELDON_DEPLOYMENT_ID: 'iris-deployment',
    PREDICTOR_URL: predictorUrl,
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: '0',
    DRAIN_DELAY_MS: '0',
    KAFKA_BROKER: kafka.broker,
    KAFKA_INPUT_TOPIC: input,
    KAFKA_OUTPUT_TOPIC: output,
    KAFKA_CONSUMER_GROUP: group,
    KAFKA_WORKERS: String(adapter.workers),
    KAFKA_ORDER: adapter.ordering,
    BATCH_MAX_SIZE: String(adapter.batch ?? 1),
    KAFKA_DELIVERY: adapter.delivery ?? 'at-least-once',
  };
  return startServer({ node, nodeFlags, script: '../src/main.js', args: ['adapter'], env });
}

interface Moment {
  readonly at: number;
  readonly cpuMs: number;
  readonly answered: number;
}

/** Waits until every record has an output; rate and CPU from the end of the warm-up on. */
async function measure(
  { pid }: ServerProcess,
  backlog: Backlog,
  countAnswered: () => Promise<number>,
  { sampled }: RunDeps,
): Promise<Pick<RunResult, 'perSecond' | 'cpuMsPerRecord'>> {
  let warm: Moment | undefined;
  let answered = 0;
  let progressAt = performance.now();
  for (;;) {
    const count = await countAnswered();
    const now: Moment = { at: performance.now(), cpuMs: cpuMs(pid), answered: count };
    sampled?.(pid, count);
    if (count > answered) progressAt = now.at;
    answered = count;
    if (count >= backlog.records * warmUpShare) warm ??= now;
    if (warm !== undefined && count >= backlog.records) {
      const records = count - warm.answered;
      return {
        perSecond: (records * 1_000) / (now.at - warm.at),
        cpuMsPerRecord: (now.cpuMs - warm.cpuMs) / records,
      };
    }
    if (now.at - progressAt > stalledMs) throw new Error(`${count} records answered, then none`);
    await sleep(pollMs);
  }
}
