/**
 * Fields to header blocks (RFC 7541 §6) without state: fields of the static table are indexed, all others
 * are literals without indexing, so that a block can be made once and sent on every connection. No Huffman
 * code: it would save octets that cost nothing here, for time that does.
 */

import { Buffer } from 'node:buffer';
import { staticLength, staticNames, staticValues } from './static-table.ts';

/** The first index of each name; entries of one name stand together. */
const firstIndexes = new Map<string, number>();
for (let index = staticLength; index > 0; index--) {
  firstIndexes.set(staticNames[index] as string, index);
}

/** §5.1: first octet and continuations of each of up to two lengths, and the field's own first octet. */
const overheadBytes = 11;

/** At least as many octets as the field takes in a block. */
export const fieldBytes = (name: string, value: string): number =>
  overheadBytes + name.length + value.length;

/** §5.1: below 2^31. The bits of the first octet above the mask are `pattern`. */
function writeInteger(
  target: Buffer,
  at: number,
  pattern: number,
  mask: number,
  value: number,
): number {
  if (value < mask) {
    target[at] = pattern | value;
    return at + 1;
  }
  target[at] = pattern | mask;
  let position = at + 1;
  let rest = value - mask;
  while (rest >= 0x80) {
    target[position] = (rest & 0x7f) | 0x80;
    position += 1;
    rest >>>= 7;
  }
  target[position] = rest;
  return position + 1;
}

/** §5.2: a string literal, its characters as Latin-1. */
function writeText(target: Buffer, at: number, text: string): number {
  const start = writeInteger(target, at, 0, 0x7f, text.length);
  return start + target.write(text, start, 'latin1');
}

/**
 * Writes a field at `at` and returns where it ends. The target must have room for `fieldBytes` from there
 * on. Name (in lower case) and value are Latin-1; that they may stand in a field (RFC 9113 §8.2) is for
 * the caller to check.
 */
export function writeField(target: Buffer, at: number, name: string, value: string): number {
  const first = firstIndexes.get(name);
  if (first === undefined) {
    target[at] = 0;
    return writeText(target, writeText(target, at + 1, name), value);
  }
  for (let index = first; staticNames[index] === name; index++) {
    if (staticValues[index] === value) {
      target[at] = 0x80 | index;
      return at + 1;
    }
  }
  return writeText(target, writeInteger(target, at, 0, 0x0f, first), value);
}

/**
 * The block of a list of names and values (name, value, name, value …), for heads that are made once: it
 * has a memory of its own.
 * @throws {RangeError} for a name without a value.
 */
export function encodeFields(list: readonly string[]): Buffer {
  if (list.length % 2 !== 0) throw new RangeError('the last field has a name but no value');
  let most = 0;
  for (let at = 0; at < list.length; at += 2) {
    most += fieldBytes(list[at] as string, list[at + 1] as string);
  }
  const target = Buffer.allocUnsafeSlow(most);
  let end = 0;
  for (let at = 0; at < list.length; at += 2) {
    end = writeField(target, end, list[at] as string, list[at + 1] as string);
  }
  return target.subarray(0, end);
}
