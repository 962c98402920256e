/**
 * Offsets acknowledged beyond the committed one, as they travel in the commit's metadata, so that
 * a restart repeats only what was in flight (design.md §3.4).
 *
 *     se1.<committed offset, base 36>.<base64url of gap, length, gap, length, …>
 *
 * Gaps and lengths are LEB128 numbers, the first gap counted from the committed offset.
 *
 * M1 What is read may come from anybody: another client, an operator's tool, an older version.
 *    Only what was written for just this committed offset is believed; nothing throws.
 * M2 What is written never exceeds `maxMetadataBytes`: what does not fit is left out, and is then
 *    answered again after a restart.
 */

import { Buffer } from 'node:buffer';

/** Offsets from `from` up to and without `to`. */
export interface OffsetRange {
  readonly from: number;
  readonly to: number;
}

/** Below the broker's own limit, `offset.metadata.max.bytes`, of 4,096 unless configured. */
export const maxMetadataBytes = 4_000;

const version = 'se1';
const form = /^se1\.([0-9a-z]{1,11})\.([\w-]+)$/;
/** `se1`, two dots and the largest offset. */
const headerBytes = version.length + 2 + 11;
const maxPackedBytes = Math.floor(((maxMetadataBytes - headerBytes) * 3) / 4);

/**
 * @param committed the offset that the commit is for
 * @param ranges ascending, apart from each other, none before `committed`
 * @returns the metadata; empty where there is no range
 */
export function encodeAcked(committed: number, ranges: readonly OffsetRange[]): string {
  const bytes: number[] = [];
  let end = committed;
  for (const { from, to } of ranges) {
    const before = bytes.length;
    pushNumber(bytes, from - end);
    pushNumber(bytes, to - from);
    if (bytes.length > maxPackedBytes) {
      bytes.length = before;
      break;
    }
    end = to;
  }
  if (bytes.length === 0) return '';
  return `${version}.${committed.toString(36)}.${Buffer.from(bytes).toString('base64url')}`;
}

/** Like {@link encodeAcked}, for whoever must not lose a range: undefined where they do not all fit. */
export function encodeAllAcked(
  committed: number,
  ranges: readonly OffsetRange[],
): string | undefined {
  const metadata = encodeAcked(committed, ranges);
  return decodeAcked(metadata, committed).length === ranges.length ? metadata : undefined;
}

/**
 * @param metadata whatever the group has
 * @param committed the offset that it stands beside
 * @returns the ranges, ascending; none where the metadata is not ours or not for this offset (M1)
 */
export function decodeAcked(metadata: string | null, committed: number): OffsetRange[] {
  if (metadata === null || metadata.length > maxMetadataBytes) return [];
  const [, offset, packed] = form.exec(metadata) ?? [];
  if (offset !== committed.toString(36) || packed === undefined) return [];
  const numbers = readNumbers(Buffer.from(packed, 'base64url'));
  if (numbers === undefined || numbers.length % 2 === 1) return [];
  const ranges: OffsetRange[] = [];
  let end = committed;
  for (let i = 0; i < numbers.length; i += 2) {
    const [gap = 0, length = 0] = [numbers[i], numbers[i + 1]];
    const from = end + gap;
    end = from + length;
    if (length === 0 || (gap === 0 && i > 0) || end > Number.MAX_SAFE_INTEGER) return [];
    ranges.push({ from, to: end });
  }
  return ranges;
}

/** @returns what of the ranges lies before `end` */
export function rangesBefore(ranges: readonly OffsetRange[], end: number): OffsetRange[] {
  const kept = ranges.filter(({ from }) => from < end);
  return kept.map(({ from, to }) => ({ from, to: Math.min(to, end) }));
}

/** Whether one of the ascending ranges holds the offset. */
export function holds(ranges: readonly OffsetRange[], offset: number): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.to ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low];
  return range !== undefined && range.from <= offset;
}

/**
 * Whether so many gaps and lengths fit in any case: the worst is when all are equally long.
 * @param numbers how many gaps and lengths there could be
 * @param span the offsets that they cover together
 */
export function fitsMetadata(numbers: number, span: number): boolean {
  // No number up to 2^53 takes more than 8 bytes.
  if (numbers * 8 <= maxPackedBytes) return true;
  const each = 1 + Math.log2(Math.max(1, span / numbers)) / 7;
  return numbers * each <= maxPackedBytes;
}

function pushNumber(bytes: number[], value: number): void {
  let rest = value;
  // Not by bit operators: those end at 2^31.
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}

function readNumbers(bytes: Uint8Array): number[] | undefined {
  const numbers: number[] = [];
  let [value, weight] = [0, 1];
  for (const byte of bytes) {
    value += (byte % 128) * weight;
    weight *= 128;
    if (value > Number.MAX_SAFE_INTEGER || weight > 2 ** 63) return undefined;
    if (byte >= 128) continue;
    numbers.push(value);
    [value, weight] = [0, 1];
  }
  return weight === 1 ? numbers : undefined;
}
