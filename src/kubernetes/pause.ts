/** Waiting that ends early when it is called off. */

import type { Schedule } from '../delivery/ports.ts';

/** Resolves after `delayMs`, or as soon as `until` is aborted. */
export function pause(delayMs: number, until: AbortSignal, schedule: Schedule): Promise<void> {
  return new Promise((resolve) => {
    if (until.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      callOff();
      until.removeEventListener('abort', end);
      resolve();
    };
    const callOff = schedule(delayMs, end);
    until.addEventListener('abort', end, { once: true });
  });
}
