/**
 * Collects the answer of one unary gRPC call, or says in our own terms why there is none.
 *
 * G1 It settles once: by status, lost stream or timer, whichever comes first.
 * G2 A message is taken only whole, uncompressed and alone, and never decoded.
 * G3 `reached` is false only where the call certainly was not worked on: it never got a
 *    connection, or the server refused the stream (RFC 9113 §8.7).
 */

import { Buffer } from 'node:buffer';
import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import type { PredictionAnswer } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import { grpcStatus } from '../inference/grpc-status.ts';
import { decodeMessage, prefixBytes } from './grpc-frame.ts';

export interface GrpcAnswerOptions {
  /** For messages: the address and method called. */
  readonly where: string;
  /** For messages: what says where that is. */
  readonly setting: string;
  /** What the answer's content type is: the request's. */
  readonly contentType: string | undefined;
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
  /** Whether the connection that carries it was ever established. */
  readonly connected: () => boolean;
  /** Why the connection broke, where it did. */
  readonly fault: () => Error | undefined;
  /** The time was up, and nothing had come. */
  readonly timedOut: () => void;
}

/** Resolves with the answer, whatever its status. @throws AdapterError as CallPredictor says */
export function collectGrpcAnswer(
  stream: ClientHttp2Stream,
  options: GrpcAnswerOptions,
): Promise<PredictionAnswer> {
  const { where } = options;
  return new Promise((resolve, reject) => {
    let headers: IncomingHttpHeaders | undefined;
    let trailers: IncomingHttpHeaders | undefined;
    let chunks: Buffer[] = [];
    let bytes = 0;
    let settled = false;
    let cause: Error | undefined;

    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      clearTimeout(timer);
      return true;
    };
    const fail = (error: AdapterError): void => {
      if (!settle()) return;
      chunks = [];
      stream.close(constants.NGHTTP2_CANCEL);
      reject(error);
    };
    const finish = (): void => {
      if (settled || headers === undefined) return;
      const last = trailers ?? headers;
      try {
        const answer = answerOf(headers, last, chunks, bytes, options);
        if (settle()) resolve(answer);
      } catch (error) {
        fail(AdapterError.from(error));
      }
    };
    const timer = setTimeout(() => {
      const reached = options.connected();
      if (reached) options.timedOut();
      fail(deadlineExceeded(where, options.timeoutMs, reached));
    }, options.timeoutMs);

    stream.on('response', (received) => {
      headers = received;
    });
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= options.maxAnswerBytes + prefixBytes) chunks.push(chunk);
      else fail(tooLarge(where, options.maxAnswerBytes));
    });
    stream.on('trailers', (received) => {
      trailers = received;
    });
    stream.on('end', () => {
      if (hasStatus(trailers) || hasStatus(headers)) finish();
    });
    stream.on('error', (error) => {
      cause = error;
    });
    stream.on('close', () => {
      if (settled) return;
      // A server that speaks HTTP alone ends without a status of gRPC's.
      if (headers !== undefined && stream.rstCode === constants.NGHTTP2_NO_ERROR) finish();
      else fail(streamLost(options, stream.rstCode, options.fault() ?? cause));
    });
  });
}

const hasStatus = (headers: IncomingHttpHeaders | undefined): boolean =>
  headers?.['grpc-status'] !== undefined;

function answerOf(
  headers: IncomingHttpHeaders,
  last: IncomingHttpHeaders,
  chunks: Buffer[],
  bytes: number,
  { where, setting, contentType }: GrpcAnswerOptions,
): PredictionAnswer {
  const given = first(last['grpc-status']);
  const http = Number(headers[':status']);
  const puid = first(headers['seldon-puid']) ?? first(last['seldon-puid']);
  if (given === undefined) {
    if (http === 200) throw notGrpc(where, setting, first(headers['content-type']));
    // A proxy on the way: its status means what it means in HTTP.
    return { ...failed, status: http, puid, body: empty };
  }
  if (given === '0') {
    const body = messageOf(chunks, bytes, where);
    return { ...failed, status: 200, contentType, puid, body };
  }
  const code = Number(given);
  const message = decodeMessage(first(last['grpc-message']) ?? '');
  const status = grpcStatus(code, message);
  if (status.name === 'DEADLINE_EXCEEDED') {
    throw new AdapterError(
      'DEADLINE_EXCEEDED',
      `${where} gave up at the deadline; raise ATTEMPT_TIMEOUT_MS or REQUEST_TIMEOUT_MS, or make the predictor faster`,
    );
  }
  return {
    ...failed,
    status: status.http,
    statusName: status.name,
    contentType: 'text/plain; charset=utf-8',
    puid,
    retryAfterMs: pushbackMs(first(last['grpc-retry-pushback-ms'])),
    body: Buffer.from(message),
  };
}

