/**
 * A JSON text with slots: the parts that differ between the members of a batch. What stands between
 * the slots is the same for all of them, to the byte.
 *
 *     {"data":{"ndarray":[ rows ]},"meta":{"puid": id }}
 *     {"inputs":[{"name":"x","shape":[ count ,4],"data":[ rows ]}]}
 *
 * F1 Rows are moved as bytes, never read: a number keeps its text.
 */

import { Buffer } from 'node:buffer';
import type { ArrayScan } from './batch-array.ts';

export interface Slot {
  /** The rows; how many there are; what names this one request. */
  readonly kind: 'rows' | 'count' | 'id';
  readonly from: number;
  readonly to: number;
  /** Of rows: the array that they stand in. */
  readonly array?: ArrayScan;
}

export interface Frame {
  readonly bytes: Buffer;
  /** The length of the first axis. */
  readonly rows: number;
  /** Ascending. */
  readonly slots: readonly Slot[];
  /** What the answer may repeat of the request, as JSON. */
  readonly echo?: string | undefined;
}

/** One member of a batch, for {@link splitFrame}. */
export interface Share {
  readonly rows: number;
  /** JSON of what stands in the `id` slots of its answer. */
  readonly id: Buffer;
}

/**
 * Everything of a frame but its slots, and the shapes of its rows: frames of one skeleton may be
 * merged.
 * @param kindOf tells apart what must not stand in one array
 * @returns undefined where the frame may not be merged with any
 */
export function skeletonOf(
  { bytes, slots }: Frame,
  kindOf: (array: ArrayScan) => string | undefined,
): string | undefined {
  let text = '';
  let at = 0;
  for (const { kind, from, to, array } of slots) {
    text += bytes.toString('latin1', at, from);
    // No control character stands unescaped in JSON, so the mark cannot be mistaken.
    text += kind === 'id' ? '\u0001' : '\u0000';
    if (array !== undefined) {
      const arrayKind = kindOf(array);
      if (arrayKind === undefined) return undefined;
      text += arrayKind;
      for (let axis = 1; axis < array.shape.length; axis += 1) text += `,${array.shape[axis]}`;
      text += '\u0000';
    }
    at = to;
  }
  return text + bytes.toString('latin1', at);
}

/** One request for all of them, which have one skeleton; what names it is the first one's. */
export function mergeFrames(frames: readonly [Frame, ...Frame[]]): Buffer {
  const [first] = frames;
  let rows = 0;
  let room = 0;
  for (const frame of frames) {
    rows += frame.rows;
    room += frame.bytes.length;
  }
  const count = String(rows);
  const target = Buffer.allocUnsafe(room + first.slots.length * (count.length + frames.length));
  let end = 0;
  let at = 0;
  for (const [i, slot] of first.slots.entries()) {
    end += first.bytes.copy(target, end, at, slot.kind === 'id' ? slot.to : slot.from);
    if (slot.kind === 'count') end += target.write(count, end, 'latin1');
    else if (slot.kind === 'rows') end = joinRows(target, end, frames, i);
    at = slot.to;
  }
  end += first.bytes.copy(target, end, at);
  return target.subarray(0, end);
}

const comma = 0x2c;

function joinRows(target: Buffer, start: number, frames: readonly Frame[], slot: number): number {
  let end = start;
  for (const { bytes, slots } of frames) {
    if (end > start) {
      target[end] = comma;
      end += 1;
    }
    const { from = 0, to = 0 } = slots[slot] ?? {};
    end += bytes.copy(target, end, from, to);
  }
  return end;
}

/**
 * Cuts an answer into one for each share, in order.
 * @param frame its rows' arrays with their elements
 */
export function splitFrame(frame: Frame, shares: readonly Share[]): Buffer[] {
  let offset = 0;
  return shares.map((share) => {
    const answer = cut(frame, offset, share);
    offset += share.rows;
    return answer;
  });
}

function cut(frame: Frame, offset: number, { rows, id }: Share): Buffer {
  const { bytes, slots } = frame;
  const count = String(rows);
  let room = bytes.length;
  for (const { kind, from, to, array } of slots) {
    room -= to - from;
    if (kind === 'count') room += count.length;
    else if (kind === 'id') room += id.length;
    else if (array !== undefined) {
      room += rowsEnd(frame, array, offset + rows) - rowsStart(frame, array, offset);
    }
  }
  const target = Buffer.allocUnsafe(room);
  let end = 0;
  let at = 0;
  for (const { kind, from, to, array } of slots) {
    end += bytes.copy(target, end, at, from);
    if (kind === 'count') end += target.write(count, end, 'latin1');
    else if (kind === 'id') end += id.copy(target, end);
    else if (array !== undefined) {
      const start = rowsStart(frame, array, offset);
      end += bytes.copy(target, end, start, rowsEnd(frame, array, offset + rows));
    }
    at = to;
  }
  bytes.copy(target, end, at);
  return target;
}

/** Elements of the array that make one row: several where a tensor's values stand flat. */
const stride = ({ rows }: Frame, { shape }: ArrayScan): number => (shape[0] ?? 0) / rows;

const rowsStart = (frame: Frame, array: ArrayScan, row: number): number =>
  array.starts[row * stride(frame, array)] ?? 0;

const rowsEnd = (frame: Frame, array: ArrayScan, row: number): number =>
  array.ends[row * stride(frame, array) - 1] ?? 0;

/** JSON of what names the request; undefined where nothing does. */
export function idOf({ bytes, slots }: Frame): Buffer | undefined {
  const slot = slots.find(({ kind }) => kind === 'id');
  return slot && bytes.subarray(slot.from, slot.to);
}
