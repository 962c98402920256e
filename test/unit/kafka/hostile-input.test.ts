/** Compressed batches that somebody else wrote: what they hold, or an error; in bounded memory. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { compressSync, uncompressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import { decodeSnappy, encodeSnappy } from '../../../src/kafka/compression-snappy.ts';

const blocks = { compressSync, uncompressSync } as never;
const header = encodeSnappy(new Uint8Array(0), blocks).subarray(0, 16);

describe('Snappy', () => {
  it('that was written is read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(decodeSnappy(encodeSnappy(bytes, blocks), blocks)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('of any bytes is read or an error, in either framing; it ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (bytes, framed) => {
        // A raw block's first bytes are its length: what a hostile one may ask for is bounded here.
        const input = framed ? Buffer.concat([header, bytes]) : Buffer.from([5, ...bytes]);
        try {
          expect(decodeSnappy(input, blocks)).toBeInstanceOf(Buffer);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 500 },
    );
  });
});
