/** Prometheus metrics of the adapter. Those that Seldon's users have dashboards for keep its names. */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Identity } from '../event/names.ts';

export interface AdapterMetrics {
  /** One answered HTTP request. */
  readonly served: (service: string, status: number, seconds: number) => void;
  /** One call of the predictor; `code` is its status, or ours where it gave none. */
  readonly called: (code: string, seconds: number) => void;
  /** Likewise of a graph's node; `path` is what was called there. */
  readonly node: (
    model: string,
    image: string | undefined,
  ) => (code: string, seconds: number, path: string) => void;
  /** A node was told how good its prediction was. */
  readonly rewarded: (model: string, image: string | undefined, reward: number) => void;
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

/** Values by the number of their partition. */
export type ReadPartitions = () => Iterable<readonly [partition: number, value: number]>;

/** Seldon's executor uses these buckets: 5 ms to 10 s. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How Seldon's executor tells the models of a graph apart. */
const modelLabels = ['model_name', 'model_image', 'model_version'] as const;

type ModelLabels = Record<(typeof modelLabels)[number], string>;

/** A port may stand in an image's registry: the version is what follows the last colon of the name. */
function labelsOf(model: string, image = ''): ModelLabels {
  const [, name = image, version = ''] = /^(.*?)(?::([^:/@]+))?$/s.exec(image) ?? [];
  return { model_name: model, model_image: name, model_version: version };
}

/** Makes the metrics of one adapter, in a registry of their own. */
export function createMetrics(identity: Identity): AdapterMetrics {
  const registry = new Registry();
  registry.setDefaultLabels({
    deployment_name: identity.sdep,
    predictor_name: identity.predictor,
  });
  const registers = [registry];
  const requests = (side: string, help: string, more: readonly string[]) => {
    const name = `seldon_api_executor_${side}_requests_seconds`;
    const labelNames = ['service', 'method', 'code', ...more];
    return new Histogram({ name, help, labelNames, buckets, registers });
  };
  const serverRequests = requests('server', 'Time to answer HTTP requests', []);
  const server = remembered((service, code) =>
    serverRequests.labels({ service, method: 'post', code }),
  );
  const clientRequests = requests('client', "Time of the predictor's answers", modelLabels);
  const client = remembered((service, code) =>
    clientRequests.labels({ service, method: 'post', code }),
  );
  const feedback = new Counter({
    name: 'seldon_api_model_feedback_total',
    help: 'Feedback that was taken to a model',
    labelNames: modelLabels,
    registers,
  });
  // Rewards may be negative, so that their sum is no counter.
  const reward = new Gauge({
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
    served: (service, status, seconds) => server(service, String(status)).observe(seconds),
    called: (code, seconds) => client('predictor', code).observe(seconds),
    node: (model, image) => {
      const labels = { ...labelsOf(model, image), method: 'post' };
      const observed = remembered((service, code) =>
        clientRequests.labels({ ...labels, service, code }),
      );
      return (code, seconds, path) => observed(path, code).observe(seconds);
    },
    rewarded: (model, image, amount) => {
      const labels = labelsOf(model, image);
      feedback.inc(labels);
      reward.inc(labels, amount);
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

/** Looking a child up by its labels costs more than counting with it: do it once a pair. */
function remembered<Child>(
  make: (first: string, second: string) => Child,
): (first: string, second: string) => Child {
  const children = new Map<string, Child>();
  return (first, second) => {
    const key = `${first} ${second}`;
    const known = children.get(key);
    if (known !== undefined) return known;
    const child = make(first, second);
    children.set(key, child);
    return child;
  };
}
