/**
 * Reads requests for a batch. Most look like the one before them but for their rows, and those are
 * found without reading the rest again.
 */

import { Buffer, isUtf8 } from 'node:buffer';
import { type ArrayScan, scanArray } from './batch-array.ts';
import type { BatchFormat } from './batch-format.ts';
import { type Frame, skeletonOf } from './batch-frame.ts';
import { leafKinds } from './batch-scan.ts';

export interface BatchRequest {
  readonly frame: Frame;
  /** Requests of one skeleton may be merged. */
  readonly skeleton: string;
}

/** A request whose only slot is rows. */
interface Template {
  readonly before: Buffer;
  readonly after: Buffer;
  /** Where the rows' array begins. */
  readonly arrayAt: number;
  readonly shape: readonly number[];
  readonly kind: string | undefined;
  readonly skeleton: string;
}

/** @returns a reader; undefined from it stands for a request that goes alone */
export function createRequestReader(
  format: BatchFormat,
): (body: Buffer) => BatchRequest | undefined {
  let template: Template | undefined;

  const readAlike = (body: Buffer, alike: Template): BatchRequest | undefined => {
    const { before, after } = alike;
    if (!holdsAt(body, 0, before)) return undefined;
    const array = scanArray(body, alike.arrayAt, false);
    if (array === undefined || array.from !== before.length) return undefined;
    if (body.length - array.to !== after.length || !holdsAt(body, array.to, after))
      return undefined;
    if (!sameRows(array.shape, alike.shape) || format.kindOf(array) !== alike.kind)
      return undefined;
    if ((array.kinds & leafKinds.string) !== 0 && !isUtf8(body)) return undefined;
    const { from, to } = array;
    const rows = array.shape[0] ?? 0;
    const frame: Frame = {
      bytes: body,
      rows,
      slots: [{ kind: 'rows', from, to, array }],
      echo: undefined,
    };
    return { frame, skeleton: alike.skeleton };
  };

  return (body) => {
    const alike = template && readAlike(body, template);
    if (alike !== undefined) return alike;
    const frame = format.readRequest(body);
    const skeleton = frame && skeletonOf(frame, format.kindOf);
    if (frame === undefined || skeleton === undefined) return undefined;
    template = templateOf(frame, skeleton, format) ?? template;
    return { frame, skeleton };
  };
}

const openBracket = 0x5b;

function templateOf(
  { bytes, slots, echo }: Frame,
  skeleton: string,
  format: BatchFormat,
): Template | undefined {
  const [slot] = slots;
  if (slots.length !== 1 || slot?.array === undefined || echo !== undefined) return undefined;
  const { from, to, array } = slot;
  // Only blanks stand between the bracket and the first row, which may begin with one itself.
  const arrayAt = bytes.lastIndexOf(openBracket, from - 1);
  const { shape } = array;
  return {
    // Copies: the body itself may be part of a far larger buffer.
    before: copyOf(bytes, 0, from),
    after: copyOf(bytes, to, bytes.length),
    arrayAt,
    shape,
    kind: format.kindOf(array),
    skeleton,
  };
}

function copyOf(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.alloc(to - from);
  bytes.copy(copy, 0, from, to);
  return copy;
}

function holdsAt(body: Buffer, at: number, part: Buffer): boolean {
  if (body.length < at + part.length) return false;
  for (let i = 0; i < part.length; i += 1) if (body[at + i] !== part[i]) return false;
  return true;
}

/** Whether the axes after the first are alike. */
function sameRows(a: readonly number[], b: ArrayScan['shape']): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 1; axis < a.length; axis += 1) if (a[axis] !== b[axis]) return false;
  return true;
}
