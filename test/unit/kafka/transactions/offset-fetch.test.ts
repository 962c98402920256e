import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeOffsetFetch,
  encodeOffsetFetch,
} from '../../../../src/kafka/transactions/offset-fetch.ts';

/** An answer for topic `t`, partition 3; written out by hand from the protocol's description. */
function answer(offset: bigint, metadata: string | null, partitionError = 0, error = 0): Buffer {
  const offsets = Buffer.alloc(12);
  offsets.writeBigInt64BE(offset);
  offsets.writeInt32BE(-1, 8);
  const bytes = Buffer.from(metadata ?? '');
  const length =
    metadata === null
      ? [0]
      : bytes.length + 1 < 128
        ? [bytes.length + 1]
        : [((bytes.length + 1) % 128) + 128, (bytes.length + 1) >> 7];
  return Buffer.concat([
    Buffer.of(0, 0, 0, 0, 0),
    Buffer.of(2, 2, 0x74, 2, 0, 0, 0, 3),
    offsets,
    Buffer.from(length),
    bytes,
    Buffer.of(0, partitionError, 0, 0, 0, error, 0),
  ]);
}

describe('OffsetFetch of stable offsets', () => {
  it('is asked for as the protocol says', () => {
    expect([...encodeOffsetFetch('group', 't', 258)]).toEqual([
      ...[0, 6, ...Buffer.from('group'), 2, 2, 0x74, 2, 0, 0, 1, 2, 0, 1, 0],
    ]);
    const long = encodeOffsetFetch('g'.repeat(300), 't', 0);
    expect([...long.subarray(0, 4)]).toEqual([0, 0xad, 0x02, 0x67]);
  });

  it.each([
    [42n, 'se1.16.AQE'],
    [-1n, ''],
    [0n, null],
    [7n, 'm'.repeat(4_000)],
  ])('reads %s and its metadata', (offset, metadata) => {
    expect(decodeOffsetFetch(answer(offset, metadata))).toEqual({
      offset: Number(offset),
      metadata,
    });
  });

  it.each([
    [answer(-1n, '', 88), 'UNSTABLE_OFFSET_COMMIT'],
    [answer(-1n, '', 0, 14), 'COORDINATOR_LOAD_IN_PROGRESS'],
    [Buffer.of(0, 0, 0, 0, 0, 1, 0, 16, 0), 'NOT_COORDINATOR'],
  ])(
    'an offset that may still change is refused, and so is what no coordinator says',
    (bytes, type) => {
      expect(() => decodeOffsetFetch(bytes)).toThrow(type);
    },
  );

  it('no bytes make an offset of nothing', () => {
    const whole = answer(42n, 'metadata');
    for (let length = 0; length < whole.length - 1; length += 1) {
      expect(() => decodeOffsetFetch(whole.subarray(0, length))).toThrow();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeOffsetFetch(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});
