/**
 * What the peer may send (RFC 9113 §5.2, §6.9). What was read is made room for at once: whose answer
 * it is bounds what it keeps.
 */

import { errorCode } from './frame.ts';
import type { FrameWriter } from './frame-writer.ts';
import { Http2Error } from './http2-error.ts';
import type { Stream } from './stream.ts';

/** How much may be under way to us, in bytes. */
export interface Windows {
  readonly ofStream: number;
  /** Of all streams together; 65,535 at least. */
  readonly ofConnection: number;
}

export class Inflow {
  private readonly windows: Windows;
  private readonly writer: FrameWriter;
  private window: number;
  private unannounced = 0;

  constructor(windows: Windows, writer: FrameWriter) {
    this.windows = windows;
    this.writer = writer;
    this.window = windows.ofConnection;
  }

  /** So much came on the connection. @throws Http2Error */
  take(bytes: number): void {
    this.window -= bytes;
    if (this.window < 0) throw exceeded('the connection');
    this.unannounced += bytes;
    // By halves: a window that is told of every frame would cost a frame for each.
    if (this.unannounced < this.windows.ofConnection / 2) return;
    this.writer.windowUpdate(0, this.unannounced);
    this.window += this.unannounced;
    this.unannounced = 0;
  }

  /** So much of it was of a stream, of which more is to come unless `isEnd`. @throws Http2Error */
  takeOf(stream: Stream, bytes: number, isEnd: boolean): void {
    stream.receiveWindow -= bytes;
    if (stream.receiveWindow < 0) throw exceeded(`stream ${stream.id}`);
    stream.unannounced += bytes;
    if (isEnd || stream.unannounced < this.windows.ofStream / 2) return;
    this.writer.windowUpdate(stream.id, stream.unannounced);
    stream.receiveWindow += stream.unannounced;
    stream.unannounced = 0;
  }
}

const exceeded = (whose: string): Http2Error =>
  new Http2Error(errorCode.flowControlError, `more data than the window of ${whose} allows`);
