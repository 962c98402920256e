/** RFC 7541 §2 to §6: what is refused, what is evicted, and that nothing sent does worse. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHpackDecoder } from '../../../../src/http2/hpack/decoder.ts';
import { HpackError } from '../../../../src/http2/hpack/error.ts';
import { hex } from './hex.ts';
import {
  type Choice,
  createIndexingEncoder,
  type Form,
  integer,
  text,
} from './indexing-encoder.ts';
import { entryBytes, probedTable } from './probed-table.ts';

const decoder = (maxTableBytes = 4096, maxListBytes = 16_384) =>
  createHpackDecoder({ maxTableBytes, maxListBytes });

/** A literal with indexing and a new name. */
const added = (name: string, value: string) => Buffer.concat([hex('40'), text(name), text(value)]);

function faultOf(block: Buffer, tried = decoder()): string {
  try {
    tried.decode(block);
  } catch (error) {
    expect(error).toBeInstanceOf(HpackError);
    return (error as HpackError).message;
  }
  return 'none';
}

describe('a block is refused', () => {
  it.each([
    ['an index of 0', '80', 'index 0'],
    ['an index that no table has', 'be', 'index 62 names no entry: there are 61'],
    ['a large index', 'ffffffff7f', 'names no entry'],
    ['a name that no table has', '7e 00', 'index 62 names no entry'],
    ['a name without indexing that no table has', '0f2f 00', 'index 62 names no entry'],
    ['a name never indexed that no table has', '1f2f 00', 'index 62 names no entry'],
    ['an index cut short', 'ff', 'ends within a field'],
    ['a longer index cut short', 'ff80', 'ends within a field'],
    ['a literal without a name', '40', 'ends within a field'],
    ['a literal without a value', '4001 61', 'ends within a field'],
    ['a name cut short', '4002 61', 'ends within a field'],
    ['a value cut short', '4001 61 02 62', 'ends within a field'],
    ['a Huffman-coded value cut short', '4001 61 82 1f', 'ends within a field'],
    ['a length of almost 2^28', '00 7fffffff7f', 'ends within a field'],
    ['a length of 5 continuations', '00 7f8080808000', 'more than 4 continuation octets'],
    ['an index of 5 continuations, all zeros', 'ff8080808000', 'more than 4 continuation octets'],
    ['an index beyond 32 bits', 'ffffffffffffffffff7f', 'more than 4 continuation octets'],
    ['a table size beyond 32 bits', '3fffffffffffffffff7f', 'more than 4 continuation octets'],
    ['a table size above what is allowed', '3fe21f', 'to 4097 octets: at most 4096'],
    ['a table size after a field', '8220', 'after a field'],
    ['a table size cut short', '3f', 'ends within a field'],
    ['EOS in a value', '4001 61 84ffffffff', 'EOS'],
    ['padding of zeros in a name', '4081 00', 'padding'],
  ])('for %s', (_, block, reason) => {
    expect(faultOf(hex(block))).toContain(reason);
  });

  it('for fields that together take more than is allowed, counted with 32 octets for each', () => {
    // :method GET: 7 + 3 + 32.
    expect(decoder(4096, 84).decode(hex('8282'))).toEqual([':method', 'GET', ':method', 'GET']);
    expect(faultOf(hex('8282'), decoder(4096, 83))).toContain('more than the 83 octets');
    expect(faultOf(hex('0000 00'), decoder(4096, 31))).toContain('more than the 31 octets');
  });

  it('for a short block whose fields name a large entry again and again', () => {
    const tried = decoder();
    const entry = added('a', 'x'.repeat(4000));
    const block = Buffer.concat([entry, Buffer.alloc(4, 0xbe)]);
    expect(faultOf(block, tried)).toContain('more than the 16384 octets');
  });

  it('with no word of the names and values that were sent', () => {
    const secret = added('authorization', 'secret-token');
    expect(faultOf(Buffer.concat([secret, hex('80')]))).not.toMatch(/secret|authorization/);
  });
});

