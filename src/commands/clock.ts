/** The clocks and timers that the core is given. */

import type { Now, Schedule } from '../delivery/ports.ts';

export const now: Now = () => performance.now();

export const wallClock = (): number => Date.now();

/** Timers do not keep the process alive: its servers do. */
export const schedule: Schedule = (delayMs, action) => {
  const timer = setTimeout(action, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
};
