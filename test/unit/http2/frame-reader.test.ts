/** Bytes to frames: whatever way they are cut. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultFrameBytes } from '../../../src/http2/frame.ts';
import { FrameReader } from '../../../src/http2/frame-reader.ts';
import { Http2Error } from '../../../src/http2/http2-error.ts';
import { frameOf } from './peer.ts';

type Read = readonly [type: number, flags: number, id: number, payload: string];

function readerInto(frames: Read[]): FrameReader {
  const frame = (
    ...[type, flags, id, buffer, start, end]: Parameters<
      ConstructorParameters<typeof FrameReader>[0]['frame']
    >
  ): void => void frames.push([type, flags, id, buffer.toString('hex', start, end)]);
  return new FrameReader({ frame }, defaultFrameBytes);
}

const octet = fc.integer({ min: 0, max: 255 });
const anyFrame = fc.record({
  type: octet,
  flags: octet,
  id: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  payload: fc.uint8Array({ maxLength: 60 }),
});

test('frames come whole and in order, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 12 }),
      fc.array(fc.integer({ min: 0, max: 40 })),
      (frames, cuts) => {
        const read: Read[] = [];
        const reader = readerInto(read);
        let rest = Buffer.concat(
          frames.map(({ type, flags, id, payload }) => frameOf(type, flags, id, payload)),
        );
        for (const cut of cuts) {
          reader.read(rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        reader.read(rest);
        expect(read).toEqual(
          frames.map(({ type, flags, id, payload }) => [
            ...[type, flags, id],
            Buffer.from(payload).toString('hex'),
          ]),
        );
      },
    ),
  );
});

test('a frame may come byte by byte', () => {
  const read: Read[] = [];
  const reader = readerInto(read);
  const payload = Buffer.alloc(defaultFrameBytes, 7);
  for (const byte of frameOf(0, 0, 1, payload)) reader.read(Buffer.from([byte]));
  expect(read).toEqual([[0, 0, 1, payload.toString('hex')]]);
});

test('a frame beyond what was agreed is refused by its header', () => {
  const reader = readerInto([]);
  const header = frameOf(0, 0, 1, Buffer.alloc(defaultFrameBytes + 1)).subarray(0, 9);
  expect(() => reader.read(header)).toThrow(Http2Error);
});
