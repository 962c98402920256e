import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeDescribeTransactions,
  encodeDescribeTransactions,
} from '../../../../src/kafka/transactions/describe-transactions.ts';

/** An answer for one transactional id; written out by hand from the protocol's description. */
function answer(state: string, producerId: bigint, producerEpoch: number, error = 0): Buffer {
  const numbers = Buffer.alloc(22);
  numbers.writeInt32BE(60_000);
  numbers.writeBigInt64BE(-1n, 4);
  numbers.writeBigInt64BE(producerId, 12);
  numbers.writeInt16BE(producerEpoch, 20);
  return Buffer.concat([
    Buffer.of(0, 0, 0, 0, 0, 2, 0, error, 3, 0x69, 0x64, state.length + 1),
    Buffer.from(state),
    numbers,
    // No partitions, and the tags of the id and of the answer.
    Buffer.of(1, 0, 0),
  ]);
}

describe('DescribeTransactions', () => {
  it('is asked for as the protocol says', () => {
    expect([...encodeDescribeTransactions('id')]).toEqual([0, 2, 3, 0x69, 0x64, 0]);
  });

  it('tells the state, and the producer whose it is', () => {
    const id = 2n ** 53n + 1n;
    expect(decodeDescribeTransactions(answer('CompleteCommit', id, 7))).toEqual({
      state: 'CompleteCommit',
      producerId: '9007199254740993',
      producerEpoch: 7,
    });
  });

  it.each([
    ['an id that it has never heard of', 105],
    ['an id that we may not ask about', 53],
  ])('tells nothing of %s', (_, error) => {
    expect(decodeDescribeTransactions(answer('', -1n, -1, error))).toBeUndefined();
  });

  it.each([
    [14, 'COORDINATOR_LOAD_IN_PROGRESS'],
    [15, 'COORDINATOR_NOT_AVAILABLE'],
    [16, 'NOT_COORDINATOR'],
  ])('error %s is one to ask again after', (error, type) => {
    const told = () => decodeDescribeTransactions(answer('', -1n, -1, error));
    expect(told).toThrow(type);
    expect(told).toThrow(expect.objectContaining({ type }));
  });

  it('whatever comes, nothing but an error comes of what makes no sense', () => {
    const good = answer('Ongoing', 5n, 1);
    fc.assert(
      fc.property(fc.nat(good.length - 4), fc.uint8Array({ maxLength: 60 }), (kept, junk) => {
        try {
          decodeDescribeTransactions(Buffer.concat([good.subarray(0, kept), junk]));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});
