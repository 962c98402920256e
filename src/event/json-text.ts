/**
 * Where the members of a JSON object and the elements of an array stand in its bytes, so that a
 * payload can be handed on exactly as it was sent.
 *
 * R1 The text must have passed JSON.parse: nothing is validated here, and every scan ends at the
 *    latest where the bytes do.
 * R2 No recursion: the depth of the text does not matter.
 */

import { asBuffer } from './utf8.ts';

/** A JSON value's place, without the white space around it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Member extends Span {
  readonly name: string;
}

const quoteMark = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** The members of the object that begins at or after `from`, in their order, duplicates too. */
export function objectMembers(json: Uint8Array, from: number): Member[] {
  const members: Member[] = [];
  let at = skipSpace(json, skipSpace(json, from) + 1);
  while (json[at] === quoteMark) {
    const nameEnd = stringEnd(json, at);
    const name: unknown = JSON.parse(asBuffer(json).toString('utf8', at, nameEnd));
    const start = skipSpace(json, skipSpace(json, nameEnd) + 1);
    const end = valueEnd(json, start);
    members.push({ name: String(name), start, end });
    at = skipSpace(json, end);
    if (json[at] === comma) at = skipSpace(json, at + 1);
  }
  return members;
}

/** The elements of the array that begins at or after `from`. */
export function arrayElements(json: Uint8Array, from: number): Span[] {
  const elements: Span[] = [];
  let at = skipSpace(json, skipSpace(json, from) + 1);
  while (at < json.length && json[at] !== 0x5d) {
    const end = valueEnd(json, at);
    elements.push({ start: at, end });
    at = skipSpace(json, end);
    if (json[at] === comma) at = skipSpace(json, at + 1);
  }
  return elements;
}

/** The bytes without JSON's white space at either end (RFC 8259 §2). */
export function trimSpace(json: Uint8Array): Uint8Array {
  const start = skipSpace(json, 0);
  let end = json.length;
  while (end > start && isSpace(json[end - 1])) end -= 1;
  return json.subarray(start, end);
}

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

function skipSpace(json: Uint8Array, from: number): number {
  let at = from;
  while (isSpace(json[at])) at += 1;
  return at;
}

/** One past the closing quote of the string that begins at `from`. */
function stringEnd(json: Uint8Array, from: number): number {
  let at = from + 1;
  while (at < json.length && json[at] !== quoteMark) at += json[at] === backslash ? 2 : 1;
  return at + 1;
}

function valueEnd(json: Uint8Array, from: number): number {
  const first = json[from];
  if (first === quoteMark) return stringEnd(json, from);
  if (first === 0x7b || first === 0x5b) return containerEnd(json, from);
  let at = from + 1;
  while (at < json.length && !endsScalar(json[at])) at += 1;
  return at;
}

const endsScalar = (byte: number | undefined): boolean =>
  byte === comma || byte === 0x7d || byte === 0x5d || isSpace(byte);

function containerEnd(json: Uint8Array, from: number): number {
  let depth = 0;
  let at = from;
  while (at < json.length) {
    const byte = json[at];
    if (byte === quoteMark) {
      at = stringEnd(json, at);
      continue;
    }
    at += 1;
    if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return at;
  }
  return at;
}
