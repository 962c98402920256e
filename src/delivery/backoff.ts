/** Exponential backoff with full jitter, so that many callers do not come back together. */

import type { Random } from './ports.ts';

export interface BackoffOptions {
  /** The longest first delay, in ms. */
  readonly baseMs: number;
  /** No delay is longer, in ms. */
  readonly maxMs: number;
}

/**
 * @param attempt 1 for the delay after the first failure
 * @returns ms between half and all of base·2^(attempt−1), at most `maxMs`
 */
export function backoffMs(attempt: number, options: BackoffOptions, random: Random): number {
  const ceiling = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt - 1, 30));
  return ceiling / 2 + (ceiling / 2) * random();
}
