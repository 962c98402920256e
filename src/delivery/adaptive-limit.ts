/**
 * How many calls of the predictor may be under way at once, learnt from how long calls take: a
 * gradient limiter. Pure; the shape is that of Netflix's concurrency-limits (Gradient2) and of
 * Envoy's adaptive concurrency, https://netflixtechblog.medium.com/performance-under-load-3e6fa9a60581,
 * but it steers towards a time that is set, not towards the fastest that was ever seen.
 *
 *   calls of one window ─▶ mean time > target, or some turned away ─▶ fewer
 *                       └▶ in time, and the limit was used        ─▶ more
 *                       └▶ in time, and it was not used           ─▶ back to the start, slowly
 *
 * A1 By Little's law calls under way = calls per second × time of a call: where more of them only
 *    wait within the predictor, limit × target / time is how many would take the target's time.
 *    By the same law those under way now tell how long the next call will take, before any that
 *    took so long has ended: a predictor that has become slow is not given a full limit first.
 * A2 Only calls that began since the last step count for the next one: those from before tell of
 *    the old limit, and one fault must not be paid for twice.
 * A3 What is not used is not kept: else a limit that grew in a quiet hour lets the first burst on a
 *    predictor that has become slow through, all at once.
 * A4 Never below 1, and never stuck there: a predictor whose calls take longer than the target even
 *    alone is asked for as many as that does not make slower still.
 */

export interface AdaptiveLimitOptions {
  /** Never more than so many. */
  readonly max: number;
  /** How long a call should take on average, in ms. */
  readonly targetMs: number;
}

export interface Sample {
  /** When the call began and ended, in ms on one clock. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Calls under way when it ended, itself included. */
  readonly inFlight: number;
  /** The predictor turned it away, or gave no answer in time: how long it took says nothing. */
  readonly dropped: boolean;
}

export interface AdaptiveLimit {
  /** @returns whether the limit may have changed */
  readonly sample: (sample: Sample) => boolean;
  /** A whole number, from 1. */
  readonly limit: () => number;
  /** How long calls have taken on average of late, in ms; 0 before the first window. */
  readonly callMs: () => number;
}

const startLimit = 16;
const minSamples = 8;
/** Steps closer together would follow noise. */
const minWindowMs = 20;
/** At most so much less in one step. */
const steepest = 0.5;
const afterDrops = 0.7;
const unusedDecay = 0.9;
/** Queueing in a predictor that is slow alone: so much longer than alone is as long as it may take. */
const overAlone = 1.5;

/** Makes a limit that nothing is known for yet. */
export function createAdaptiveLimit(options: AdaptiveLimitOptions): AdaptiveLimit {
  const { max, targetMs } = options;
  const start = Math.min(startLimit, max);
  let limit = start;
  let callMs = 0;
  /** How long calls take alone; known once the limit has been 1. */
  let aloneMs = 0;
  let windowFrom = Number.NEGATIVE_INFINITY;
  let [count, sumMs, peak, drops] = [0, 0, 0, 0];
  /** Between ends of calls while others were under way: 1 / the predictor's throughput. */
  let [intervals, intervalsMs] = [0, 0];
  /** When the last call ended, where it left others under way. */
  let busyAt: number | undefined;

  const answers = (): number => count - drops;

  const next = (meanMs: number): number => {
    const used = Math.min(limit, peak);
    if (drops > 0) return used * (drops > answers() ? steepest : afterDrops);
    const target = Math.max(targetMs, overAlone * aloneMs);
    if (meanMs > target) return used * Math.max(steepest, target / meanMs);
    const isUsed = peak >= limit / 2;
    if (isUsed) return limit + (meanMs <= target / 2 ? limit : Math.sqrt(limit));
    if (limit > start) return Math.max(start, limit * unusedDecay);
    return Math.min(start, limit + Math.sqrt(limit));
  };

  const step = (at: number, others: number): void => {
    const meanMs = answers() > 0 ? sumMs / answers() : callMs;
    if (answers() > 0 && (limit < 2 || meanMs < aloneMs)) aloneMs = meanMs;
    const comingMs = intervals > 0 ? (others * intervalsMs) / intervals : 0;
    callMs = Math.max(meanMs, comingMs);
    limit = Math.max(1, Math.min(max, next(callMs)));
    windowFrom = at;
    [count, sumMs, peak, drops, intervals, intervalsMs] = [0, 0, 0, 0, 0, 0];
  };

  return {
    sample: ({ startedAt, endedAt, inFlight, dropped }) => {
      if (windowFrom === Number.NEGATIVE_INFINITY) windowFrom = startedAt;
      if (busyAt !== undefined) {
        intervals += 1;
        intervalsMs += endedAt - busyAt;
      }
      busyAt = inFlight > 1 ? endedAt : undefined;
      if (startedAt < windowFrom) return false;
      count += 1;
      if (inFlight > peak) peak = inFlight;
      if (dropped) drops += 1;
      else sumMs += endedAt - startedAt;
      if (drops < 2 && count < Math.min(minSamples, Math.floor(limit) * 2)) return false;
      if (endedAt - windowFrom < minWindowMs) return false;
      step(endedAt, inFlight - 1);
      return true;
    },
    limit: () => Math.floor(limit),
    callMs: () => callMs,
  };
}
