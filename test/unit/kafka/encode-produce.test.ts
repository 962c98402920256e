import { createRequire } from 'node:module';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { crc32c } from '../../../src/kafka/crc32c.ts';
import { encodeProduce, type ProduceRequest } from '../../../src/kafka/encode-produce.ts';

/** kafkajs' own, loaded before anything is replaced. */
const load = createRequire(import.meta.url);
const ownProduce = load('kafkajs/src/protocol/requests/produce/v3/request.js') as (
  request: ProduceRequest,
) => { encode: () => Promise<{ buffer: Buffer }> };
const ownChecksum = load('kafkajs/src/protocol/recordBatch/crc32C/index.js') as (
  bytes: Buffer,
) => number;
const ownLong = load('kafkajs/src/utils/long.js') as { fromValue: (value: bigint) => unknown };

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 20 }));
const bytes = fc
  .oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ maxLength: 3_000 }))
  .map((array) => Buffer.from(array));
const value = fc.oneof(text, bytes);
const message = fc.record(
  {
    key: fc.oneof(value, fc.constant(null), fc.constant(undefined)),
    value: fc.oneof(value, fc.constant(null)),
    headers: fc.dictionary(text, fc.oneof(value, fc.array(value, { maxLength: 3 })), {
      maxKeys: 6,
    }),
  },
  { requiredKeys: ['value'] },
);
const partition = fc.record(
  {
    partition: fc.nat(),
    firstSequence: fc.nat(),
    messages: fc.array(message, { minLength: 1, maxLength: 130 }),
  },
  { requiredKeys: ['partition', 'messages'] },
);
const request: fc.Arbitrary<ProduceRequest> = fc.record(
  {
    acks: fc.constantFrom(-1, 0, 1),
    timeout: fc.nat(),
    transactionalId: fc.oneof(fc.constant(null), text),
    producerId: fc.bigInt({ min: -1n, max: 2n ** 62n }).map((id) => ownLong.fromValue(id)),
    producerEpoch: fc.nat(32_767),
    compression: fc.constant(0),
    topicData: fc.array(
      fc.record({ topic: text, partitions: fc.array(partition, { maxLength: 3 }) }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ['acks', 'timeout', 'topicData'] },
);

describe('a Produce request', () => {
  const nowMs = 1_790_000_000_123;
  beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: nowMs }));
  afterEach(() => vi.useRealTimers());

  it('is, byte for byte, what kafkajs makes of it', async () => {
    await fc.assert(
      fc.asyncProperty(request, async (given) => {
        const { buffer } = await ownProduce(given).encode();
        expect(encodeProduce(given, nowMs)?.equals(buffer)).toBe(true);
      }),
    );
  });

  const one = (message: object, more: object = {}): ProduceRequest =>
    ({
      acks: -1,
      timeout: 1,
      topicData: [{ topic: 't', partitions: [{ partition: 0, messages: [message] }] }],
      ...more,
    }) as ProduceRequest;
  it.each([
    ['compression', one({ value: 'v' }, { compression: 1 })],
    ['a timestamp of its own', one({ value: 'v', timestamp: '5' })],
    ['a value that is a number', one({ value: 5 })],
    ['a key that is an array of bytes', one({ value: 'v', key: new Uint8Array(2) })],
    ['a header without a value', one({ value: 'v', headers: { h: null } })],
    ['a producer id of another kind', one({ value: 'v' }, { producerId: true })],
  ])('with %s is left to kafkajs', (_what, given) => {
    expect(encodeProduce(given, nowMs)).toBeUndefined();
  });

  it('without any record is left to kafkajs', () => {
    const topicData = [{ topic: 't', partitions: [{ partition: 0, messages: [] }] }];
    expect(encodeProduce({ acks: -1, timeout: 1, topicData }, nowMs)).toBeUndefined();
  });
});

describe('the checksum', () => {
  it.each([
    // RFC 3720, appendix B.4.
    ['32 bytes of zeroes', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['32 ascending bytes', Buffer.from([...Array(32).keys()]), 0x46dd794e],
    ['nothing', Buffer.alloc(0), 0],
  ])('of %s is that of the standard', (_what, given, expected) => {
    expect(crc32c(given)).toBe(expected);
  });

  it('is that of kafkajs, of any part of any bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(40),
        fc.nat(40),
        (array, from, less) => {
          const to = Math.max(from, array.length - less);
          const bytes = Buffer.from(array);
          expect(crc32c(bytes, Math.min(from, array.length), Math.min(to, array.length))).toBe(
            ownChecksum(bytes.subarray(from, to)),
          );
        },
      ),
    );
  });
});
