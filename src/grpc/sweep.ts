/**
 * Ends what takes too long: one timer for all calls, since a timer of its own would cost each of
 * them more than all else that watches over it.
 */

import type { Now } from '../delivery/ports.ts';

export interface Timed {
  /** On the clock of `Now`. It may be moved. */
  endsAt: number;
  /** Told at every sweep until it is removed, or its time moved. */
  expire(): void;
}

export interface Sweep {
  readonly add: (timed: Timed) => void;
  readonly remove: (timed: Timed) => void;
}

/** What is late is told so by so much later. */
export const sweepMs = 250;

/** Its timer runs only while there is something to watch, and keeps no process alive. */
export function createSweep(now: Now): Sweep {
  const watched = new Set<Timed>();
  let timer: NodeJS.Timeout | undefined;

  const look = (): void => {
    if (watched.size === 0) {
      clearInterval(timer);
      timer = undefined;
      return;
    }
    const time = now();
    for (const timed of watched) if (timed.endsAt <= time) timed.expire();
  };

  return {
    add: (timed) => {
      watched.add(timed);
      timer ??= setInterval(look, sweepMs).unref();
    },
    remove: (timed) => {
      watched.delete(timed);
    },
  };
}