describe('a block is read', () => {
  it.each([
    ['nothing', '', []],
    ['an empty name and an empty value', '000000', ['', '']],
    ['an empty Huffman-coded value', '0080 80', ['', '']],
    ['octets above ASCII', '0001 e9 02 c3a9', ['é', 'Ã©']],
    ['an index with needless continuations', 'ff80808000', undefined],
  ])('of %s', (_, block, fields) => {
    if (fields === undefined) expect(faultOf(hex(block))).toContain('index 127');
    else expect(decoder().decode(hex(block))).toEqual(fields);
  });

  it('from any part of a larger buffer', () => {
    const around = Buffer.concat([hex('ffff'), added('a', 'b'), hex('80')]);
    expect(decoder().decode(around.subarray(2, -1))).toEqual(['a', 'b']);
  });

  it('into strings that do not change with the buffer', () => {
    const block = added('name', 'value');
    const tried = decoder();
    const fields = tried.decode(block);
    block.fill(0);
    expect(fields).toEqual(['name', 'value']);
    expect(tried.decode(hex('be'))).toEqual(['name', 'value']);
  });
});

describe('the dynamic table', () => {
  it('lets the oldest go, and only as many as it must', () => {
    const tried = decoder(100);
    tried.decode(added('a', '1'));
    tried.decode(added('b', '2'));
    // 34 each: 68 stand, 32 are left.
    tried.decode(added('', ''));
    expect(probedTable(tried)).toEqual([
      ['', ''],
      ['b', '2'],
      ['a', '1'],
    ]);
    tried.decode(added('c', '3'));
    expect(probedTable(tried)).toEqual([
      ['c', '3'],
      ['', ''],
      ['b', '2'],
    ]);
  });

  it('is emptied by an entry larger than itself, which is no fault', () => {
    const tried = decoder(100);
    tried.decode(added('a', '1'));
    const large = 'x'.repeat(68);
    expect(tried.decode(added('b', large))).toEqual(['b', large]);
    expect(probedTable(tried)).toEqual([]);
    expect(tried.decode(added('c', large.slice(1)))).toEqual(['c', large.slice(1)]);
    expect(probedTable(tried)).toEqual([['c', large.slice(1)]]);
  });

  it('gives an entry the name of the one that it evicts (§4.4)', () => {
    const tried = decoder(64);
    tried.decode(added('kept', '1'));
    const value = 'x'.repeat(28);
    expect(tried.decode(Buffer.concat([hex('7e'), text(value)]))).toEqual(['kept', value]);
    expect(probedTable(tried)).toEqual([['kept', value]]);
  });

  it('begins with 4096 octets, however many it may have later (RFC 9113 §6.5.2)', () => {
    const tried = decoder(8192, 1_000_000);
    const fields = Array.from({ length: 100 }, (_, at) => added(`n${at}`, 'x'.repeat(60)));
    for (const field of fields) tried.decode(field);
    expect(entryBytes(probedTable(tried))).toBeLessThanOrEqual(4096);
    tried.decode(integer(8192, 5, 0x20));
    for (const field of fields) tried.decode(field);
    const held = entryBytes(probedTable(tried));
    expect(held).toBeGreaterThan(8000);
    expect(held).toBeLessThanOrEqual(8192);
  });

  it('shrinks at once and grows again empty, both at the beginning of one block (§4.2)', () => {
    const tried = decoder();
    tried.decode(added('a', '1'));
    const block = Buffer.concat([hex('20'), integer(4096, 5, 0x20), added('b', '2'), hex('be')]);
    expect(tried.decode(block)).toEqual(['b', '2', 'b', '2']);
    expect(probedTable(tried)).toEqual([['b', '2']]);
  });

  it('of no octets takes nothing', () => {
    const tried = decoder(0);
    expect(tried.decode(Buffer.concat([hex('20'), added('a', '1')]))).toEqual(['a', '1']);
    expect(probedTable(tried)).toEqual([]);
  });

  it.each([32, 33, 63, 64, 65, 4095, 4096, 4127])(
    'of %d octets holds as many empty entries as fit',
    (maxTableBytes) => {
      const tried = decoder(maxTableBytes, 1_000_000);
      const most = Math.floor(maxTableBytes / 32);
      tried.decode(integer(maxTableBytes, 5, 0x20));
      tried.decode(Buffer.concat(Array.from({ length: 3 * most + 1 }, () => added('', ''))));
      expect(probedTable(tried)).toHaveLength(most);
    },
  );
});

