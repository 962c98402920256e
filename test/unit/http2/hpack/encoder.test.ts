/** RFC 7541 §6, without a dynamic table. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHpackDecoder } from '../../../../src/http2/hpack/decoder.ts';
import { encodeFields, fieldBytes, writeField } from '../../../../src/http2/hpack/encoder.ts';
import {
  staticLength,
  staticNames,
  staticValues,
} from '../../../../src/http2/hpack/static-table.ts';
import { hex } from './hex.ts';
import { probedTable } from './probed-table.ts';

const decoder = () => createHpackDecoder({ maxTableBytes: 4096, maxListBytes: 10_000_000 });

const latin1 = (maxLength: number) =>
  fc.uint8Array({ maxLength, size: 'max' }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const names = fc.oneof(fc.constantFrom(...staticNames.slice(1)), latin1(300));
const values = fc.oneof(fc.constantFrom(...staticValues), latin1(300));

describe('a field is written', () => {
  it('as its index, for each of the static table', () => {
    for (let index = 1; index <= staticLength; index++) {
      const field = [staticNames[index] ?? '', staticValues[index] ?? ''];
      expect(encodeFields(field)).toEqual(Buffer.from([0x80 + index]));
      expect(decoder().decode(encodeFields(field))).toEqual(field);
    }
  });

  it.each([
    ['the example C.2.2', [':path', '/sample/path'], '040c 2f73616d706c652f70617468'],
    ['the first name whose index does not fit its octet', ['accept-charset', 'a'], '0f00 01 61'],
    ['a status that the table does not have', [':status', '418'], '0803 343138'],
    ['a name of the table with another value', ['content-type', 'a'], '0f10 01 61'],
    ['a name that no table has', ['te', 'trailers'], '0002 7465 08 747261696c657273'],
    ['characters above ASCII', ['te', 'é'], '0002 7465 01 e9'],
    ['an empty value', ['te', ''], '0002 7465 00'],
  ])('as a literal without indexing: %s', (_, field, block) => {
    expect(encodeFields(field)).toEqual(hex(block));
  });

  it.each([126, 127, 128, 254, 255, 256, 16_510, 16_511, 2_097_278, 2_097_279])(
    'with a value of %d characters',
    (length) => {
      const fields = ['grpc-message', 'x'.repeat(length), 'y'.repeat(length), ''];
      expect(decoder().decode(encodeFields(fields))).toEqual(fields);
    },
  );

  it('where it is told to, within the room that it asks for, and touches nothing else', () => {
    fc.assert(
      fc.property(names, values, fc.nat(20), (name, value, at) => {
        const most = fieldBytes(name, value);
        const target = Buffer.alloc(at + most + 3, 0xaa);
        const end = writeField(target, at, name, value);
        expect(end - at).toBeLessThanOrEqual(most);
        expect(decoder().decode(target.subarray(at, end))).toEqual([name, value]);
        expect(target.subarray(0, at).every((octet) => octet === 0xaa)).toBe(true);
        expect(target.subarray(end).every((octet) => octet === 0xaa)).toBe(true);
      }),
    );
  });
});

describe('a list', () => {
  it('is read as it was, any number of times, and leaves no dynamic table behind', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values), { maxLength: 20 }), (fields) => {
        const block = encodeFields(fields.flat());
        const peer = decoder();
        expect(peer.decode(block)).toEqual(fields.flat());
        expect(peer.decode(block)).toEqual(fields.flat());
        expect(probedTable(peer)).toEqual([]);
      }),
    );
  });

  it('with a name that has no value is refused', () => {
    expect(() => encodeFields([':status'])).toThrow(RangeError);
  });
});
