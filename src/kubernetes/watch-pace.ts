/** How long to wait before the API server is asked again, so that no fault becomes a hot loop. */

import { backoffMs } from '../delivery/backoff.ts';
import type { Random } from '../delivery/ports.ts';
import { isOutage, KubernetesApiError } from './api-error.ts';

export interface WatchPace {
  /**
   * @param error why it ended; undefined where the server ended it in order
   * @param livedMs how long the watch had been open; 0 where there was none
   * @returns ms to wait
   */
  readonly after: (error: unknown, livedMs: number) => number;
}

/** A watch that lived so long shows that all is well again. Those cut every few seconds are met at once. */
const healthyMs = 1_000;

/**
 * While nothing answers (or only 5xx), asking costs next to nothing, and what changed meanwhile is to
 * be acted on within 5 s of the server's return: a try at least every 2.5 s, and the list after it.
 */
const outage = { baseMs: 200, maxMs: 2_500 };

/** A server that answers and refuses (rights, a missing CRD, overload) is left in peace. */
const refusal = { baseMs: 200, maxMs: 30_000 };

export function createWatchPace(random: Random): WatchPace {
  // Counted apart: after a long outage the first refusals, while a server starts, are no reason to wait long.
  let outages = 0;
  let refusals = 0;
  return {
    after: (error, livedMs) => {
      if (livedMs >= healthyMs) {
        outages = 0;
        refusals = 0;
      }
      const asked = error instanceof KubernetesApiError ? (error.retryAfterMs ?? 0) : 0;
      if (error === undefined || isOutage(error)) {
        outages += 1;
        return Math.max(backoffMs(outages, outage, random), Math.min(asked, outage.maxMs));
      }
      refusals += 1;
      return Math.max(backoffMs(refusals, refusal, random), Math.min(asked, refusal.maxMs));
    },
  };
}
