/**
 * The protobuf wire format (https://protobuf.dev/programming-guides/encoding/), as little of it as
 * health questions and a model's name need. Predictions are never decoded.
 */

import { Buffer } from 'node:buffer';

/** What stands under a field's number: a varint's value, or bytes. */
export type FieldValue = number | Uint8Array;

/** Calls `each` for every field in order; stops where the bytes are no message, or `each` says false. */
export function readFields(
  bytes: Uint8Array,
  each: (field: number, value: FieldValue) => boolean | undefined,
): void {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 64 && at < bytes.length; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    const type = tag % 8;
    let value: FieldValue;
    if (type === 0) value = varint();
    else {
      const length = lengthOf(type, varint);
      // Written so that NaN ends it too.
      if (!(at + length <= bytes.length)) return;
      value = bytes.subarray(at, at + length);
      at += length;
    }
    if (Number.isNaN(value)) return;
    if (each(Math.floor(tag / 8), value) === false) return;
  }
}

function lengthOf(type: number, varint: () => number): number {
  if (type === 1) return 8;
  if (type === 5) return 4;
  return type === 2 ? varint() : Number.NaN;
}

/** One field of bytes or text; nothing where the text is empty, as proto3 has it. */
export function bytesField(field: number, content: string | Uint8Array): Uint8Array {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  if (bytes.length === 0) return new Uint8Array();
  const head: number[] = [field * 8 + 2];
  let { length } = bytes;
  for (; length > 0x7f; length >>>= 7) head.push((length & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...head, length]), bytes]);
}

/** The first value of a field of text; empty where there is none. */
export function textField(bytes: Uint8Array, field: number): string {
  const value = firstField(bytes, field);
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : '';
}

/** The first value of a field; undefined where there is none. */
export function firstField(bytes: Uint8Array, field: number): FieldValue | undefined {
  let found: FieldValue | undefined;
  readFields(bytes, (number, value) => {
    if (number !== field) return undefined;
    found = value;
    return false;
  });
  return found;
}
