/**
 * One prediction within one request: the first attempt, and repeats of it where repeating is safe.
 *
 * A call is repeated only when it never reached the predictor or was turned away (429, 503), while
 * the deadline allows: a model must not run twice because we were impatient (design.md §3.5). Where
 * it may run twice, a call that failed midway is repeated too.
 */

import { AdapterError } from '../errors.ts';
import { faultOfStatus } from '../inference/classify-answer.ts';
import { backoffMs } from './backoff.ts';
import type { CallPredictor, Now, PredictionAnswer, Random, Schedule } from './ports.ts';

/** A request's own repeats stay short: whoever sent it retries with more patience. */
const repeatBackoff = { baseMs: 50, maxMs: 1_000 };

export interface DeadlineCallOptions {
  /** How long one attempt may take, in ms. */
  readonly attemptTimeoutMs: number;
  /** How often a call may be repeated. */
  readonly maxRepeats: number;
  /** The model may run more than once for a request. */
  readonly isRepeatable: boolean;
}

export interface DeadlineCallDeps {
  readonly call: CallPredictor;
  readonly now: Now;
  readonly schedule: Schedule;
  readonly random: Random;
}

export interface DeadlineCall {
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  /** On the clock of {@link Now}. */
  readonly deadline: number;
}

/** Calls the predictor until there is an answer worth giving or the deadline has come. */
export type CallWithinDeadline = (call: DeadlineCall) => Promise<PredictionAnswer>;

/**
 * @returns a caller that resolves with the predictor's answer, whatever its status, and rejects
 *   with an AdapterError where there is none
 */
export function createCallWithinDeadline(
  options: DeadlineCallOptions,
  deps: DeadlineCallDeps,
): CallWithinDeadline {
  const attempt = (call: DeadlineCall): Promise<PredictionAnswer> => {
    const timeoutMs = Math.min(options.attemptTimeoutMs, call.deadline - deps.now());
    if (timeoutMs <= 0) return Promise.reject(deadlinePassed());
    return deps.call({ path: call.path, headers: call.headers, body: call.body, timeoutMs });
  };

  /** The delay before repeating; undefined where this result stands. */
  const repeatDelayMs = (
    call: DeadlineCall,
    attempts: number,
    retryAfterMs: number | undefined,
  ): number | undefined => {
    if (attempts > options.maxRepeats) return undefined;
    const delayMs = Math.max(retryAfterMs ?? 0, backoffMs(attempts, repeatBackoff, deps.random));
    return deps.now() + delayMs < call.deadline ? delayMs : undefined;
  };

  const run = async (call: DeadlineCall, attempts: number): Promise<PredictionAnswer> => {
    let result: PredictionAnswer | AdapterError;
    let repeatable: boolean;
    try {
      result = await attempt(call);
      repeatable = wasTurnedAway(result) || (options.isRepeatable && failedForNow(result));
    } catch (error) {
      result = AdapterError.from(error);
      repeatable = !result.reached || (options.isRepeatable && isPassing(result));
    }
    const delayMs = repeatable ? repeatDelayMs(call, attempts, result.retryAfterMs) : undefined;
    if (delayMs === undefined) {
      if (result instanceof AdapterError) throw result;
      return result;
    }
    await new Promise<void>((resolve) => deps.schedule(delayMs, resolve));
    return run(call, attempts + 1);
  };

  return (call) => run(call, 1);
}

const wasTurnedAway = ({ status }: PredictionAnswer): boolean => status === 429 || status === 503;

const failedForNow = ({ status }: PredictionAnswer): boolean =>
  faultOfStatus(status) === 'transient';

/** Not our own bugs, which would only show again. */
const isPassing = ({ fault, code }: AdapterError): boolean =>
  fault === 'transient' && code !== 'INTERNAL';

const deadlinePassed = (): AdapterError =>
  new AdapterError(
    'DEADLINE_EXCEEDED',
    'the deadline passed before the predictor could be called; raise REQUEST_TIMEOUT_MS or add capacity',
    { reached: false },
  );
