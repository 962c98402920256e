/**
 * A protobuf message's fields in its bytes (https://protobuf.dev/programming-guides/encoding/): what
 * need not be looked into is handed on as it was written.
 */

import { Buffer } from 'node:buffer';
import protobuf from 'protobufjs';
import { asBuffer } from '../../event/utf8.ts';

export interface Field {
  readonly number: number;
  /** Tag and value, as they stand in the message. */
  readonly whole: Uint8Array;
  /** What is in a field of bytes, text or a message; empty for others. */
  readonly content: Uint8Array;
  /** The value as it is written, for numbers. */
  readonly value: Uint8Array;
}

const nothing: Uint8Array = new Uint8Array();
const delimited = 2;

/** @throws Error where the bytes are no message */
export function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  const reader = protobuf.Reader.create(asBuffer(bytes));
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    const at = reader.pos;
    const number = tag >>> 3;
    if (number === 0) throw new RangeError('a field has the number 0');
    let content = nothing;
    if ((tag & 7) === delimited) content = reader.bytes();
    else reader.skipType(tag & 7);
    const whole = bytes.subarray(start, reader.pos);
    fields.push({ number, whole, content, value: bytes.subarray(at, reader.pos) });
  }
  return fields;
}

/** The value of an enum or an int32. */
export const int32Of = ({ value }: Field): number =>
  protobuf.Reader.create(asBuffer(value)).int32();

export const floatOf = ({ value }: Field): number =>
  protobuf.Reader.create(asBuffer(value)).float();

export const textOf = ({ content }: Field): string => asBuffer(content).toString('utf8');

/** The message in a field; where it stands several times, they are one (a merge is a concatenation). */
export function messageIn(fields: readonly Field[], number: number): Uint8Array | undefined {
  const found = fields.filter((field) => field.number === number);
  const [first] = found;
  return found.length > 1 ? Buffer.concat(found.map(({ content }) => content)) : first?.content;
}

/** Key and value of a map's entry. */
export function entryOf({ content }: Field): { readonly key: string; readonly value?: Field } {
  const fields = fieldsOf(content);
  const key = fields.findLast(({ number }) => number === 1);
  const value = fields.findLast(({ number }) => number === 2);
  return { key: key === undefined ? '' : textOf(key), ...(value && { value }) };
}
