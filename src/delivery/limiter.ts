/**
 * Bounds how many predictions run at once and how many wait for a place (design.md §3.1).
 *
 * L1 At most `maxConcurrent` run, at most `maxWaiting` wait, first come first served.
 * L2 Nobody waits so long that the fraction of its deadline would not be kept, as far as can be
 *    told: who would have to is refused before it waits.
 * L3 A refusal says when to come back: the time that the queue, as measured, takes to drain.
 * L4 Where the predictor itself takes fewer (`resize`), all who call it share what it takes: our
 *    own, and `guests`, whose number somebody else bounds. Guests are never refused. While both
 *    wait they take turns, so that neither starves the other.
 */

import { AdapterError } from '../errors.ts';
import { createDrainRate } from './drain-rate.ts';
import type { Now, Schedule } from './ports.ts';

export interface LimiterOptions {
  readonly maxConcurrent: number;
  readonly maxWaiting: number;
  /** What of the time until its deadline waiting and predicting may take, as far as is known; 1. */
  readonly deadlineFraction?: number | undefined;
}

export interface LimiterDeps {
  readonly now: Now;
  readonly schedule: Schedule;
}

export interface Limiter {
  /**
   * Takes a place; every place taken is given back with {@link Limiter.release}: see {@link inPlace}.
   * @returns undefined where there was one, else a promise of one
   * @throws AdapterError OVERLOADED, at once or when it has waited as long as it may
   */
  readonly acquire: (deadline: number) => Promise<void> | undefined;
  readonly release: () => void;
  /** How many places there are. */
  readonly places: number;
  readonly running: () => number;
  readonly waiting: () => number;
  /** How many were refused so far. */
  readonly refused: () => number;
  readonly guests: Guests;
  /**
   * @param limit how many may run in all, guests included; at least 1. None until it is called
   * @param callMs how long a call takes of late, in ms
   */
  readonly resize: (limit: number, callMs: number) => void;
}

/** Those who share the places without being bounded here. */
export interface Guests {
  /** @returns undefined where there was a place, else a promise of one */
  readonly enter: () => Promise<void> | undefined;
  readonly leave: () => void;
  readonly running: () => number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly callOff: () => void;
}

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
  const { maxConcurrent, maxWaiting, deadlineFraction = 1 } = options;
  const queue = new Set<Waiter>();
  const waitingGuests: (() => void)[] = [];
  const rate = createDrainRate();
  let [running, guests, refused] = [0, 0, 0];
  let limit = Number.POSITIVE_INFINITY;
  let callMs = 0;
  let isGuestsTurn = false;

  const isFull = (): boolean => running >= maxConcurrent || running + guests >= limit;

  const overloaded = (why: string): AdapterError => {
    refused += 1;
    const drainMs = rate.intervalMs() * (queue.size + 1);
    const retryAfterMs = Math.min(maxRetryAfterMs, Math.max(minRetryAfterMs, drainMs));
    return new AdapterError(
      'OVERLOADED',
      `${why}: ${running} predictions run and ${queue.size} wait; come back later, or raise MAX_CONCURRENCY, MAX_WAITING or the number of replicas`,
      { retryAfterMs },
    );
  };

  const wait = (patienceMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const callOff = deps.schedule(Math.max(0, patienceMs), () => {
        queue.delete(waiter);
        reject(overloaded('no place came free in time for the deadline'));
      });
      const waiter: Waiter = { resolve, callOff };
      queue.add(waiter);
    });

  const letGuestIn = (): boolean => {
    const next = waitingGuests.shift();
    if (next === undefined) return false;
    guests += 1;
    isGuestsTurn = false;
    next();
    return true;
  };

  const letWaiterIn = (): boolean => {
    const [next] = queue;
    if (next === undefined || running >= maxConcurrent) return false;
    queue.delete(next);
    running += 1;
    isGuestsTurn = true;
    next.callOff();
    next.resolve();
    return true;
  };

  /** Gives places that came free to those who wait for them. */
  const handOut = (): void => {
    while (queue.size + waitingGuests.length > 0 && running + guests < limit) {
      const someoneCame = isGuestsTurn
        ? letGuestIn() || letWaiterIn()
        : letWaiterIn() || letGuestIn();
      if (!someoneCame) break;
    }
    if (!isFull()) rate.idle();
  };

  return {
    acquire: (deadline) => {
      if (!isFull()) {
        running += 1;
        if (isFull()) rate.busyFrom(deps.now());
        return undefined;
      }
      if (queue.size >= maxWaiting) throw overloaded('there is no place to wait');
      const patienceMs = deadlineFraction * (deadline - deps.now()) - callMs;
      if (rate.isKnown() && rate.intervalMs() * (queue.size + 1) > patienceMs) {
        throw overloaded('the queue is longer than the deadline allows');
      }
      return wait(patienceMs);
    },
    release: () => {
      if (isFull()) rate.freed(deps.now());
      running -= 1;
      handOut();
    },
    get places() {
      return Math.min(maxConcurrent, limit);
    },
    running: () => running,
    waiting: () => queue.size,
    refused: () => refused,
    guests: {
      enter: () => {
        if (running + guests < limit) {
          guests += 1;
          if (isFull()) rate.busyFrom(deps.now());
          return undefined;
        }
        return new Promise((resolve) => waitingGuests.push(resolve));
      },
      leave: () => {
        guests -= 1;
        handOut();
      },
      running: () => guests,
    },
    resize: (newLimit, newCallMs) => {
      limit = newLimit;
      callMs = newCallMs;
      handOut();
      if (isFull()) rate.busyFrom(deps.now());
    },
  };
}
