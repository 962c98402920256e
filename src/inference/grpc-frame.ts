/**
 * gRPC over HTTP/2, messages as they stand in a stream's data (Length-Prefixed-Message):
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
 */

import { Buffer } from 'node:buffer';

/** A message goes after one byte (compressed or not) and its length in four. */
export const prefixBytes = 5;

/** @returns the five bytes that go before a message of this length */
export const messagePrefix = (length: number): Buffer =>
  writePrefix(Buffer.allocUnsafe(prefixBytes), length);

/** @returns the message with its prefix, in one piece */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(prefixBytes + message.byteLength);
  frame.set(message, prefixBytes);
  return writePrefix(frame, message.byteLength);
}

function writePrefix(frame: Buffer, length: number): Buffer {
  frame[0] = 0;
  frame.writeUInt32BE(length, 1);
  return frame;
}

/** Why the bytes cannot be read on. */
export type FrameFlaw = 'message too large' | 'prefix malformed';

/** Is given each message in turn, without its prefix. It may be a part of the bytes that came. */
export type TakeMessage = (message: Buffer, compressed: boolean) => void;

export interface MessageReader {
  /**
   * Takes the next bytes of the stream, however they are cut.
   * @returns why nothing after them can be read, where that is so
   */
  readonly read: (chunk: Buffer) => FrameFlaw | undefined;
  /** Whether the bytes so far end in the middle of a message. */
  readonly midway: () => boolean;
}

/** @returns the message of which the bytes are all, not compressed: what nearly every one comes as */
export function wholeMessage(chunk: Buffer, maxBytes: number): Buffer | undefined {
  const length = chunk.length - prefixBytes;
  return length >= 0 && length <= maxBytes && chunk[0] === 0 && chunk.readUInt32BE(1) === length
    ? chunk.subarray(prefixBytes)
    : undefined;
}

/** More pieces than these are joined where they are small, since each keeps more than its bytes. */
const maxPieces = 64;
const smallPieceBytes = 1_024;

/**
 * Finds the messages in a stream's data. A length beyond `maxBytes` is a flaw as soon as it is read:
 * no more is ever held than one message and one chunk.
 */
export function createMessageReader(maxBytes: number, take: TakeMessage): MessageReader {
  let held: Buffer[] = [];
  let heldBytes = 0;
  /** Before so many are there, nothing more can be told. */
  let neededBytes = prefixBytes;

  const hold = (piece: Buffer): void => {
    held.push(piece);
    heldBytes += piece.length;
    if (held.length > maxPieces && heldBytes < held.length * smallPieceBytes) {
      held = [Buffer.concat(held, heldBytes)];
    }
  };

  return {
    read: (chunk) => {
      let data = chunk;
      if (heldBytes > 0) {
        hold(chunk);
        if (heldBytes < neededBytes) return undefined;
        data = Buffer.concat(held, heldBytes);
        held = [];
        heldBytes = 0;
      }
      let at = 0;
      neededBytes = prefixBytes;
      while (data.length - at >= prefixBytes) {
        const flag = data[at] ?? 0;
        if (flag > 1) return 'prefix malformed';
        const length = data.readUInt32BE(at + 1);
        if (length > maxBytes) return 'message too large';
        const end = at + prefixBytes + length;
        if (end > data.length) {
          neededBytes = prefixBytes + length;
          break;
        }
        take(data.subarray(at + prefixBytes, end), flag === 1);
        at = end;
      }
      if (at < data.length) hold(at === 0 ? data : data.subarray(at));
      return undefined;
    },
    midway: () => heldBytes > 0,
  };
}
