/** What goes out on a call's stream: headers, a message, and a status in the trailers. */

import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { framed, messagePrefix } from '../inference/grpc-frame.ts';
import { encodeMessage } from '../inference/grpc-header.ts';
import type { Told } from './method.ts';

const common = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': 'identity,deflate,gzip',
} as const;
/** Nobody reads a date of gRPC; the types leave out that it can be left out. */
const asHeaders = { endStream: false, waitForTrailers: true, sendDate: false };
const asTrailers = { endStream: true, sendDate: false };
const ok = { 'grpc-status': '0' };
/** So small a message is sent in one piece with its prefix. */
const joinedBytes = 64 * 1024;

const isOpen = (stream: ServerHttp2Stream): boolean => !stream.destroyed && !stream.closed;

/** Sends what must be sent before a message; `trailers` is called when all of them are out. */
export function beginAnswer(
  stream: ServerHttp2Stream,
  metadata: Readonly<Record<string, string>> | undefined,
  trailers: (this: ServerHttp2Stream) => void,
): void {
  stream.on('wantTrailers', trailers);
  stream.respond({ ...common, ...metadata }, asHeaders);
}

/** Answers with one message, and OK. */
export function sendMessage(
  stream: ServerHttp2Stream,
  message: Uint8Array,
  metadata: Readonly<Record<string, string>> | undefined,
): void {
  if (!isOpen(stream)) return;
  try {
    beginAnswer(stream, metadata, sendOk);
  } catch {
    // Headers that HTTP/2 does not take.
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  if (message.byteLength <= joinedBytes) stream.end(framed(message));
  else {
    stream.write(messagePrefix(message.byteLength));
    stream.end(message);
  }
}

function sendOk(this: ServerHttp2Stream): void {
  this.sendTrailers(ok);
}

/** The trailers of a status. */
export const trailersOf = ({ code, details, metadata }: Told): OutgoingHttpHeaders => ({
  'grpc-status': String(code),
  ...(details !== '' && { 'grpc-message': encodeMessage(details) }),
  ...metadata,
});

/** Ends a call of which nothing was answered yet, by trailers alone. */
export const sendStatus = (stream: ServerHttp2Stream, told: Told): void =>
  sendHeaders(stream, { ...common, ...trailersOf(told) });

/** Answers what is no call of gRPC. */
export const sendHttpStatus = (
  stream: ServerHttp2Stream,
  status: number,
  headers: OutgoingHttpHeaders = {},
): void => sendHeaders(stream, { ':status': status, ...headers });

function sendHeaders(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  if (!isOpen(stream) || stream.headersSent) return;
  try {
    stream.respond(headers, asTrailers);
  } catch {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  // What its caller has not sent yet nobody reads (RFC 9113 §8.1).
  if (!stream.readableEnded) setImmediate(close, stream);
}

const close = (stream: ServerHttp2Stream): void => {
  if (isOpen(stream)) stream.close(constants.NGHTTP2_NO_ERROR);
};
