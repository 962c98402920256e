/** Prometheus metrics of the controller. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type Exposition, exposed } from './exposition.ts';

export interface ControllerMetrics {
  /** One reconcile: `ok`, `failed`, or what kept it from its end. */
  readonly reconciled: (result: string, seconds: number) => void;
  /** Something went wrong, by its reason (`NotFound`, `Unreachable`, …). */
  readonly failed: (reason: string) => void;
  /** How long a key waited before its reconcile. */
  readonly waited: (seconds: number) => void;
  /** What happened to the watch of one kind: `watch_opened`, `watch_failed`, `listed`, … */
  readonly watched: (kind: string, event: string) => void;
  /** `acquired`, `lost`, `released`, `renewal_failed`. */
  readonly leadership: (event: string) => void;
  /** One write to the API server. */
  readonly wrote: (kind: string, verb: string) => void;
  /** Reads a value when the metrics are read. */
  readonly watch: (name: string, help: string, read: () => number) => void;
  /** Likewise what has been counted so far; the name ends in `_total`. */
  readonly watchCount: (name: string, help: string, read: () => number) => void;
  /** All of them. @param accept the reader's `Accept` */
  readonly expose: (accept: string | undefined) => Promise<Exposition>;
}

/** A reconcile is a few requests of milliseconds each; one that waits for time-outs takes minutes. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** Makes the metrics of one controller, in a registry of their own, with those of its process. */
export function createControllerMetrics(): ControllerMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const prefix = 'seldon_eventing_controller';
  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    new Counter({ name: `${prefix}_${name}_total`, help, labelNames, registers });
  const histogram = (name: string, help: string): Histogram =>
    new Histogram({ name: `${prefix}_${name}_seconds`, help, buckets, registers });

  const reconciles = counter('reconciles', 'Reconciles by how they ended', ['result']);
  const durations = histogram('reconcile', 'Time that reconciles took');
  const waits = histogram('queue_wait', 'Time that keys waited for their reconcile');
  const errors = counter('errors', 'Failed requests and reconciles by reason', ['reason']);
  const watches = counter('watch_events', 'Lists, watches and their failures', ['kind', 'event']);
  const elections = counter('leadership_events', 'Leadership won and lost', ['event']);
  const writes = counter('writes', 'Writes to the API server', ['kind', 'verb']);

  return {
    reconciled: (result, seconds) => {
      reconciles.inc({ result });
      durations.observe(seconds);
    },
    failed: (reason) => errors.inc({ reason }),
    waited: (seconds) => waits.observe(seconds),
    watched: (kind, event) => watches.inc({ kind, event }),
    leadership: (event) => elections.inc({ event }),
    wrote: (kind, verb) => writes.inc({ kind, verb }),
    watch: (name, help, read) => {
      const gauge: Gauge = new Gauge({
        name: `${prefix}_${name}`,
        help,
        registers,
        collect: () => gauge.set(read()),
      });
    },
    watchCount: (name, help, read) => {
      const count: Counter = new Counter({
        name: `${prefix}_${name}`,
        help,
        registers,
        collect: () => {
          count.reset();
          count.inc(read());
        },
      });
    },
    expose: (accept) => exposed(registry, accept),
  };
}
