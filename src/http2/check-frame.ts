/** Whether a frame is as its type demands (RFC 9113 §6). Pure. */

import { errorCode, flag, frameType } from './frame.ts';
import { Http2Error } from './http2-error.ts';

/** What a type's payload has, in bytes, and whether it is of a stream. */
interface Shape {
  readonly exactly?: number;
  readonly atLeast?: number;
  /** Undefined: of a stream or of the connection. */
  readonly ofStream?: boolean;
}

/** By type (§6.1 to §6.10). */
const shapes: readonly Shape[] = [
  { ofStream: true },
  { ofStream: true },
  { ofStream: true, exactly: 5 },
  { ofStream: true, exactly: 4 },
  { ofStream: false },
  { ofStream: true },
  { ofStream: false, exactly: 8 },
  { ofStream: false, atLeast: 8 },
  { exactly: 4 },
  { ofStream: true },
];

/** @throws Http2Error */
export function checkFrame(type: number, flags: number, streamId: number, bytes: number): void {
  if (type === frameType.pushPromise) throw protocolError('a push, which nobody allowed');
  const shape = shapes[type];
  if (shape === undefined) return;
  const { exactly, atLeast = 0, ofStream } = shape;
  if (ofStream !== undefined && ofStream !== (streamId !== 0)) {
    throw protocolError(`a frame of type ${type} on stream ${streamId}`);
  }
  const isAck = type === frameType.settings && (flags & flag.ack) !== 0;
  if ((exactly !== undefined && bytes !== exactly) || bytes < atLeast || (isAck && bytes > 0)) {
    throw new Http2Error(errorCode.frameSizeError, `a frame of type ${type} of ${bytes} bytes`);
  }
}

/** @returns the payload without padding and priority (§6.1, §6.2). @throws Http2Error */
export function withoutPadding(
  type: number,
  flags: number,
  buffer: Buffer,
  start: number,
  end: number,
): Buffer {
  const isPadded = (flags & flag.padded) !== 0;
  const hasPriority = type === frameType.headers && (flags & flag.priority) !== 0;
  if (!isPadded && !hasPriority) return buffer.subarray(start, end);
  const padding = isPadded ? (buffer[start] ?? 0) : 0;
  const first = start + (isPadded ? 1 : 0) + (hasPriority ? 5 : 0);
  if (end < first) throw new Http2Error(errorCode.frameSizeError, 'a frame cut off');
  if (first + padding > end) throw protocolError('more padding than frame');
  return buffer.subarray(first, end - padding);
}

const protocolError = (told: string): Http2Error => new Http2Error(errorCode.protocolError, told);
