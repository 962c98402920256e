/** Tensors that tell their shape beside their values, as Seldon's `tensor` and v2's do. */

import { scanArray } from './batch-array.ts';
import { addRows, type Draft } from './batch-rows.ts';
import { scanObject, skipBlank } from './batch-scan.ts';

export interface TensorFields {
  /** The field that holds the values. */
  readonly values: string;
  /** Reads any further field: returns its end, or -1 where there must not be such a one. */
  readonly other: (name: string, at: number) => number;
}

const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;

interface Shape {
  readonly axes: readonly number[];
  /** Where the first axis stands. */
  readonly from: number;
  readonly to: number;
  readonly end: number;
}

/**
 * Reads the tensor object at `at`, whose values stand flat or nested as its shape says.
 * @param elements whether to note where each element is
 * @returns its end; -1 where it is no such tensor or cannot be cut along its first axis
 */
export function scanTensor(
  draft: Draft,
  at: number,
  { values, other }: TensorFields,
  elements: boolean,
): number {
  let shape: Shape | undefined;
  let array: ReturnType<typeof scanArray>;
  const end = scanObject(draft.bytes, at, (name, value) => {
    if (name === 'shape') {
      if (shape !== undefined) return -1;
      shape = scanShape(draft.bytes, value);
      return shape?.end ?? -1;
    }
    if (name !== values) return other(name, value);
    if (array !== undefined) return -1;
    array = scanArray(draft.bytes, value, elements);
    return array?.end ?? -1;
  });
  if (end < 0 || shape === undefined || array === undefined) return -1;
  const { axes, from, to } = shape;
  if (!fits(array.shape, axes)) return -1;
  if (from < array.from) draft.slots.push({ kind: 'count', from, to });
  if (!addRows(draft, array, axes[0] ?? 0)) return -1;
  if (from > array.from) draft.slots.push({ kind: 'count', from, to });
  return end;
}

/** Whether values of the shape `found` fill a tensor of these axes. */
function fits(found: readonly number[], axes: readonly number[]): boolean {
  if (found.length === 1) return found[0] === axes.reduce((product, axis) => product * axis, 1);
  return found.length === axes.length && found.every((length, axis) => length === axes[axis]);
}

function scanShape(bytes: Uint8Array, at: number): Shape | undefined {
  if (bytes[at] !== openBracket) return undefined;
  const axes: number[] = [];
  let [from, to] = [-1, -1];
  let i = at + 1;
  for (;;) {
    i = skipBlank(bytes, i);
    const start = i;
    let axis = 0;
    for (let c = bytes[i]; c !== undefined && c >= 0x30 && c <= 0x39; c = bytes[i]) {
      axis = axis * 10 + c - 0x30;
      i += 1;
    }
    // No empty axis, no leading zero, nothing that a product could not hold exactly.
    if (i === start || bytes[start] === 0x30 || i - start > 9) return undefined;
    axes.push(axis);
    if (from < 0) [from, to] = [start, i];
    i = skipBlank(bytes, i);
    const c = bytes[i];
    i += 1;
    if (c === closeBracket) return { axes, from, to, end: i };
    if (c !== comma) return undefined;
  }
}
