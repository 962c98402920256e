/**
 * gRPC over HTTP/2, the parts of a unary call:
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

/** The most that fits into the eight digits of a `grpc-timeout`. */
const maxTimeoutDigits = 99_999_999;

/** The header `grpc-timeout`, in milliseconds. */
export const timeoutHeader = (timeoutMs: number): string =>
  `${Math.max(1, Math.min(maxTimeoutDigits, Math.ceil(timeoutMs)))}m`;

/** A `grpc-message`: UTF-8, percent-encoded. One that is not stays as it is. */
export function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Headers of HTTP and of gRPC itself, which no metadata may stand for. */
const reserved =
  /^(?::|grpc-|accept|connection$|content-|expect$|host$|keep-alive$|proto-name$|proxy-|te$|trailer$|transfer-encoding$|upgrade$|user-agent$|http2-settings$)/;
const nameShape = /^[0-9a-z_.-]+$/;
/** RFC 9113 §8.2.1 and gRPC's ASCII-Value. */
const valueShape = /^[\x20-\x7e]*$/;

/** @returns whether a header can go along as metadata */
export const isMetadata = (name: string, value: string): boolean =>
  nameShape.test(name) && valueShape.test(value) && !reserved.test(name);
