/**
 * How fast places come free while all are taken, and so how long a queue for them takes. Pure.
 */

export interface DrainRate {
  /** All places are taken, from now on or already. */
  readonly busyFrom: (now: number) => void;
  /** One of them came free. */
  readonly freed: (now: number) => void;
  /** A place stays free: nothing is to be learnt until all are taken again. */
  readonly idle: () => void;
  /** How long, on average, until the next place comes free while all are taken; in ms. */
  readonly intervalMs: () => number;
  /** Whether that was measured of late, and on more than a few. */
  readonly isKnown: () => boolean;
}

/** The share that the newest interval has in the average, once there are as many. */
const smoothing = 0.1;
const enough = 8;
/** What was measured before a longer pause tells nothing of now. */
const maxPauseMs = 1_000;

/** Makes a meter that has measured nothing. */
export function createDrainRate(): DrainRate {
  let busySince: number | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;
  let measured = 0;
  let intervalMs = 0;
  return {
    busyFrom: (now) => {
      if (busySince !== undefined) return;
      busySince = now;
      if (now - lastAt > maxPauseMs) measured = 0;
    },
    freed: (now) => {
      // Only while everything was busy does the interval say how fast a queue would drain.
      if (busySince === undefined) return;
      measured += 1;
      intervalMs += Math.max(smoothing, 1 / measured) * (now - busySince - intervalMs);
      busySince = now;
      lastAt = now;
    },
    idle: () => {
      busySince = undefined;
    },
    intervalMs: () => intervalMs,
    isKnown: () => measured >= enough,
  };
}
