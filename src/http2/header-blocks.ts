/** Puts HEADERS and CONTINUATION frames together, and decodes them (RFC 9113 §4.3, §6.10). Pure. */

import { errorCode } from './frame.ts';
import { createHpackDecoder, type HpackDecoder } from './hpack/decoder.ts';
import { HpackError } from './hpack/error.ts';
import { Http2Error } from './http2-error.ts';

/** A peer that sends no more than the list's bound needs few of them. */
const maxContinuations = 16;

export class HeaderBlocks {
  /** The stream whose block is not whole yet: nothing else may come before it is. */
  openStream = 0;
  isEnd = false;
  private readonly decoder: HpackDecoder;
  private readonly maxListBytes: number;
  private pieces: Buffer[] = [];
  private bytes = 0;

  constructor(maxTableBytes: number, maxListBytes: number) {
    this.maxListBytes = maxListBytes;
    this.decoder = createHpackDecoder({ maxTableBytes, maxListBytes });
  }

  /** Begins a block that continues. */
  begin(streamId: number, isEnd: boolean, piece: Buffer): void {
    this.openStream = streamId;
    this.isEnd = isEnd;
    this.pieces = [];
    this.bytes = 0;
    this.add(piece);
  }

  /** @returns the fields, where this was the last piece */
  continue(piece: Buffer, isLast: boolean): string[] | undefined {
    this.add(piece);
    if (!isLast) return undefined;
    const block = Buffer.concat(this.pieces, this.bytes);
    this.openStream = 0;
    this.pieces = [];
    return this.decode(block);
  }

  /** @returns alternating names and values. @throws Http2Error, after which nothing can be decoded */
  decode(block: Buffer): string[] {
    try {
      return this.decoder.decode(block);
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      throw new Http2Error(errorCode.compressionError, error.message);
    }
  }

  private add(piece: Buffer): void {
    this.pieces.push(piece);
    this.bytes += piece.length;
    if (this.bytes > this.maxListBytes || this.pieces.length > maxContinuations) {
      const told = `a header block of more than ${this.bytes} bytes, or in too many pieces`;
      throw new Http2Error(errorCode.enhanceYourCalm, told);
    }
  }
}
