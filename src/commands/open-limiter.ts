/** The limiter of HTTP and gRPC; where it adapts to the predictor, Kafka shares it. */

import type { AdapterConfig } from '../config/adapter.ts';
import { createAdaptiveLimit } from '../delivery/adaptive-limit.ts';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import { createLimiter, type Limiter } from '../delivery/limiter.ts';
import type { ProcessRecord } from '../delivery/process-record.ts';
import { createSampledCall } from '../delivery/sampled-call.ts';
import type { AdapterMetrics } from '../observability/metrics.ts';
import { now, schedule } from './clock.ts';

export interface OpenLimiter {
  readonly limiter: Limiter;
  /** The predictor's call, which tells the limiter how long it took; or as it is given. */
  readonly call: CallWithinDeadline;
  /** Gives each record a place before it is begun; undefined where Kafka's workers are bound enough. */
  readonly inTurn: ((process: ProcessRecord) => ProcessRecord) | undefined;
}

/** Of what a request may take, so much is for the call itself; the rest is for waiting. */
const callShare = 0.5;
const adaptiveFraction = 0.5;

/** Makes the limiter, and what has to go through it. */
export function openLimiter(
  config: AdapterConfig,
  call: CallWithinDeadline,
  metrics: AdapterMetrics,
): OpenLimiter {
  const { maxConcurrency: maxConcurrent, maxWaiting, adaptiveConcurrency } = config;
  const isAdaptive = adaptiveConcurrency === 'true';
  const deadlineFraction = config.deadlineFraction ?? (isAdaptive ? adaptiveFraction : 1);
  const limiter = createLimiter({ maxConcurrent, maxWaiting, deadlineFraction }, { now, schedule });
  watchLimiter(limiter, metrics);
  if (!isAdaptive) return { limiter, call, inTurn: undefined };
  const adaptive = createAdaptiveLimit({
    max: maxConcurrent + (config.kafka === undefined ? 0 : config.workers),
    targetMs: callShare * deadlineFraction * config.requestTimeoutMs,
  });
  limiter.resize(adaptive.limit(), adaptive.callMs());
  metrics.watch(
    'seldon_eventing_concurrency_limit',
    'Calls of the predictor that may be under way at once, as learnt',
    adaptive.limit,
  );
  return {
    limiter,
    call: createSampledCall({ call, adaptive, limiter, now }),
    inTurn: (process) => inTurn(process, limiter),
  };
}

function watchLimiter(limiter: Limiter, metrics: AdapterMetrics): void {
  metrics.watch('seldon_eventing_http_running', 'Predictions running for HTTP', limiter.running);
  metrics.watch(
    'seldon_eventing_http_waiting',
    'HTTP requests waiting for a place',
    limiter.waiting,
  );
  metrics.watchCount(
    'seldon_eventing_http_shed_total',
    'HTTP requests turned away since they could not be predicted on in time',
    limiter.refused,
  );
}

/** A record is never turned away: its time begins when it has its place. */
function inTurn(process: ProcessRecord, { guests }: Limiter): ProcessRecord {
  return async (record) => {
    const waiting = guests.enter();
    if (waiting !== undefined) await waiting;
    try {
      return await process(record);
    } finally {
      guests.leave();
    }
  };
}
