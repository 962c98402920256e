/**
 * Notices a consumer that sits idle in silence: records wait for it, nothing holds them back on
 * purpose, and yet nothing happens. Pure: decides, does nothing.
 *
 *   fine ──no progress for `stuckAfterMs`──▶ restart ──again as long──▶ stuck
 *     ▲──────────────── any progress, or nothing left to do ─────────────┘
 *
 * W1 Time counts only while there is evidence: as long as the broker cannot be asked, or something
 *    is waited for that is known and told (the predictor, a retry, a topic that takes no record),
 *    nobody is accused.
 * W2 A restart is tried once; only progress earns another one.
 */

import type { Now } from './ports.ts';

export interface Signs {
  /** Records from the committed offsets to the ends of our partitions. */
  readonly lag: number;
  /** Differs from before once anything happened to any record. */
  readonly progress: number;
  /** Something is waited for on purpose. */
  readonly excused: boolean;
}

export type Diagnosis = 'fine' | 'restart' | 'stuck';

export interface Watchdog {
  /** Takes a look; undefined where the broker could not be asked. */
  readonly look: (signs: Signs | undefined) => Diagnosis;
}

/** @param stuckAfterMs how long may pass without progress, in ms; 0: for ever */
export function createWatchdog(stuckAfterMs: number, deps: { readonly now: Now }): Watchdog {
  let since = deps.now();
  let progress = Number.NaN;
  let restarted = false;

  return {
    look: (signs) => {
      const now = deps.now();
      const moved = signs !== undefined && signs.progress !== progress;
      if (signs === undefined || signs.excused || moved || signs.lag === 0) since = now;
      if (moved || signs?.lag === 0) restarted = false;
      if (signs !== undefined) progress = signs.progress;
      if (stuckAfterMs === 0 || now - since < stuckAfterMs) return 'fine';
      if (restarted) return 'stuck';
      restarted = true;
      since = now;
      return 'restart';
    },
  };
}
