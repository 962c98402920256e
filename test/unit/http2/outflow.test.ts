/** What a connection sends: never more than the peer's windows allow, and in the end all of it. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flag, frameType, largestWindowBytes, setting } from '../../../src/http2/frame.ts';
import { frameOf, openPeer, type Peer, patternOf, settingsFrame, uint32 } from './peer.ts';

const widen = (peer: Peer, id: number, bytes: number): void =>
  peer.say(frameOf(frameType.windowUpdate, 0, id, uint32(bytes)));

/** Adds up what came, and looks whether it was allowed. */
function account(initialWindow: number) {
  const received = new Map<number, Buffer>();
  const room = new Map<number, number>([[0, 65_535]]);
  const ended = new Set<number>();
  const of = (id: number): number => room.get(id) ?? initialWindow;
  return {
    received,
    ended,
    widened: (id: number, bytes: number) => room.set(id, of(id) + bytes),
    take: (peer: Peer): void => {
      for (const { type, flags, id, payload } of peer.heard()) {
        if (type !== frameType.data) continue;
        expect(ended).not.toContain(id);
        for (const key of [0, id]) {
          room.set(key, of(key) - payload.length);
          if (payload.length > 0) expect(of(key)).toBeGreaterThanOrEqual(0);
        }
        received.set(id, Buffer.concat([received.get(id) ?? Buffer.alloc(0), payload]));
        if ((flags & flag.endStream) !== 0) ended.add(id);
      }
    },
  };
}

test('all windows are heeded, however they are widened, and everything arrives once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 3_000 }),
      fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.tuple(fc.nat(6), fc.integer({ min: 1, max: 30_000 })), { maxLength: 30 }),
      (initialWindow, lengths, widenings) => {
        const peer = openPeer([settingsFrame([[setting.initialWindowSize, initialWindow]])]);
        const seen = account(initialWindow);
        const bodies = lengths.map((length, index) => patternOf(length, index));
        for (const body of bodies) {
          peer.request(body);
          seen.take(peer);
        }
        const give = (id: number, bytes: number): void => {
          seen.widened(id, bytes);
          widen(peer, id, bytes);
          seen.take(peer);
        };
        for (const [which, bytes] of widenings) {
          if (which <= bodies.length) give(which === 0 ? 0 : which * 2 - 1, bytes);
        }
        give(0, 1_000_000);
        bodies.forEach((_, index) => void give(index * 2 + 1, 100_000));
        bodies.forEach((body, index) => {
          expect(seen.received.get(index * 2 + 1)?.equals(body)).toBe(true);
          expect(seen.ended).toContain(index * 2 + 1);
        });
      },
    ),
    { numRuns: 60 },
  );
});

test('a smaller initial window takes back what streams under way were promised (§6.9.2)', () => {
  const peer = openPeer([settingsFrame([[setting.initialWindowSize, 100]])]);
  const seen = account(100);
  const body = patternOf(300, 1);
  peer.request(body);
  seen.take(peer);
  expect(seen.received.get(1)).toHaveLength(100);
  peer.say(settingsFrame([[setting.initialWindowSize, 20]]));
  widen(peer, 1, 80);
  expect(peer.heard().filter(({ type }) => type === frameType.data)).toEqual([]);
  seen.widened(1, 80 - 80 + 200);
  widen(peer, 1, 200);
  seen.take(peer);
  expect(seen.received.get(1)).toEqual(body);
});

test('streams that wait for the connection take turns', () => {
  const peer = openPeer([settingsFrame([[setting.initialWindowSize, 1_000_000]])]);
  const first = peer.request(patternOf(65_535 + 40_000, 1));
  const second = peer.request(patternOf(40_000, 2));
  peer.heard();
  widen(peer, 0, 30_000);
  widen(peer, 0, 30_000);
  const ids = peer.heard().map(({ id }) => id);
  expect(ids).toContain(first.stream.id);
  expect(ids).toContain(second.stream.id);
});

test('a head beyond one frame goes on in continuations, with nothing between them', () => {
  const peer = openPeer();
  peer.heard();
  const head = Buffer.alloc(40_000, 0x80);
  const told = peer.request().told;
  peer.connection.request(head, Buffer.alloc(0), told);
  const frames = peer.heard().filter(({ id }) => id === 3);
  const [first, second, third, data] = frames;
  expect(frames.map(({ type }) => type)).toEqual([
    ...[frameType.headers, frameType.continuation, frameType.continuation, frameType.data],
  ]);
  expect([first, second, third].map((frame) => frame?.flags)).toEqual([0, 0, flag.endHeaders]);
  expect(data?.flags).toBe(flag.endStream);
});

test.each([
  ['of the connection', 0],
  ['of a stream', 1],
])('a window %s beyond 2^31 - 1 ends the connection', (_, id) => {
  const peer = openPeer();
  const { told } = peer.request();
  widen(peer, id, largestWindowBytes);
  expect(peer.fault()?.message).toMatch(/window/);
  expect(told.closings).toHaveLength(1);
});
