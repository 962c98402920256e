/**
 * Bounds how many predictions run at once and how many wait for a place (design.md §3.1).
 *
 * L1 At most `maxConcurrent` run, at most `maxWaiting` wait, first come first served.
 * L2 Nobody waits past its deadline.
 * L3 A refusal says when to come back: the time that the queue, as measured, takes to drain.
 */

import { AdapterError } from '../errors.ts';
import type { Now, Schedule } from './ports.ts';

export interface LimiterOptions {
  readonly maxConcurrent: number;
  readonly maxWaiting: number;
}

export interface LimiterDeps {
  readonly now: Now;
  readonly schedule: Schedule;
}

export interface Limiter {
  /**
   * Takes a place; every place taken is given back with {@link Limiter.release}: see {@link inPlace}.
   * @returns undefined where there was one, else a promise of one
   * @throws AdapterError OVERLOADED, at once or when the deadline comes
   */
  readonly acquire: (deadline: number) => Promise<void> | undefined;
  readonly release: () => void;
  /** How many places there are. */
  readonly places: number;
  readonly running: () => number;
  readonly waiting: () => number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly callOff: () => void;
}

/** The share that the newest interval has in the measured drain rate. */
const smoothing = 0.1;
const minRetryAfterMs = 1_000;
const maxRetryAfterMs = 60_000;

/**
 * Runs `work` in a place of the limiter, which it gives back however that ends. The input comes
 * beside the function, so that a request need not make one.
 * @param deadline until when a place is waited for
 * @throws AdapterError OVERLOADED where there is no place, and what `work` throws
 */
export async function inPlace<I, T>(
  limiter: Limiter,
  deadline: number,
  work: (input: I) => Promise<T>,
  input: I,
): Promise<T> {
  await limiter.acquire(deadline);
  try {
    return await work(input);
  } finally {
    limiter.release();
  }
}

/** Makes a limiter with nobody in it. */
export function createLimiter(options: LimiterOptions, deps: LimiterDeps): Limiter {
  const queue = new Set<Waiter>();
  let running = 0;
  /** Since when all places have been taken without one changing hands; undefined while one is free. */
  let busySince: number | undefined;
  /** How long, on average, until the next place comes free while all are taken; in ms. */
  let releaseIntervalMs = 0;

  const overloaded = (why: string): AdapterError => {
    const drainMs = releaseIntervalMs * (queue.size + 1);
    const retryAfterMs = Math.min(maxRetryAfterMs, Math.max(minRetryAfterMs, drainMs));
    return new AdapterError(
      'OVERLOADED',
      `${why}: ${running} predictions run and ${queue.size} wait; come back later, or raise MAX_CONCURRENCY, MAX_WAITING or the number of replicas`,
      { retryAfterMs },
    );
  };

  const wait = (deadline: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const callOff = deps.schedule(Math.max(0, deadline - deps.now()), () => {
        queue.delete(waiter);
        reject(overloaded('the deadline passed while waiting for a place'));
      });
      const waiter: Waiter = { resolve, callOff };
      queue.add(waiter);
    });

  const measure = (): void => {
    // Only while everything was busy does the interval say how fast a queue would drain.
    if (busySince === undefined) return;
    const now = deps.now();
    releaseIntervalMs += smoothing * (now - busySince - releaseIntervalMs);
    busySince = now;
  };

  return {
    acquire: (deadline) => {
      if (running < options.maxConcurrent) {
        running += 1;
        if (running === options.maxConcurrent) busySince = deps.now();
        return undefined;
      }
      if (queue.size >= options.maxWaiting) throw overloaded('there is no place to wait');
      return wait(deadline);
    },
    release: () => {
      measure();
      const [next] = queue;
      if (next === undefined) {
        running -= 1;
        busySince = undefined;
        return;
      }
      // The place goes from hand to hand: `running` stays.
      queue.delete(next);
      next.callOff();
      next.resolve();
    },
    places: options.maxConcurrent,
    running: () => running,
    waiting: () => queue.size,
  };
}
