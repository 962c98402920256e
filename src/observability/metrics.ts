/**
 * Prometheus metrics of the adapter. Those that Seldon's users have dashboards for keep its
 * executor's names, labels and buckets.
 */

import { Counter, Gauge, Registry } from 'prom-client';
import type { Identity } from '../event/names.ts';
import { createBreakerMetrics, type WatchBreaker } from './breaker-metrics.ts';
import { type Counters, createCounters } from './counters.ts';
import { type Exposition, exposed, setContentType } from './exposition.ts';
import { createRequestMetrics, type RequestMetrics } from './request-metrics.ts';
import { createSinkMetrics, type SinkMetrics } from './sink-metrics.ts';

export interface AdapterMetrics extends RequestMetrics, Counters {
  /** Reads a value when the metrics are read. */
  readonly watch: (name: string, help: string, read: () => number) => void;
  /** Likewise what has been counted so far; the name ends in `_total`. */
  readonly watchCount: (name: string, help: string, read: () => number) => void;
  /** Likewise one value for each partition; those not given any more are forgotten. */
  readonly watchPartitions: (name: string, help: string, read: ReadPartitions) => void;
  /** Watches a circuit breaker; its metrics are registered with the first. */
  readonly breaker: WatchBreaker;
  /** Those of a sink for reply events: registered when asked for, once. */
  readonly sink: () => SinkMetrics;
  /** All of them. @param accept the reader's `Accept` */
  readonly expose: (accept: string | undefined) => Promise<Exposition>;
}

/** Values by the number of their partition. */
export type ReadPartitions = () => Iterable<readonly [partition: number, value: number]>;

/**
 * Makes the metrics of one adapter, in a registry of their own.
 * @param predictorVersion the predictor's annotation `version`
 * @param exemplars whether times of requests name traces: where there are any
 */
export function createMetrics(
  identity: Identity,
  predictorVersion = '',
  exemplars = false,
): AdapterMetrics {
  // The library takes exemplars in a registry of this type alone; it is read in both formats.
  const registry = new Registry();
  if (exemplars) setContentType(registry, Registry.OPENMETRICS_CONTENT_TYPE);
  registry.setDefaultLabels({
    deployment_name: identity.sdep,
    predictor_name: identity.predictor,
  });
  const registers = [registry];
  let watchBreaker: WatchBreaker | undefined;

  return {
    ...createRequestMetrics(registers, predictorVersion, exemplars),
    ...createCounters(registers),
    watch: (name, help, read) => {
      const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) });
    },
    watchCount: (name, help, read) => {
      const counter: Counter = new Counter({
        name,
        help,
        registers,
        collect: () => {
          counter.reset();
          counter.inc(read());
        },
      });
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
    breaker: (model, breaker) => {
      watchBreaker ??= createBreakerMetrics(registers);
      watchBreaker(model, breaker);
    },
    sink: () => createSinkMetrics(registers),
    expose: (accept) => exposed(registry, accept),
  };
}
