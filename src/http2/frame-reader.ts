/** Cuts the bytes of a connection into frames (RFC 9113 §4.1). Pure. */

import { errorCode, frameHeaderBytes } from './frame.ts';
import { Http2Error } from './http2-error.ts';

/** Takes a frame; its payload are the bytes of `buffer` from `start` to `end`. */
export interface TakeFrame {
  frame(
    type: number,
    flags: number,
    streamId: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void;
}

/** Keeps no more than one frame; what is whole is handed on without a copy. */
export class FrameReader {
  private readonly taker: TakeFrame;
  private readonly maxFrameBytes: number;
  private pieces: Buffer[] = [];
  private kept = 0;
  /** Bytes without which there is nothing to do. */
  private needed = frameHeaderBytes;

  constructor(taker: TakeFrame, maxFrameBytes: number) {
    this.taker = taker;
    this.maxFrameBytes = maxFrameBytes;
  }

  /** @throws Http2Error where a frame is larger than allowed, and what the taker throws */
  read(chunk: Buffer): void {
    const buffer = this.joined(chunk);
    if (buffer === undefined) return;
    let at = 0;
    this.needed = frameHeaderBytes;
    while (buffer.length - at >= frameHeaderBytes) {
      const length = buffer.readUIntBE(at, 3);
      if (length > this.maxFrameBytes) {
        const told = `a frame of ${length} bytes, where ${this.maxFrameBytes} are allowed`;
        throw new Http2Error(errorCode.frameSizeError, told);
      }
      const start = at + frameHeaderBytes;
      const end = start + length;
      if (end > buffer.length) {
        this.needed = frameHeaderBytes + length;
        break;
      }
      const type = buffer[at + 3] ?? 0;
      const flags = buffer[at + 4] ?? 0;
      const streamId = buffer.readUInt32BE(at + 5) & 0x7fff_ffff;
      at = end;
      this.taker.frame(type, flags, streamId, buffer, start, end);
    }
    if (at < buffer.length) this.keep(buffer.subarray(at));
  }

  /** A frame may come byte by byte: what is kept is put together once. */
  private joined(chunk: Buffer): Buffer | undefined {
    if (this.kept === 0) return chunk;
    this.keep(chunk);
    if (this.kept < this.needed) return undefined;
    const buffer = Buffer.concat(this.pieces, this.kept);
    this.pieces = [];
    this.kept = 0;
    return buffer;
  }

  private keep(piece: Buffer): void {
    this.pieces.push(piece);
    this.kept += piece.length;
  }
}
