/** Waiting for the state of the world, outside vitest's own helpers. */

import { setTimeout as sleep } from 'node:timers/promises';

/** So long anything may take on a machine that does much else meanwhile. */
export const patienceMs = 240_000;

/**
 * Asks again and again until there is an answer.
 *
 * @param what for the error: what was waited for
 * @param look undefined, or an error, where it is not there yet
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined>,
  timeoutMs = patienceMs,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last = '';
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = `: ${error}`;
    }
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}${last}`);
    await sleep(200);
  }
}
