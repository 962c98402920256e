/**
 * Several predictors on one input topic: which of them answers a record (design.md §3.6).
 *
 * Each predictor has a consumer group of its own and reads everything; what falls outside its share
 * it skips. A share is a half-open range of percent, and a record stands at one place in them.
 *
 * S1 Every record belongs to exactly one share of a whole: ranges that follow on one another from 0
 *    to 100 leave no gap and do not overlap.
 * S2 The place depends on bytes alone, so that every adapter, of whatever version, sees it alike:
 *    the function must never change.
 */

/** From `from` up to and without `to`, in percent; empty where they are equal. */
export interface TrafficShare {
  readonly from: number;
  readonly to: number;
}

const shareText = /^(\d{1,3}(?:\.\d{1,4})?)-(\d{1,3}(?:\.\d{1,4})?)$/;

/** @returns the share that `0-70` or `33.3333-100` stands for; undefined where it is none */
export function parseTrafficShare(text: string): TrafficShare | undefined {
  const [, first = '', second = ''] = shareText.exec(text) ?? [];
  const [from, to] = [Number.parseFloat(first), Number.parseFloat(second)];
  // NaN compares false.
  return from <= to && to <= 100 ? { from, to } : undefined;
}

export const formatTrafficShare = ({ from, to }: TrafficShare): string => `${from}-${to}`;

/**
 * Divides the whole by weights.
 * @param weights at least one of them above 0; none below
 * @returns as many shares, in the same order, that follow on one another from 0 to 100
 */
export function sharesOf(weights: readonly number[]): TrafficShare[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  let from = 0;
  return weights.map((weight) => {
    sum += weight;
    // A border is computed once, and stands in both of its shares.
    const share = { from, to: Number(((sum / total) * 100).toFixed(4)) };
    from = share.to;
    return share;
  });
}

/** Whether what stands at the place of these bytes belongs to the share. */
export function isInShare(share: TrafficShare, bytes: Uint8Array): boolean {
  const place = (mix(fnv1a(bytes)) / 2 ** 32) * 100;
  return place >= share.from && place < share.to;
}

/**
 * FNV-1a, 32 bits. Not the murmur2 that producers place keys on partitions by: else the records of
 * one partition would fall into few shares.
 */
function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** MurmurHash3's last step: FNV-1a alone leaves its high bits, which decide here, uneven. */
function mix(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
