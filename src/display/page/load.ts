/**
 * Rate, in flight, lag and replicas, out of the adapters' metrics (docs/metrics.md). Pure.
 *
 * L1 The rate is what was answered between two readings of the same target; a counter that fell has
 *    begun anew, and counts from 0, as in Prometheus. A target's first reading gives no rate.
 * L2 Replicas are what kube-state-metrics says, where its series are among what was read; else how
 *    many targets answered with metrics of ours.
 * L3 What no target told is undefined, not 0.
 */

import { parseSamples, type Sample } from './prometheus.ts';

export interface Load {
  /** Requests and records answered per second. */
  readonly ratePerSecond: number | undefined;
  readonly inFlight: number | undefined;
  readonly lag: number | undefined;
  readonly replicas: number | undefined;
  readonly targets: number;
  readonly targetsAnswering: number;
}

/** One target's metrics, as they were read. */
export interface Reading {
  readonly target: string;
  readonly atMs: number;
  readonly answered: number | undefined;
  readonly inFlight: number | undefined;
  readonly lag: number | undefined;
  readonly kubernetesReplicas: number | undefined;
  readonly isAdapter: boolean;
}

const served = 'seldon_api_executor_server_requests_seconds_count';
const records = 'seldon_eventing_kafka_records_total';
const httpRunning = 'seldon_eventing_http_running';
const kafkaInFlight = 'seldon_eventing_kafka_in_flight';
const kafkaLag = 'seldon_eventing_kafka_lag';
const kubernetesReplicas = 'kube_deployment_status_replicas';
const names = new Set([served, records, httpRunning, kafkaInFlight, kafkaLag, kubernetesReplicas]);

/** Reads one target's metrics. */
export function readMetrics(target: string, text: string, atMs: number): Reading {
  const samples = parseSamples(text, names);
  const sum = (wanted: (sample: Sample) => boolean) => {
    const found = samples.filter(wanted);
    return found.length === 0 ? undefined : found.reduce((all, { value }) => all + value, 0);
  };
  return {
    target,
    atMs,
    answered: sum(isAnswer),
    inFlight: sum(({ name }) => name === httpRunning || name === kafkaInFlight),
    lag: sum(({ name }) => name === kafkaLag),
    kubernetesReplicas: sum(({ name }) => name === kubernetesReplicas),
    isAdapter: samples.some(({ name }) => name !== kubernetesReplicas),
  };
}

/** Questions about the model (`get`) are no work; a record's failed attempts are no answers. */
function isAnswer({ name, labels }: Sample): boolean {
  if (name === served) return labels.get('method') !== 'get';
  return name === records && labels.get('result') !== 'attempt-failed';
}

/**
 * @param targets how many were asked
 * @param before the readings of the time before, of which the same targets are compared
 */
export function loadOf(targets: number, now: readonly Reading[], before: readonly Reading[]): Load {
  const sum = (values: readonly (number | undefined)[]) => {
    const told = values.filter((value) => value !== undefined);
    return told.length === 0 ? undefined : told.reduce((all, value) => all + value, 0);
  };
  const adapters = now.filter(({ isAdapter }) => isAdapter);
  return {
    ratePerSecond: sum(adapters.map((reading) => rate(reading, before))),
    inFlight: sum(now.map(({ inFlight }) => inFlight)),
    lag: sum(now.map(({ lag }) => lag)),
    replicas: sum(now.map((reading) => reading.kubernetesReplicas)) ?? adapters.length,
    targets,
    targetsAnswering: now.length,
  };
}

function rate(now: Reading, readings: readonly Reading[]): number | undefined {
  const before = readings.find(({ target }) => target === now.target);
  if (before === undefined || now.atMs <= before.atMs || now.answered === undefined) {
    return undefined;
  }
  const last = before.answered ?? 0;
  const answered = now.answered >= last ? now.answered - last : now.answered;
  return answered / ((now.atMs - before.atMs) / 1_000);
}
