/**
 * Which kinds of calls are not merged for a while, because a merged call brought nothing: the
 * predictor takes each by itself, but not all together.
 *
 * P1 A pause doubles with each failure in a row and ends with the first success.
 * P2 The number of pauses remembered is bounded: the oldest is forgotten.
 */

import type { Now } from './ports.ts';

export interface PauseOptions {
  readonly baseMs: number;
  readonly maxMs: number;
  readonly maxEntries: number;
}

export interface Pauses {
  readonly isPaused: (key: string) => boolean;
  /** @returns how long it is paused, in ms */
  readonly pause: (key: string) => number;
  readonly worked: (key: string) => void;
}

interface Pause {
  readonly until: number;
  readonly lengthMs: number;
}

export function createPauses(options: PauseOptions, now: Now): Pauses {
  const pauses = new Map<string, Pause>();
  return {
    isPaused: (key) => {
      if (pauses.size === 0) return false;
      const pause = pauses.get(key);
      return pause !== undefined && now() < pause.until;
    },
    pause: (key) => {
      const before = pauses.get(key);
      const at = now();
      // Calls that were under way together fail together: that is one failure.
      if (before !== undefined && at < before.until) return 0;
      const lengthMs =
        before === undefined ? options.baseMs : Math.min(options.maxMs, 2 * before.lengthMs);
      pauses.delete(key);
      pauses.set(key, { until: at + lengthMs, lengthMs });
      if (pauses.size > options.maxEntries) {
        const [oldest] = pauses.keys();
        if (oldest !== undefined) pauses.delete(oldest);
      }
      return lengthMs;
    },
    worked: (key) => {
      if (pauses.size > 0) pauses.delete(key);
    },
  };
}