describe('whatever is sent', () => {
  /** Octets of which many are the beginning of something. */
  const octets = fc.oneof(
    fc.nat(255),
    fc.constantFrom(0x40, 0x00, 0x01, 0x10, 0x20, 0x3f, 0x80, 0x81, 0x82, 0xbe, 0xbf, 0xff, 0x7f),
  );
  const blocks = fc.array(
    fc.array(octets, { maxLength: 60, size: 'max' }).map((bytes) => Buffer.from(bytes)),
    { minLength: 1, maxLength: 8 },
  );

  it('it is read or refused with an HpackError, within the bounds of table and list', () => {
    fc.assert(
      fc.property(
        blocks,
        fc.constantFrom(0, 31, 32, 100, 256, 4096),
        fc.constantFrom(0, 100, 2000),
        (sent, maxTableBytes, maxListBytes) => {
          const tried = decoder(maxTableBytes, maxListBytes);
          try {
            for (const block of sent) {
              const fields = tried.decode(block);
              expect(fields.length % 2).toBe(0);
              const pairs = fields.flatMap((name, at) =>
                at % 2 === 0 ? [[name, fields[at + 1] ?? '']] : [],
              );
              expect(entryBytes(pairs)).toBeLessThanOrEqual(maxListBytes);
            }
          } catch (error) {
            if (!(error instanceof HpackError)) throw error;
          }
          expect(entryBytes(probedTable(tried))).toBeLessThanOrEqual(maxTableBytes);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('a right block with one octet changed, left out or cut off is read or refused the same way', () => {
    const right = hex(
      `3fe11f 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
       2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3 82 be 7e01 61`,
    );
    for (let at = 0; at < right.length; at++) {
      faultOf(right.subarray(0, at));
      faultOf(Buffer.concat([right.subarray(0, at), right.subarray(at + 1)]));
      for (let octet = 0; octet < 256; octet++) {
        const changed = Buffer.from(right);
        changed[at] = octet;
        faultOf(changed);
      }
    }
    expect(faultOf(right)).toBe('none');
  });
});

describe('what an encoder with a dynamic table of its own writes', () => {
  const names = fc.oneof(
    fc.constantFrom(':path', ':status', 'te', 'content-type', 'grpc-timeout', 'x', ''),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  const values = fc.oneof(
    fc.constantFrom('/', '200', 'trailers', '', 'x'.repeat(127), 'y'.repeat(300)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  const choices: fc.Arbitrary<Choice> = fc.record({
    form: fc.constantFrom<Form>(
      'indexed',
      'indexed',
      'with indexing',
      'with indexing',
      'without indexing',
      'never indexed',
    ),
    indexName: fc.boolean(),
    huffmanName: fc.boolean(),
    huffmanValue: fc.boolean(),
  });
  const lists = fc.array(
    fc.record({
      sizes: fc.array(fc.nat(1000), { maxLength: 2 }),
      fields: fc.array(fc.tuple(names, values, choices), { maxLength: 12 }),
    }),
    { minLength: 1, maxLength: 15, size: 'max' },
  );

  it('is read as it was, and leaves the same table, whatever sizes the table is given', () => {
    fc.assert(
      fc.property(lists, (sent) => {
        const encoder = createIndexingEncoder(1000);
        const tried = decoder(1000, 100_000);
        for (const { sizes, fields } of sent) {
          const block = Buffer.concat([
            ...sizes.map((size) => encoder.resize(size)),
            ...fields.map(([name, value, choice]) => encoder.encode(name, value, choice)),
          ]);
          expect(tried.decode(block)).toEqual(fields.flatMap((field) => field.slice(0, 2)));
          expect(probedTable(tried)).toEqual(encoder.entries);
        }
      }),
      { numRuns: 300 },
    );
  });
});
