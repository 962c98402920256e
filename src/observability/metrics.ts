/**
 * Prometheus metrics of the adapter. Those that Seldon's users have dashboards for keep its
 * executor's names, labels and buckets.
 */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Identity } from '../event/names.ts';

export interface AdapterMetrics {
  /** One answered HTTP request; its method is `post` where it is left out. */
  readonly served: (service: string, status: number, seconds: number, method?: Method) => void;
  /** One answered gRPC call, by its method and the name of its status. */
  readonly servedGrpc: (path: string, status: string, seconds: number) => void;
  /** Makes the meter of the calls of one model. */
  readonly modelCalls: (model: MeasuredModel) => MeterCall;
  /** A model was told how good its prediction was. */
  readonly rewarded: (model: ModelName, reward: number) => void;
  /** One copy of a payload was sent to a logger's sink, or not. */
  readonly copied: (end: string) => void;
  /** One event that needed no prediction. */
  readonly skipped: (reason: string) => void;
  /** What became of Kafka records, and their failed attempts. */
  readonly record: (result: string, detail: string) => void;
  readonly missed: (records: number) => void;
  /** Reads a value when the metrics are read. */
  readonly watch: (name: string, help: string, read: () => number) => void;
  /** Likewise one value for each partition; those not given any more are forgotten. */
  readonly watchPartitions: (name: string, help: string, read: ReadPartitions) => void;
  readonly text: () => Promise<string>;
  readonly contentType: string;
}

export type Method = 'get' | 'post';

/** One call of the model; `code` is its status, or ours where it gave none. */
export type MeterCall = (path: string, method: Method, code: string, seconds: number) => void;

/** What tells a predictor's models apart. */
export interface ModelName {
  /** Of its node in the graph; empty where it is not known. */
  readonly name: string;
  readonly image: string;
  readonly version: string;
}

/** What the labels of a model's calls say. */
export interface MeasuredModel extends ModelName {
  /** The paths told apart in `service`; calls of others, which callers name, share one. */
  readonly paths: ReadonlySet<string>;
}

/** Values by the number of their partition. */
export type ReadPartitions = () => Iterable<readonly [partition: number, value: number]>;

/** Those of Seldon's executor, in seconds. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const predictorLabels = ['predictor_version', 'service', 'method', 'code'] as const;
const modelLabels = ['model_name', 'model_image', 'model_version'] as const;
/** Paths that a caller's model name is part of. */
const otherPath = 'other';

const labelsOf = ({ name, image, version }: ModelName) => ({
  model_name: name,
  model_image: image,
  model_version: version,
});

/**
 * Makes the metrics of one adapter, in a registry of their own.
 * @param predictorVersion the predictor's annotation `version`
 */
export function createMetrics(identity: Identity, predictorVersion = ''): AdapterMetrics {
  const registry = new Registry();
  registry.setDefaultLabels({
    deployment_name: identity.sdep,
    predictor_name: identity.predictor,
  });
  const registers = [registry];
  const name = (side: string): string => `seldon_api_executor_${side}_requests_seconds`;
  const server = new Histogram({
    name: name('server'),
    help: 'A histogram of latencies for executor server',
    labelNames: predictorLabels,
    buckets,
    registers,
  });
  const client = new Histogram({
    name: name('client'),
    help: 'A histogram of latencies for client calls from executor',
    labelNames: [...predictorLabels, ...modelLabels],
    buckets,
    registers,
  });
  const predictor_version = predictorVersion;
  const served = remembered((service, code, method) =>
    server.labels({ predictor_version, service, method, code }),
  );
  const modelCalls = (measured: MeasuredModel): MeterCall => {
    const { paths } = measured;
    const model = labelsOf(measured);
    const child = remembered((service, code, method) =>
      client.labels({ predictor_version, service, method, code, ...model }),
    );
    return (path, method, code, seconds) =>
      child(paths.has(path) ? path : otherPath, code, method).observe(seconds);
  };
  const feedback = new Counter({
    name: 'seldon_api_model_feedback_total',
    help: 'Feedback that was taken to a model',
    labelNames: modelLabels,
    registers,
  });
  // Rewards may be negative, so that their sum is no counter.
  const rewards = new Gauge({
    name: 'seldon_api_model_feedback_reward_total',
    help: 'Sum of the rewards in it',
    labelNames: modelLabels,
    registers,
  });
  const copies = new Counter({
    name: 'seldon_eventing_payload_copies_total',
    help: 'Copies of payloads for loggers, by whether they were sent, failed or were dropped',
    labelNames: ['result'],
    registers,
  });
  const skipped = new Counter({
    name: 'seldon_eventing_events_skipped_total',
    help: 'Events that needed no prediction',
    labelNames: ['reason'],
    registers,
  });
  const records = new Counter({
    name: 'seldon_eventing_kafka_records_total',
    help: 'Kafka records by what became of them, and failed attempts at them',
    labelNames: ['result', 'detail'],
    registers,
  });
  const record = remembered((result, detail) => records.labels({ result, detail }));
  const missed = new Counter({
    name: 'seldon_eventing_kafka_records_missed_total',
    help: 'Kafka records removed from the topic before they were answered',
    registers,
  });

  return {
    served: (service, status, seconds, method = 'post') =>
      served(service, String(status), method).observe(seconds),
    servedGrpc: (path, status, seconds) => served(path, status, 'unary').observe(seconds),
    modelCalls,
    rewarded: (model, reward) => {
      const labels = labelsOf(model);
      feedback.inc(labels);
      rewards.inc(labels, reward);
    },
    copied: (result) => copies.inc({ result }),
    skipped: (reason) => skipped.inc({ reason }),
    record: (result, detail) => record(result, detail).inc(),
    missed: (count) => missed.inc(count),
    watch: (name, help, read) => {
      const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) });
    },
    watchPartitions: (name, help, read) => {
      const gauge: Gauge<'partition'> = new Gauge({
        name,
        help,
        labelNames: ['partition'],
        registers,
        collect: () => {
          gauge.reset();
          for (const [partition, value] of read()) gauge.set({ partition }, value);
        },
      });
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** Looking a child up by its labels costs more than counting with it: do it once for each. */
function remembered<Child>(
  make: (first: string, second: string, third: string) => Child,
): (first: string, second: string, third?: string) => Child {
  const children = new Map<string, Child>();
  return (first, second, third = '') => {
    const key = `${first} ${second} ${third}`;
    const known = children.get(key);
    if (known !== undefined) return known;
    const child = make(first, second, third);
    children.set(key, child);
    return child;
  };
}
