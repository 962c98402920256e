/** The pause behind a write in which more may gather: under load, fewer and larger requests. */

import type { Schedule } from './ports.ts';

export interface Linger {
  /** Resolves after so long, or once {@link Linger.end} is called. One pause at a time. */
  readonly pause: (delayMs: number) => Promise<void>;
  /** There is enough: ends the pause, where there is one. */
  readonly end: () => void;
}

export function createLinger(schedule: Schedule): Linger {
  let end: (() => void) | undefined;
  return {
    pause: async (delayMs) => {
      await new Promise<void>((resolve) => {
        const callOff = schedule(delayMs, resolve);
        end = () => {
          callOff();
          resolve();
        };
      });
      end = undefined;
    },
    end: () => end?.(),
  };
}
