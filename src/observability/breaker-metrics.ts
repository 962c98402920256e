/** Metrics of circuit breakers; there only where CIRCUIT_BREAKER is on. */

import { Counter, Gauge, type Registry } from 'prom-client';

/** What is read of one when metrics are. */
export interface WatchedBreaker {
  readonly isOpen: () => boolean;
  readonly opened: () => number;
  readonly refused: () => number;
}

/** One more is watched, by the name of its model; empty where that is not known. */
export type WatchBreaker = (model: string, breaker: WatchedBreaker) => void;

const labelNames = ['model_name'] as const;

/** Registers them. */
export function createBreakerMetrics(registers: Registry[]): WatchBreaker {
  const watched = new Map<string, WatchedBreaker>();

  const gauge: Gauge<'model_name'> = new Gauge({
    name: 'seldon_eventing_circuit_open',
    help: 'Whether a model is not called for now, since it serves nobody',
    labelNames,
    registers,
    collect: () => {
      for (const [model_name, { isOpen }] of watched) gauge.set({ model_name }, isOpen() ? 1 : 0);
    },
  });

  const counter = (name: string, help: string, read: (breaker: WatchedBreaker) => number): void => {
    const total: Counter<'model_name'> = new Counter({
      name,
      help,
      labelNames,
      registers,
      collect: () => {
        total.reset();
        for (const [model_name, breaker] of watched) total.inc({ model_name }, read(breaker));
      },
    });
  };
  counter(
    'seldon_eventing_circuit_opened_total',
    'How often the circuit breaker of a model opened',
    ({ opened }) => opened(),
  );
  counter(
    'seldon_eventing_circuit_refused_total',
    'Calls of a model that were refused at once, since its circuit breaker was open',
    ({ refused }) => refused(),
  );

  return (model, breaker) => watched.set(model, breaker);
}
