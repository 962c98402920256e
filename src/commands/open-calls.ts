/** The calls of one model: predictions, and what must not be done twice. */

import type { AdapterConfig } from '../config/adapter.ts';
import { isRepeatable } from '../config/repeatable.ts';
import {
  type CallWithinDeadline,
  createCallWithinDeadline,
} from '../delivery/call-within-deadline.ts';
import { createHedge } from '../delivery/hedge.ts';
import type { CallPredictor } from '../delivery/ports.ts';
import { tracedAttempt, tracedPrediction } from '../delivery/traced.ts';
import type { Tracing } from '../delivery/tracing.ts';
import type { AdapterMetrics } from '../observability/metrics.ts';
import { now, schedule } from './clock.ts';

export interface Calls {
  /** Made again, and twice at once, as far as the settings allow it for this model. */
  readonly predict: CallWithinDeadline;
  /** Made again only where it cannot have arrived: feedback. */
  readonly once: CallWithinDeadline;
}

/** Makes the counter of calls made beside others, which metrics tell where there can be any. */
export function countHedges(config: AdapterConfig, metrics: AdapterMetrics): () => void {
  let hedges = 0;
  if (config.hedgeAfterMs > 0) {
    metrics.watchCount(
      'seldon_eventing_hedged_calls_total',
      'Calls of a model made beside one that had no answer yet',
      () => hedges,
    );
  }
  return () => {
    hedges += 1;
  };
}

export interface OpenCallsDeps {
  readonly hedged: () => void;
  readonly tracing: Tracing | undefined;
  /** The model's base address. */
  readonly url: URL;
}

/**
 * @param name of the model's node
 * @param call calls the model once
 */
export function openCalls(
  config: AdapterConfig,
  name: string,
  call: CallPredictor,
  { hedged, tracing, url }: OpenCallsDeps,
): Calls {
  if (tracing === undefined) return untraced(config, name, call, hedged);
  const attempt = tracedAttempt(url, config.transport, call, tracing);
  const { predict, once } = untraced(config, name, attempt, hedged);
  return {
    predict: tracedPrediction(name, predict, tracing),
    once: tracedPrediction(name, once, tracing),
  };
}

function untraced(
  config: AdapterConfig,
  name: string,
  call: CallPredictor,
  hedged: () => void,
): Calls {
  const limits = { attemptTimeoutMs: config.attemptTimeoutMs, maxRepeats: config.callRetries };
  const deps = { now, schedule, random: Math.random };
  const once = createCallWithinDeadline({ ...limits, isRepeatable: false }, { ...deps, call });
  if (!isRepeatable(config, name)) return { predict: once, once };
  const afterMs = config.hedgeAfterMs;
  const maybeTwice = afterMs > 0 ? createHedge({ afterMs }, { call, schedule, hedged }) : call;
  return {
    predict: createCallWithinDeadline(
      { ...limits, isRepeatable: true },
      { ...deps, call: maybeTwice },
    ),
    once,
  };
}
