/** Frames whose rows are the elements of one array, and what of a frame all protocols share. */

import type { Buffer } from 'node:buffer';
import { isUtf8 } from 'node:buffer';
import type { ArrayScan } from './batch-array.ts';
import type { Frame, Slot } from './batch-frame.ts';
import { leafKinds, skipBlank } from './batch-scan.ts';

/** A frame while its text is read. */
export interface Draft {
  readonly bytes: Buffer;
  readonly slots: Slot[];
  /** The length of the first axis; 0 until a tensor is found. */
  rows: number;
  echo: string | undefined;
}

/**
 * Reads a whole body as one value.
 * @param value notes the slots, and returns the end of the value at `at`, or -1
 * @returns undefined where the body is not exactly that, or has no rows
 */
export function readFrame(
  bytes: Buffer,
  value: (draft: Draft, at: number) => number,
): Frame | undefined {
  const draft: Draft = { bytes, slots: [], rows: 0, echo: undefined };
  const end = value(draft, skipBlank(bytes, 0));
  if (end < 0 || skipBlank(bytes, end) !== bytes.length) return undefined;
  if (draft.rows === 0 || !isUtf8(bytes)) return undefined;
  return draft;
}

/** Takes an array's elements as rows; `false` where another tensor has another number of them. */
export function addRows(draft: Draft, array: ArrayScan, rows: number): boolean {
  if (draft.rows !== 0 && draft.rows !== rows) return false;
  draft.rows = rows;
  draft.slots.push({ kind: 'rows', from: array.from, to: array.to, array });
  return true;
}

/**
 * How an array is read by a predictor that takes the type of its elements from their texts, as
 * numpy does: `[1]` makes integers, `[1.0]` floats, and together they are floats.
 * @returns undefined for an array that would change beside others, or change them
 */
export function looseKind({ kinds }: ArrayScan): string | undefined {
  const { integer, float, string, boolean } = leafKinds;
  if (kinds === integer) return 'i';
  if (kinds === float || kinds === (float | integer)) return 'f';
  if (kinds === string) return 's';
  return kinds === boolean ? 'b' : undefined;
}
