/** A client's connection against a server that says what it may say, and what it may not. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorCode, flag, frameType, preface, setting } from '../../../src/http2/frame.ts';
import { encodeFields } from '../../../src/http2/hpack/encoder.ts';
import {
  answerHead,
  dataFrame,
  frameOf,
  headersFrame,
  openPeer,
  requestHead,
  settingsFrame,
  Told,
  uint32,
  windows,
} from './peer.ts';

const { endHeaders, endStream } = flag;
const trailers = encodeFields(['grpc-status', '0']);

describe('a call', () => {
  test('begins with the preface, settings and a wider window, then its head and its data', () => {
    const peer = openPeer([]);
    peer.connection.request(requestHead, Buffer.from('hello'), new Told());
    const bytes = Buffer.concat(peer.connection.writer.take());
    expect(bytes.subarray(0, preface.length)).toEqual(preface);
    const again = openPeer([]);
    again.request();
    const [settings, window, head, data] = again.heard();
    expect(settings?.type).toBe(frameType.settings);
    expect(settings?.payload.subarray(0, 6)).toEqual(Buffer.from([0, 2, 0, 0, 0, 0]));
    expect(window?.payload).toEqual(uint32(windows.ofConnection - 65_535));
    const block = Buffer.concat([Buffer.from([0x20]), requestHead]);
    expect(head).toEqual({ type: 1, flags: endHeaders, id: 1, payload: block });
    expect(data).toEqual({ type: 0, flags: endStream, id: 1, payload: Buffer.from('hello') });
  });

  test('is told its head, data and trailers in order, and that it closed', () => {
    const peer = openPeer();
    const { told } = peer.request();
    peer.say(
      headersFrame(1, answerHead),
      dataFrame(1, Buffer.from('a')),
      dataFrame(1, Buffer.from('b')),
      headersFrame(1, trailers, endHeaders | endStream),
    );
    expect(told.heads).toEqual([
      [':status', '200'],
      ['grpc-status', '0'],
    ]);
    expect(Buffer.concat(told.chunks).toString()).toBe('ab');
    expect(told.closings).toEqual([undefined]);
    expect(peer.connection.active).toBe(0);
  });

  test('padding and priorities are taken off, and padding counts for the windows', () => {
    const peer = openPeer();
    const { told } = peer.request();
    const padded = Buffer.concat([Buffer.from([3]), answerHead, Buffer.alloc(3)]);
    const weighed = Buffer.concat([
      Buffer.from([2]),
      uint32(0),
      Buffer.from([9]),
      trailers,
      Buffer.alloc(2),
    ]);
    peer.say(
      headersFrame(1, padded, endHeaders | flag.padded),
      frameOf(frameType.data, flag.padded, 1, Buffer.from([2, 65, 0, 0])),
      headersFrame(1, weighed, endHeaders | endStream | flag.padded | flag.priority),
    );
    expect(told.heads).toEqual([
      [':status', '200'],
      ['grpc-status', '0'],
    ]);
    expect(Buffer.concat(told.chunks).toString()).toBe('A');
  });

  test('a head in continuations is one head', () => {
    const peer = openPeer();
    const { told } = peer.request();
    const block = Buffer.concat([answerHead, trailers]);
    peer.say(
      headersFrame(1, block.subarray(0, 2), endStream),
      frameOf(frameType.continuation, 0, 1, block.subarray(2, 5)),
      frameOf(frameType.continuation, endHeaders, 1, block.subarray(5)),
    );
    expect(told.heads).toEqual([[':status', '200', 'grpc-status', '0']]);
    expect(told.closings).toEqual([undefined]);
  });

  test('that is answered before it was sent whole is broken off, and sends no more', () => {
    const peer = openPeer([settingsFrame([[setting.initialWindowSize, 2]])]);
    const { told } = peer.request(Buffer.from('hello'));
    peer.heard();
    peer.say(headersFrame(1, answerHead, endHeaders | endStream));
    peer.say(frameOf(frameType.windowUpdate, 0, 1, uint32(100)));
    expect(told.closings).toEqual([undefined]);
    expect(peer.heard()).toEqual([
      { type: frameType.rstStream, flags: 0, id: 1, payload: uint32(errorCode.cancel) },
    ]);
  });

  test('that is reset here is told so, and what comes for it afterwards is ignored', () => {
    const peer = openPeer();
    const { stream, told } = peer.request();
    peer.connection.reset(stream, errorCode.cancel);
    peer.connection.reset(stream, errorCode.cancel);
    peer.say(headersFrame(1, answerHead), dataFrame(1, Buffer.from('x'), true));
    expect(told.heads).toEqual([]);
    expect(told.closings).toEqual([errorCode.cancel]);
    expect(peer.heard().filter(({ type }) => type === frameType.rstStream)).toHaveLength(1);
    expect(peer.fault()).toBeUndefined();
  });

  test('that is reset there is told the code', () => {
    const peer = openPeer();
    const { told } = peer.request();
    peer.say(frameOf(frameType.rstStream, 0, 1, uint32(errorCode.refusedStream)));
    expect(told.closings).toEqual([errorCode.refusedStream]);
  });
});

describe('the connection', () => {
  test('answers settings and pings', () => {
    const peer = openPeer([settingsFrame([[setting.maxConcurrentStreams, 7]])]);
    peer.heard();
    expect(peer.connection.places).toBe(7);
    expect(peer.greetings()).toBe(1);
    const payload = Buffer.from('12345678');
    peer.say(settingsFrame(), frameOf(frameType.ping, 0, 0, payload));
    expect(peer.heard()).toEqual([
      { type: frameType.settings, flags: flag.ack, id: 0, payload: Buffer.alloc(0) },
      { type: frameType.ping, flags: flag.ack, id: 0, payload },
    ]);
    expect(peer.greetings()).toBe(1);
  });

  test('is told of the answer to its own ping', () => {
    const peer = openPeer();
    let signs = 0;
    peer.connection.ping(() => {
      signs += 1;
    });
    const [ping] = peer.heard().filter(({ type }) => type === frameType.ping);
    peer.say(frameOf(frameType.ping, flag.ack, 0, ping?.payload ?? Buffer.alloc(8)));
    peer.say(frameOf(frameType.ping, flag.ack, 0, Buffer.alloc(8)));
    expect(signs).toBe(1);
  });

  test('makes room as data is read: the windows never run dry', () => {
    const peer = openPeer();
    const { told } = peer.request();
    const chunk = Buffer.alloc(400, 1);
    let room = windows.ofStream;
    let roomOfAll = windows.ofConnection;
    peer.say(headersFrame(1, answerHead));
    for (let sent = 0; sent < 400 * 400; sent += 400) {
      expect(room).toBeGreaterThanOrEqual(400);
      expect(roomOfAll).toBeGreaterThanOrEqual(400);
      peer.say(dataFrame(1, chunk));
      room -= 400;
      roomOfAll -= 400;
      for (const { type, id, payload } of peer.heard()) {
        if (type !== frameType.windowUpdate) continue;
        if (id === 1) room += payload.readUInt32BE();
        else roomOfAll += payload.readUInt32BE();
      }
    }
    expect(Buffer.concat(told.chunks)).toHaveLength(400 * 400);
  });

  test('that goes away closes the streams it never looked at as refused, and no other', () => {
    const peer = openPeer();
    const [first, second] = [peer.request(), peer.request()];
    peer.say(frameOf(frameType.goaway, 0, 0, uint32(first.stream.id, errorCode.noError)));
    expect(peer.goodbyes()).toBe(1);
    expect(second.told.closings).toEqual([errorCode.refusedStream]);
    expect(first.told.closings).toEqual([]);
    peer.say(headersFrame(1, answerHead, endHeaders | endStream));
    expect(first.told.closings).toEqual([undefined]);
  });

  test('that ends closes every stream, once', () => {
    const peer = openPeer();
    const calls = [peer.request(), peer.request()];
    peer.connection.end();
    peer.connection.end();
    peer.say(headersFrame(1, answerHead, endHeaders | endStream));
    for (const { told } of calls) expect(told.closings).toEqual([errorCode.internalError]);
  });
});

const { protocolError, frameSizeError, flowControlError, compressionError, enhanceYourCalm } =
  errorCode;
const nothing = Buffer.alloc(0);

const violations: readonly (readonly [what: string, frames: readonly Buffer[], code: number])[] = [
  ['a push', [frameOf(frameType.pushPromise, endHeaders, 1, uint32(2))], protocolError],
  ['an answer to nothing', [headersFrame(5, answerHead)], protocolError],
  ["an answer on a server's stream", [headersFrame(2, answerHead)], protocolError],
  ['data of nothing', [dataFrame(7, nothing)], protocolError],
  ['a head of the connection', [headersFrame(0, answerHead)], protocolError],
  ['data of the connection', [dataFrame(0, nothing)], protocolError],
  ['settings of a stream', [frameOf(frameType.settings, 0, 1, nothing)], protocolError],
  ['a ping of a stream', [frameOf(frameType.ping, 0, 1, Buffer.alloc(8))], protocolError],
  ['a short ping', [frameOf(frameType.ping, 0, 0, Buffer.alloc(7))], frameSizeError],
  ['a short goodbye', [frameOf(frameType.goaway, 0, 0, Buffer.alloc(7))], frameSizeError],
  ['a short reset', [frameOf(frameType.rstStream, 0, 1, Buffer.alloc(3))], frameSizeError],
  [
    'a long window update',
    [frameOf(frameType.windowUpdate, 0, 0, Buffer.alloc(5))],
    frameSizeError,
  ],
  ['settings cut off', [frameOf(frameType.settings, 0, 0, Buffer.alloc(5))], frameSizeError],
  [
    'an acknowledgement that says something',
    [frameOf(frameType.settings, flag.ack, 0, Buffer.alloc(6))],
    frameSizeError,
  ],
  ['a window wider by nothing', [frameOf(frameType.windowUpdate, 0, 0, uint32(0))], protocolError],
  ['pushes switched on', [settingsFrame([[setting.enablePush, 1]])], protocolError],
  ['pushes switched to 2', [settingsFrame([[setting.enablePush, 2]])], protocolError],
  [
    'an initial window of 2^31',
    [settingsFrame([[setting.initialWindowSize, 2 ** 31]])],
    flowControlError,
  ],
  ['tiny frames', [settingsFrame([[setting.maxFrameSize, 100]])], protocolError],
  ['huge frames', [settingsFrame([[setting.maxFrameSize, 2 ** 24]])], protocolError],
  [
    'more padding than data',
    [frameOf(frameType.data, flag.padded, 1, Buffer.from([9, 1]))],
    protocolError,
  ],
  ['padding of no length', [frameOf(frameType.data, flag.padded, 1, nothing)], frameSizeError],
  [
    'a priority cut off',
    [headersFrame(1, Buffer.alloc(3), endHeaders | flag.priority)],
    frameSizeError,
  ],
  [
    'a continuation of nothing',
    [frameOf(frameType.continuation, endHeaders, 1, answerHead)],
    protocolError,
  ],
  ['a frame within a head', [headersFrame(1, answerHead, 0), dataFrame(1, nothing)], protocolError],
  [
    "another stream's continuation",
    [headersFrame(1, answerHead, 0), frameOf(frameType.continuation, endHeaders, 3, nothing)],
    protocolError,
  ],
  [
    'a head in pieces without end',
    [
      headersFrame(1, nothing, 0),
      ...Array.from({ length: 40 }, () => frameOf(frameType.continuation, 0, 1, nothing)),
    ],
    enhanceYourCalm,
  ],
  ['a head beyond the bound', [headersFrame(1, Buffer.alloc(5_000, 0x82), 0)], enhanceYourCalm],
  ['a list beyond the bound', [headersFrame(1, Buffer.alloc(1_000, 0x82))], compressionError],
  ['an index of nothing', [headersFrame(1, Buffer.from([0xff, 0xff, 0x01]))], compressionError],
  [
    "more data than a stream's window",
    [headersFrame(1, answerHead), dataFrame(1, Buffer.alloc(windows.ofStream + 1))],
    flowControlError,
  ],
];

describe('what a server may not do ends the connection with its code, and every call', () => {
  test.each(violations)('%s', (_what, frames, code) => {
    const peer = openPeer();
    const { told } = peer.request();
    peer.heard();
    peer.say(...frames);
    expect(peer.fault()?.code).toBe(code);
    expect(told.closings).toHaveLength(1);
    const last = peer.heard().at(-1);
    expect(last).toEqual({ type: frameType.goaway, flags: 0, id: 0, payload: uint32(0, code) });
    peer.say(settingsFrame());
    expect(peer.heard()).toEqual([]);
  });

  test.each([
    ['HTTP/1.1', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a frame before the settings', headersFrame(1, answerHead)],
  ])('%s is told to be no HTTP/2', (_what, bytes) => {
    const peer = openPeer([]);
    peer.request();
    peer.say(bytes);
    expect(peer.fault()?.message).toMatch(/does not speak HTTP\/2/);
    expect(peer.greetings()).toBe(0);
  });
});

test('who asks without end and does not read the answers is let go of; who reads them is not', () => {
  const ping = frameOf(frameType.ping, 0, 0, Buffer.alloc(8));
  const pings = Array.from({ length: 900 }, () => ping);
  const reading = openPeer();
  for (let turn = 0; turn < 4; turn += 1) {
    reading.say(...pings);
    reading.heard();
  }
  expect(reading.fault()).toBeUndefined();
  const deaf = openPeer();
  for (let turn = 0; turn < 4; turn += 1) deaf.say(...pings);
  expect(deaf.fault()?.code).toBe(enhanceYourCalm);
});

test('a fault of who a call is for ends the connection, and throws at nobody', () => {
  const peer = openPeer();
  class Faulty extends Told {
    override headers(): void {
      throw new TypeError('oops');
    }
  }
  const told = new Faulty();
  peer.connection.request(requestHead, Buffer.alloc(0), told);
  peer.say(headersFrame(1, answerHead));
  expect(peer.fault()?.message).toContain('oops');
  expect(told.closings).toHaveLength(1);
});

test('frames of unknown types and settings, and priorities, are ignored', () => {
  const peer = openPeer([settingsFrame([[99, 5]])]);
  const { told } = peer.request();
  peer.say(
    frameOf(200, 255, 1, Buffer.alloc(30)),
    frameOf(frameType.priority, 0, 1, Buffer.alloc(5)),
    headersFrame(1, answerHead, endHeaders | endStream),
  );
  expect(told.closings).toEqual([undefined]);
  expect(peer.fault()).toBeUndefined();
});

test('whatever a server says, nothing is thrown, and every call is closed once', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const anyFrame = fc.oneof(
    fc
      .tuple(fc.integer({ min: 0, max: 10 }), octet, fc.nat(8), fc.uint8Array({ maxLength: 40 }))
      .map(([type, flags, id, payload]) => frameOf(type, flags, id, payload)),
    fc.nat(6).map((id) => headersFrame(id, answerHead)),
    fc.nat(6).map((id) => headersFrame(id, trailers, endHeaders | endStream)),
    fc.tuple(fc.nat(6), fc.boolean()).map(([id, end]) => dataFrame(id, Buffer.from('ab'), end)),
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 25 }), (frames) => {
      const peer = openPeer();
      const calls = [peer.request(), peer.request(Buffer.alloc(100_000)), peer.request()];
      for (const frame of frames) peer.say(frame);
      peer.connection.end();
      for (const { told } of calls) expect(told.closings).toHaveLength(1);
      expect(peer.connection.active).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});
