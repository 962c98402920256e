/**
 * Wires the circuit breakers: one for a single model, on the way of HTTP and gRPC alone, or one for
 * each node of a graph.
 *
 * Kafka's records go past that of a single model: their own judge (delivery/availability.ts) finds
 * out by its own probes, and must know of every attempt whether it arrived (docs/decisions/0031).
 */

import type { AdapterConfig } from '../config/adapter.ts';
import { type Breaker, type BreakerOptions, createBreaker } from '../delivery/breaker.ts';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import type { Log } from '../delivery/ports.ts';
import type { AdapterMetrics } from '../observability/metrics.ts';
import { now } from './clock.ts';

export interface OpenBreakerDeps {
  readonly metrics: AdapterMetrics;
  readonly log: Log;
}

/**
 * @param name of the model, for metrics
 * @returns undefined where it is turned off
 */
export function openBreaker(
  config: AdapterConfig,
  name: string,
  at: Pick<BreakerOptions, 'what' | 'where'>,
  call: CallWithinDeadline,
  { metrics, log }: OpenBreakerDeps,
): Breaker | undefined {
  if (config.circuitBreaker === 'false') return undefined;
  const { attemptTimeoutMs } = config;
  const breaker = createBreaker(
    { ...at, attemptTimeoutMs },
    { call, now, random: Math.random, log },
  );
  metrics.breaker(name, breaker);
  return breaker;
}

/** That of a single model. @returns undefined where it is turned off, or there is a graph */
export function openModelBreaker(
  config: AdapterConfig,
  call: CallWithinDeadline,
  deps: OpenBreakerDeps,
): Breaker | undefined {
  const { predictorUrl, model } = config;
  if (predictorUrl === undefined) return undefined;
  const name = config.graph?.root.name ?? model ?? '';
  const where = predictorUrl.href.replace(/\/$/, '');
  return openBreaker(config, name, { what: 'predictor', where }, call, deps);
}
