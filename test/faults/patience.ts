/** Waiting with a limit, so that nothing in the suite can hang for ever. */

import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

/** Rejects where `promise` takes longer. */
export async function within<Result>(
  what: string,
  timeoutMs: number,
  promise: Promise<Result>,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing in ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Tries until it succeeds; rejects with the last error once `timeoutMs` are over. */
export async function insist<Result>(
  what: string,
  timeoutMs: number,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`${what} did not succeed in ${timeoutMs} ms: ${reason}`, { cause: error });
      }
      await sleep(250);
    }
  }
}

/** Waits until the condition holds, an error counting as no. */
export const until = (
  what: string,
  timeoutMs: number,
  condition: () => Promise<boolean> | boolean,
): Promise<void> =>
  insist(what, timeoutMs, async () => {
    if (!(await condition())) throw new Error('not yet');
  });