const empty = Buffer.alloc(0);
const failed = { contentType: undefined, contentEncoding: undefined, retryAfterMs: undefined };

/** The one message of a unary answer, without its prefix. */
function messageOf(chunks: Buffer[], bytes: number, where: string): Buffer {
  const [only] = chunks;
  const data = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, bytes);
  if (bytes < prefixBytes) throw unusable(where, 'without a message');
  if (data[0] !== 0) throw unusable(where, 'with a compressed message, though none was asked for');
  const length = data.readUInt32BE(1);
  if (length !== bytes - prefixBytes) {
    throw unusable(where, 'with a broken message: its length and its bytes differ');
  }
  return data.subarray(prefixBytes);
}

const first = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

/** gRFC A6: the server's wish for when the call is tried again. */
const pushbackMs = (value: string | undefined): number | undefined =>
  value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;

const unusable = (where: string, flaw: string): AdapterError =>
  new AdapterError('PREDICTOR_ANSWER_UNUSABLE', `${where} answered OK ${flaw}`);

const notGrpc = (where: string, setting: string, contentType: string | undefined): AdapterError =>
  new AdapterError(
    'PREDICTOR_ANSWER_UNUSABLE',
    `${where} answered without a gRPC status (content type ${contentType ?? 'absent'}); check that the port in ${setting} is the predictor's gRPC port`,
  );

const tooLarge = (where: string, maxAnswerBytes: number): AdapterError =>
  new AdapterError(
    'PREDICTOR_ANSWER_UNUSABLE',
    `the answer of ${where} is larger than ${maxAnswerBytes} bytes; raise MAX_ANSWER_BYTES`,
  );

const deadlineExceeded = (where: string, timeoutMs: number, reached: boolean): AdapterError =>
  new AdapterError(
    'DEADLINE_EXCEEDED',
    `${where} did not answer within ${Math.round(timeoutMs)} ms; raise ATTEMPT_TIMEOUT_MS or REQUEST_TIMEOUT_MS, or make the predictor faster`,
    { reached },
  );

function streamLost(
  { where, setting, connected: isConnected }: GrpcAnswerOptions,
  code: number | undefined,
  cause: Error | undefined,
): AdapterError {
  const connected = isConnected();
  if (connected && code !== constants.NGHTTP2_REFUSED_STREAM) {
    const reason = cause?.message ?? `stream closed with HTTP/2 code ${code ?? 'unknown'}`;
    return new AdapterError(
      'PREDICTOR_FAILED',
      `the connection to ${where} was lost before it answered (${reason}); look at the predictor's log`,
      { cause },
    );
  }
  return connected
    ? new AdapterError('PREDICTOR_UNREACHABLE', `${where} refused the call unseen; it is closing`, {
        reached: false,
        cause,
      })
    : unreachable(where, setting, cause);
}

/** There is no connection. */
export const unreachable = (
  where: string,
  setting: string,
  cause: Error | undefined,
): AdapterError =>
  new AdapterError(
    'PREDICTOR_UNREACHABLE',
    `${where} cannot be reached (${reasonOf(cause)}); check ${setting} and that the predictor runs`,
    { cause, reached: false },
  );

function reasonOf(cause: Error | undefined): string {
  if (cause === undefined) return 'the connection ended';
  return cause.message || String((cause as NodeJS.ErrnoException).code);
}
