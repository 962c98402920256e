/** Gathers frames until they are written: small ones share a buffer. Pure. */

import { flag, frameHeaderBytes, frameType } from './frame.ts';

const slabBytes = 16 * 1024;
/** What is larger is not copied. */
const copiedBytes = 8 * 1024;

export class FrameWriter {
  private slab = Buffer.allocUnsafeSlow(slabBytes);
  private start = 0;
  private end = 0;
  private chunks: Buffer[] = [];
  /** Frames gathered that only answer the peer's. */
  replies = 0;
  /** Told when there is something to take, after there was nothing. */
  private readonly wake: () => void;

  constructor(wake: () => void) {
    this.wake = wake;
  }

  /** @returns what was gathered, in order; it is not touched any more */
  take(): Buffer[] {
    this.cut();
    const { chunks } = this;
    this.chunks = [];
    this.replies = 0;
    return chunks;
  }

  /** Begins a frame; `length` bytes are to follow. */
  header(length: number, type: number, flags: number, streamId: number): void {
    this.wakeIfEmpty();
    const at = this.room(frameHeaderBytes);
    const { slab } = this;
    slab[at] = length >>> 16;
    slab[at + 1] = length >>> 8;
    slab[at + 2] = length;
    slab[at + 3] = type;
    slab[at + 4] = flags;
    slab.writeUInt32BE(streamId, at + 5);
  }

  uint32(value: number): void {
    const at = this.room(4);
    this.slab.writeUInt32BE(value, at);
  }

  uint16(value: number): void {
    const at = this.room(2);
    this.slab.writeUInt16BE(value, at);
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length > copiedBytes) {
      this.cut();
      this.chunks.push(asBuffer(bytes));
    } else {
      const at = this.room(length);
      this.slab.set(bytes, at);
    }
  }

  /** Bytes as they are, before any frame: a client's preface. */
  raw(bytes: Buffer): void {
    this.wakeIfEmpty();
    this.bytes(bytes);
  }

  rstStream(streamId: number, code: number): void {
    this.header(4, frameType.rstStream, 0, streamId);
    this.uint32(code);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.header(4, frameType.windowUpdate, 0, streamId);
    this.uint32(increment);
  }

  /** No stream of the peer was ever looked at: we take none. */
  goaway(code: number): void {
    this.header(8, frameType.goaway, 0, 0);
    this.uint32(0);
    this.uint32(code);
  }

  ping(payload: Buffer, isAck: boolean): void {
    if (isAck) this.replies += 1;
    this.header(8, frameType.ping, isAck ? flag.ack : 0, 0);
    this.bytes(payload);
  }

  settings(settings: readonly (readonly [id: number, value: number])[]): void {
    this.header(settings.length * 6, frameType.settings, 0, 0);
    for (const [id, value] of settings) {
      this.uint16(id);
      this.uint32(value);
    }
  }

  settingsAck(): void {
    this.replies += 1;
    this.header(0, frameType.settings, flag.ack, 0);
  }

  private wakeIfEmpty(): void {
    if (this.end === this.start && this.chunks.length === 0) this.wake();
  }

  /** Where so many bytes may be written; they count as written. */
  private room(bytes: number): number {
    if (this.end + bytes > this.slab.length) {
      this.cut();
      this.slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, bytes));
      this.start = 0;
      this.end = 0;
    }
    const at = this.end;
    this.end += bytes;
    return at;
  }

  private cut(): void {
    if (this.end === this.start) return;
    this.chunks.push(this.slab.subarray(this.start, this.end));
    this.start = this.end;
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
