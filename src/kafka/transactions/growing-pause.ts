/** Pauses between questions to a coordinator: what is asked for usually takes a moment. */

const firstMs = 2;
const longestMs = 100;

/** @returns pauses, twice as long each time up to 100 ms; resolves with how long it was, in ms */
export function createGrowingPause(
  pause: (delayMs: number) => Promise<void>,
): () => Promise<number> {
  let nextMs = firstMs;
  return async () => {
    const delayMs = nextMs;
    nextMs = Math.min(2 * nextMs, longestMs);
    await pause(delayMs);
    return delayMs;
  };
}
