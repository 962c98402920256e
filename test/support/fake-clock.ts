/** A clock that moves only when told: time, timers and the promises between them, deterministic. */

import type { Now, Schedule } from '../../src/delivery/ports.ts';

interface Timer {
  readonly at: number;
  readonly id: number;
  readonly action: () => void;
}

export interface FakeClock {
  readonly now: Now;
  readonly schedule: Schedule;
  /** A promise of `delayMs` later. */
  readonly sleep: (delayMs: number) => Promise<void>;
  /** Runs every timer due within `ms`, each at its own time, and the promises that follow. */
  readonly advance: (ms: number) => Promise<void>;
  /** Runs timers until none is left or `limitMs` have passed. */
  readonly drain: (limitMs: number) => Promise<void>;
  /** Timers not due yet. */
  readonly pending: () => number;
  /** Timers run so far: tells waiting from spinning. */
  readonly fired: () => number;
}

/** Lets every promise that can go on do so. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** More timers at one instant than any test needs: somebody spins. */
const maxAtOnce = 10_000;

export function createFakeClock(): FakeClock {
  let time = 0;
  let ids = 0;
  let fired = 0;
  let timers: Timer[] = [];

  const schedule: Schedule = (delayMs, action) => {
    ids += 1;
    const timer = { at: time + Math.max(0, delayMs), id: ids, action };
    timers.push(timer);
    return () => {
      timers = timers.filter((other) => other !== timer);
    };
  };

  const takeDue = (limit: number): Timer | undefined => {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (timer.at > limit) continue;
      if (next === undefined || timer.at < next.at) next = timer;
    }
    timers = timers.filter((timer) => timer !== next);
    return next;
  };

  const runUntil = async (limit: number): Promise<void> => {
    await settle();
    let atOnce = 0;
    for (let timer = takeDue(limit); timer !== undefined; timer = takeDue(limit)) {
      atOnce = timer.at > time ? 0 : atOnce + 1;
      if (atOnce > maxAtOnce) throw new Error(`timers spin at ${time} ms`);
      time = Math.max(time, timer.at);
      fired += 1;
      timer.action();
      await settle();
    }
  };

  return {
    now: () => time,
    schedule,
    sleep: (delayMs) => new Promise((resolve) => schedule(delayMs, resolve)),
    advance: async (ms) => {
      const limit = time + ms;
      await runUntil(limit);
      time = limit;
    },
    drain: (limitMs) => runUntil(time + limitMs),
    pending: () => timers.length,
    fired: () => fired,
  };
}
