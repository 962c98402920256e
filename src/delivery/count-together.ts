/** How many of those that wait are written together. */

export interface TogetherLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
}

/**
 * From the front as many as fit, at least one; one that is `alone` goes by itself.
 * @param add adds an item to what goes together, and tells how many bytes that makes where it goes
 */
export function countTogether<Item extends { readonly alone: boolean }>(
  queue: readonly Item[],
  limits: TogetherLimits,
  add: (item: Item) => number,
): number {
  let count = 0;
  for (const item of queue) {
    const full = count >= limits.maxItems || add(item) > limits.maxBytes;
    if (count > 0 && (full || item.alone)) break;
    count += 1;
    if (item.alone) break;
  }
  return count;
}
