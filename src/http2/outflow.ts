/**
 * What goes out on a connection's streams, as far as the peer's windows allow (RFC 9113 §5.2, §6.9).
 *
 * O1 No stream is sent more than its own window and the connection's allow; the rest waits, without
 *    a copy, and goes on where it stopped, streams in turn.
 */

import {
  defaultFrameBytes,
  defaultWindowBytes,
  errorCode,
  flag,
  frameType,
  largestWindowBytes,
} from './frame.ts';
import type { FrameWriter } from './frame-writer.ts';
import { Http2Error } from './http2-error.ts';
import type { Stream } from './stream.ts';

export class Outflow {
  /** Of new streams, in bytes. */
  initialWindow = defaultWindowBytes;
  /** The most that the peer takes in one frame. */
  maxFrameBytes = defaultFrameBytes;
  private window = defaultWindowBytes;
  private readonly writer: FrameWriter;
  private readonly waiting = new Set<Stream>();

  constructor(writer: FrameWriter) {
    this.writer = writer;
  }

  /** The head of a request, as one frame or with continuations (§6.10). @param block encoded */
  head({ id }: Stream, block: Buffer): void {
    const { maxFrameBytes, writer } = this;
    if (block.length <= maxFrameBytes) {
      writer.header(block.length, frameType.headers, flag.endHeaders, id);
      writer.bytes(block);
      return;
    }
    for (let at = 0; at < block.length; at += maxFrameBytes) {
      const part = block.subarray(at, at + maxFrameBytes);
      const type = at === 0 ? frameType.headers : frameType.continuation;
      const isLast = at + maxFrameBytes >= block.length;
      writer.header(part.length, type, isLast ? flag.endHeaders : 0, id);
      writer.bytes(part);
    }
  }

  /** All the data of a stream, which ends our side; not to be changed before it closes. */
  data(stream: Stream, bytes: Uint8Array): void {
    stream.waiting = bytes;
    this.waiting.add(stream);
    this.advance(stream);
  }

  /** It is closed: what waits is of no use. */
  drop(stream: Stream): void {
    if (stream.waiting === undefined) return;
    this.waiting.delete(stream);
    stream.waiting = undefined;
  }

  /** The peer takes so much more on the connection. @throws Http2Error */
  widen(bytes: number): void {
    this.window = widened(this.window, bytes);
    this.advanceAll();
  }

  /** The peer takes so much more on a stream. @throws Http2Error */
  widenStream(stream: Stream, bytes: number): void {
    stream.sendWindow = widened(stream.sendWindow, bytes);
    this.advance(stream);
  }

  /** The peer's setting, which holds for streams under way too (§6.9.2). @throws Http2Error */
  setInitialWindow(bytes: number, streams: Iterable<Stream>): void {
    const more = bytes - this.initialWindow;
    this.initialWindow = bytes;
    for (const stream of streams) stream.sendWindow = widened(stream.sendWindow, more);
    this.advanceAll();
  }

  private advanceAll(): void {
    for (const stream of [...this.waiting]) {
      // One that still waits goes behind the others.
      this.waiting.delete(stream);
      this.waiting.add(stream);
      this.advance(stream);
    }
  }

  /** Sends what there is room for. */
  private advance(stream: Stream): void {
    let { waiting } = stream;
    while (waiting !== undefined) {
      const room = Math.min(this.maxFrameBytes, this.window, stream.sendWindow);
      if (room <= 0 && waiting.length > 0) break;
      const part: Uint8Array = waiting.length <= room ? waiting : waiting.subarray(0, room);
      const isEnd = part.length === waiting.length;
      this.window -= part.length;
      stream.sendWindow -= part.length;
      this.writer.header(part.length, frameType.data, isEnd ? flag.endStream : 0, stream.id);
      this.writer.bytes(part);
      waiting = isEnd ? undefined : waiting.subarray(part.length);
    }
    stream.waiting = waiting;
    if (waiting !== undefined) return;
    stream.hasEndedHere = true;
    this.waiting.delete(stream);
  }
}

function widened(window: number, bytes: number): number {
  const wider = window + bytes;
  if (wider > largestWindowBytes) {
    throw new Http2Error(errorCode.flowControlError, 'a window beyond 2^31 - 1 bytes');
  }
  return wider;
}
