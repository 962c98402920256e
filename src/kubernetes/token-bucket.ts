/** A rate that allows bursts. */

import type { Now } from '../delivery/ports.ts';

export interface TokenBucket {
  /** Takes a token. @returns ms to wait before using it */
  readonly take: () => number;
}

/**
 * @param burst tokens at the beginning, and at most
 * @param everyMs one more each
 */
export function createTokenBucket(burst: number, everyMs: number, now: Now): TokenBucket {
  let tokens = burst;
  let filledAt = now();
  return {
    take: () => {
      tokens = Math.min(burst, tokens + (now() - filledAt) / everyMs);
      filledAt = now();
      tokens -= 1;
      return tokens >= 0 ? 0 : -tokens * everyMs;
    },
  };
}
