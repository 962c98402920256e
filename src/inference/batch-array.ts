/** What a regular array in JSON looks like: its shape, the kinds of its leaves, where its elements are. */

import { scanList, seen, skipBlank, skipLeaf, skipNumbers, skipValue } from './batch-scan.ts';

/** What {@link scanArray} found: an array whose arrays of one depth all have one length. */
export interface ArrayScan {
  /** The length of each axis, the outermost first; none is 0. */
  readonly shape: readonly number[];
  /** Of {@link leafKinds}. */
  readonly kinds: number;
  /** Where the first element of the outermost axis begins and the last one ends. */
  readonly from: number;
  readonly to: number;
  /** After the closing bracket. */
  readonly end: number;
  /** Where each element of the outermost axis begins and ends; empty where nobody asked. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Deeper nesting is nobody's tensor. */
const maxAxes = 16;

const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;

const none: number[] = [];
/** Scratch of {@link scanArray}, which neither waits nor calls itself. */
const counts = new Int32Array(maxAxes);
const lengths = new Int32Array(maxAxes);

/**
 * Reads the array at `at`, nested to any depth, that is regular and has no empty axis.
 * @param elements whether to note where each element of the outermost axis is
 * @returns undefined where it is ragged, empty, holds an object, or is no array
 */
export function scanArray(bytes: Uint8Array, at: number, elements: boolean): ArrayScan | undefined {
  if (bytes[at] !== openBracket) return undefined;
  const starts: number[] = elements ? [] : none;
  const ends: number[] = elements ? [] : none;
  let from = -1;
  let to = -1;
  let depth = 0;
  let leafDepth = 0;
  let i = at;
  lengths.fill(0);
  seen.kinds = 0;
  for (;;) {
    i = skipBlank(bytes, i);
    if (depth === 1) {
      if (from < 0) from = i;
      if (elements) starts.push(i);
    }
    if (bytes[i] === openBracket) {
      if (depth === maxAxes || (leafDepth > 0 && depth === leafDepth)) return undefined;
      counts[depth] = 0;
      depth += 1;
      i += 1;
      continue;
    }
    if (leafDepth === 0) leafDepth = depth;
    if (depth !== leafDepth) return undefined;
    const c = bytes[i] ?? 0;
    if (c <= 0x39 && c !== quote && !(elements && depth === 1)) {
      i = skipNumbers(bytes, i);
      counts[depth - 1] = (counts[depth - 1] ?? 0) + seen.numbers - 1;
    } else i = skipLeaf(bytes, i);
    if (i < 0) return undefined;
    // A value has ended here: after it comes another, or its array ends too.
    for (;;) {
      const axis = depth - 1;
      const count = (counts[axis] ?? 0) + 1;
      counts[axis] = count;
      if (axis === 0) {
        to = i;
        if (elements) ends.push(i);
      }
      i = skipBlank(bytes, i);
      const after = bytes[i];
      i += 1;
      if (after === comma) break;
      if (after !== closeBracket) return undefined;
      if (lengths[axis] === 0) lengths[axis] = count;
      else if (lengths[axis] !== count) return undefined;
      depth -= 1;
      if (depth === 0) {
        const shape: number[] = [];
        for (let k = 0; k < leafDepth; k += 1) shape.push(lengths[k] ?? 0);
        return { shape, kinds: seen.kinds, from, to, end: i, starts, ends };
      }
    }
  }
}

/** Reads the array at `at` with its elements, whatever they are: of answers, which are only cut. */
export function scanElements(bytes: Uint8Array, at: number): ArrayScan | undefined {
  const regular = scanArray(bytes, at, true);
  if (regular !== undefined) return regular;
  const starts: number[] = [];
  const ends: number[] = [];
  const end = scanList(bytes, at, (element) => {
    const after = skipValue(bytes, element);
    starts.push(element);
    ends.push(after);
    return after;
  });
  const [from] = starts;
  const to = ends.at(-1);
  if (end < 0 || from === undefined || to === undefined) return undefined;
  return { shape: [starts.length], kinds: 0, from, to, end, starts, ends };
}
