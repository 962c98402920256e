/** The server's end of a connection, as a test plays it: it reads our frames, and says its own. */

import { Buffer } from 'node:buffer';
import { Connection } from '../../../src/http2/connection.ts';
import { flag, frameType, largestFrameBytes, preface } from '../../../src/http2/frame.ts';
import { FrameReader } from '../../../src/http2/frame-reader.ts';
import { encodeFields } from '../../../src/http2/hpack/encoder.ts';
import type { Http2Error } from '../../../src/http2/http2-error.ts';
import type { Stream, StreamOwner } from '../../../src/http2/stream.ts';

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** What a stream's owner was told. */
export class Told implements StreamOwner {
  readonly heads: (readonly string[])[] = [];
  readonly chunks: Buffer[] = [];
  readonly closings: (number | undefined)[] = [];
  hasEnded = false;

  headers(fields: readonly string[], isEnd: boolean): void {
    this.heads.push(fields);
    this.hasEnded ||= isEnd;
  }

  data(chunk: Buffer, isEnd: boolean): void {
    this.chunks.push(Buffer.from(chunk));
    this.hasEnded ||= isEnd;
  }

  closed(code: number | undefined): void {
    this.closings.push(code);
  }
}

export const windows = { ofStream: 1_000, ofConnection: 70_000 };
export const requestHead = encodeFields([':method', 'POST', ':path', '/x']);
export const answerHead = encodeFields([':status', '200']);

/** So many bytes, of which a part that is out of place shows. */
export const patternOf = (bytes: number, seed: number): Buffer =>
  Buffer.alloc(
    bytes,
    Uint8Array.from({ length: 251 }, (_, index) => (index + seed) % 251),
  );

/** A frame as it goes over the wire. */
export function frameOf(type: number, flags: number, id: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(id, 5);
  return Buffer.concat([header, payload]);
}

export const uint32 = (...values: readonly number[]): Buffer =>
  Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    }),
  );

export function settingsFrame(settings: readonly (readonly [number, number])[] = []): Buffer {
  const payload = Buffer.alloc(settings.length * 6);
  settings.forEach(([id, value], index) => {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  });
  return frameOf(frameType.settings, 0, 0, payload);
}

export const headersFrame = (id: number, block: Buffer, flags: number = flag.endHeaders): Buffer =>
  frameOf(frameType.headers, flags, id, block);

export const dataFrame = (id: number, data: Uint8Array, isEnd = false): Buffer =>
  frameOf(frameType.data, isEnd ? flag.endStream : 0, id, data);

export interface Peer {
  readonly connection: Connection;
  /** Begins a request. */
  readonly request: (body?: Uint8Array) => { readonly stream: Stream; readonly told: Told };
  /** Says something to the connection. */
  readonly say: (...frames: readonly Buffer[]) => void;
  /** What the connection has written since it was asked last, the preface left out. */
  readonly heard: () => Frame[];
  readonly goodbyes: () => number;
  readonly greetings: () => number;
  readonly fault: () => Http2Error | undefined;
}

/** @param greeting what is said at once; by default settings that say nothing */
export function openPeer(greeting: readonly Buffer[] = [settingsFrame()]): Peer {
  let fault: Http2Error | undefined;
  let [goodbyes, greetings] = [0, 0];
  const connection = new Connection(
    { maxHeaderListBytes: 4_000, windows },
    {
      wake: () => undefined,
      greeted: () => {
        greetings += 1;
      },
      goneAway: () => {
        goodbyes += 1;
      },
      streamClosed: () => undefined,
      broken: (error) => {
        fault = error;
      },
    },
  );
  let frames: Frame[] = [];
  const reader = new FrameReader(
    {
      frame: (type, flags, id, buffer, start, end) => {
        frames.push({ type, flags, id, payload: Buffer.from(buffer.subarray(start, end)) });
      },
    },
    largestFrameBytes,
  );
  let unread = preface.length;
  const heard = (): Frame[] => {
    const bytes = Buffer.concat(connection.writer.take());
    reader.read(bytes.subarray(Math.min(unread, bytes.length)));
    unread -= Math.min(unread, bytes.length);
    const result = frames;
    frames = [];
    return result;
  };
  const say = (...said: readonly Buffer[]): void => connection.receive(Buffer.concat(said));
  say(...greeting);
  return {
    connection,
    say,
    heard,
    request: (body = Buffer.from('hello')) => {
      const told = new Told();
      return { told, stream: connection.request(requestHead, body, told) };
    },
    goodbyes: () => goodbyes,
    greetings: () => greetings,
    fault: () => fault,
  };
}
