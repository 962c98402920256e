/**
 * Tells the adaptive limit how long each call of the predictor took, and the limiter how many that
 * allows.
 *
 * What tells nothing of the predictor's load is no sample: refusals, failures and calls that never
 * arrived are over sooner than a prediction, and would look like speed. So a breaker that is open
 * leaves the limit as it is.
 */

import { AdapterError } from '../errors.ts';
import type { AdaptiveLimit } from './adaptive-limit.ts';
import type { CallWithinDeadline } from './call-within-deadline.ts';
import type { Limiter } from './limiter.ts';
import type { Now, PredictionAnswer } from './ports.ts';

export interface SampledCallDeps {
  readonly call: CallWithinDeadline;
  readonly adaptive: AdaptiveLimit;
  readonly limiter: Limiter;
  readonly now: Now;
}

/** @returns the same call, which adapts the limiter */
export function createSampledCall(deps: SampledCallDeps): CallWithinDeadline {
  const { call, adaptive, limiter, now } = deps;

  const tell = (startedAt: number, dropped: boolean): void => {
    const inFlight = limiter.running() + limiter.guests.running();
    const changed = adaptive.sample({ startedAt, endedAt: now(), inFlight, dropped });
    if (changed) limiter.resize(adaptive.limit(), adaptive.callMs());
  };

  return async (request) => {
    const startedAt = now();
    let answer: PredictionAnswer;
    try {
      answer = await call(request);
    } catch (thrown) {
      const error = AdapterError.from(thrown);
      if (error.code === 'DEADLINE_EXCEEDED' && error.reached) tell(startedAt, true);
      throw thrown;
    }
    const { status } = answer;
    if (status >= 200 && status < 300) tell(startedAt, false);
    else if (status === 429 || status === 503) tell(startedAt, true);
    return answer;
  };
}
