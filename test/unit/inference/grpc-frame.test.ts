import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createMessageReader,
  type FrameFlaw,
  framed,
  messagePrefix,
} from '../../../src/inference/grpc-frame.ts';

interface Read {
  readonly messages: { readonly bytes: Buffer; readonly compressed: boolean }[];
  readonly flaw: FrameFlaw | undefined;
  readonly midway: boolean;
}

/** Reads all pieces, up to a flaw. */
function readAll(pieces: readonly Uint8Array[], maxBytes = 1_000_000): Read {
  const messages: Read['messages'] = [];
  const reader = createMessageReader(maxBytes, (bytes, compressed) =>
    messages.push({ bytes: Buffer.from(bytes), compressed }),
  );
  for (const piece of pieces) {
    const flaw = reader.read(Buffer.from(piece));
    if (flaw !== undefined) return { messages, flaw, midway: reader.midway() };
  }
  return { messages, flaw: undefined, midway: reader.midway() };
}

/** Cuts it there, wherever that is. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length];
  let from = 0;
  return ends
    .sort((a, b) => a - b)
    .map((end) => {
      const piece = bytes.subarray(from, end);
      from = end;
      return piece;
    });
}

const message = fc.record({
  bytes: fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)),
  compressed: fc.boolean(),
});
const written = (messages: Read['messages']): Buffer =>
  Buffer.concat(
    messages.map(({ bytes, compressed }) => {
      const frame = framed(bytes);
      frame[0] = compressed ? 1 : 0;
      return frame;
    }),
  );

test('a prefix is five bytes: not compressed, and the length', () => {
  expect([...messagePrefix(0)]).toEqual([0, 0, 0, 0, 0]);
  expect([...messagePrefix(0x01020304)]).toEqual([0, 1, 2, 3, 4]);
  expect([...framed(Buffer.from([7, 8]))]).toEqual([0, 0, 0, 0, 2, 7, 8]);
});

describe('reading messages', () => {
  test('however they are cut, they are the same', () =>
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 200 }),
        (messages, places) => {
          const read = readAll(cut(written(messages), places));
          expect(read).toEqual({ messages, flaw: undefined, midway: false });
        },
      ),
    ));

  test('byte by byte', () => {
    const messages = [5_000, 0, 1, 70].map((length) => ({
      bytes: Buffer.alloc(length, length),
      compressed: false,
    }));
    const bytes = written(messages);
    const read = readAll([...bytes].map((byte) => Buffer.from([byte])));
    expect(read).toEqual({ messages, flaw: undefined, midway: false });
  });

  test('that stop anywhere within one end midway, with those before it', () =>
    fc.assert(
      fc.property(message, message, fc.nat(), fc.array(fc.nat()), (first, last, stop, places) => {
        const end = written([last]);
        const part = end.subarray(0, 1 + (stop % (end.length - 1)));
        const read = readAll(cut(Buffer.concat([written([first]), part]), places));
        expect(read).toEqual({ messages: [first], flaw: undefined, midway: true });
      }),
    ));

  test('a length beyond the bound is a flaw as soon as the prefix is there', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 11, max: 2 ** 32 - 1 }),
        fc.array(fc.nat()),
        (length, places) => {
          const bytes = Buffer.concat([
            written([{ bytes: Buffer.alloc(10), compressed: false }]),
            messagePrefix(length),
          ]);
          const read = readAll(cut(bytes, places), 10);
          expect([read.flaw, read.messages.length]).toEqual(['message too large', 1]);
        },
      ),
    ));

  test('a first byte that is neither 0 nor 1 is a flaw', () =>
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 255 }), fc.nat(), (flag, place) => {
        const bytes = Buffer.from([flag, 0, 0, 0, 0]);
        expect(readAll(cut(bytes, [place])).flaw).toBe('prefix malformed');
      }),
    ));

  test('any bytes are read without a throw, and no message is beyond the bound', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat()), (bytes, places) => {
        const read = readAll(cut(Buffer.from(bytes), places), 100);
        expect(read.messages.every((one) => one.bytes.length <= 100)).toBe(true);
      }),
    ));
});
