/**
 * Collects the answer of one unary gRPC call, or says in our own terms why there is none.
 *
 * G1 It settles once: by status, lost stream or timer, whichever comes first.
 * G2 A message is taken only whole, uncompressed and alone, and never decoded.
 * G3 `reached` is false only where the call certainly was not worked on: it never got a
 *    connection, or the server refused the stream (RFC 9113 §8.7).
 */

import { Buffer } from 'node:buffer';
import { headerOf } from '../delivery/header-list.ts';
import type { PredictionAnswer } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import { errorCode } from '../http2/frame.ts';
import type { Stream, StreamOwner } from '../http2/stream.ts';
import { prefixBytes } from '../inference/grpc-frame.ts';
import { decodeMessage } from '../inference/grpc-header.ts';
import { grpcStatus } from '../inference/grpc-status.ts';
import type { GrpcConnection } from './grpc-connection.ts';

export interface GrpcAnswerOptions {
  /** For messages: the address and method called. */
  readonly where: string;
  /** For messages: what says where that is. */
  readonly setting: string;
  /** What the answer's content type is: the request's. */
  readonly contentType: string | undefined;
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
}

/** What carries it. */
type Carrier = Pick<GrpcConnection, 'connected' | 'fault' | 'askForLife' | 'cancel'>;

/**
 * One object for each call, where functions over its state would be a dozen. Resolves with the
 * answer, whatever its status, or rejects with an AdapterError, as CallPredictor says.
 */
export class GrpcAnswer implements StreamOwner {
  /** Set once the call has begun. */
  stream: Stream | undefined;
  private head: readonly string[] | undefined;
  private trailers: readonly string[] | undefined;
  private readonly carrier: Carrier;
  private readonly options: GrpcAnswerOptions;
  private readonly resolve: (answer: PredictionAnswer) => void;
  private readonly reject: (error: AdapterError) => void;
  private readonly timer: NodeJS.Timeout;
  private chunks: Buffer[] = [];
  private bytes = 0;
  private settled = false;

  /** Its time begins. */
  constructor(
    carrier: Carrier,
    options: GrpcAnswerOptions,
    resolve: (answer: PredictionAnswer) => void,
    reject: (error: AdapterError) => void,
  ) {
    this.carrier = carrier;
    this.options = options;
    this.resolve = resolve;
    this.reject = reject;
    this.timer = setTimeout(timeUp, options.timeoutMs, this);
  }

  headers(fields: readonly string[], isEnd: boolean): void {
    if (this.head !== undefined) this.trailers = fields;
    // An interim answer may come before (RFC 9113 §8.1).
    else if (isEnd || headerOf(fields, ':status')?.startsWith('1') !== true) this.head = fields;
    if (isEnd && this.head !== undefined) this.finish(this.head);
  }

  data(chunk: Buffer, isEnd: boolean): void {
    const { where, maxAnswerBytes } = this.options;
    this.bytes += chunk.length;
    if (this.bytes > maxAnswerBytes + prefixBytes) this.fail(tooLarge(where, maxAnswerBytes));
    else if (!this.settled && chunk.length > 0) this.chunks.push(chunk);
    if (isEnd && this.head !== undefined) this.finish(this.head);
  }

  closed(code: number | undefined): void {
    if (this.settled) return;
    // Some servers break off what they answered in full.
    if (code === errorCode.noError && this.head !== undefined) this.finish(this.head);
    else this.fail(streamLost(this.options, this.carrier, code));
  }

  timeUp(): void {
    const { carrier, options } = this;
    const reached = carrier.connected();
    if (reached) carrier.askForLife();
    this.fail(deadlineExceeded(options.where, options.timeoutMs, reached));
  }

  private finish(head: readonly string[]): void {
    if (this.settled) return;
    try {
      const last = this.trailers ?? head;
      const answer = answerOf(head, last, this.chunks, this.bytes, this.options);
      this.settle();
      this.resolve(answer);
    } catch (error) {
      this.fail(AdapterError.from(error));
    }
  }

  private fail(error: AdapterError): void {
    if (this.settled) return;
    this.settle();
    this.chunks = [];
    if (this.stream !== undefined) this.carrier.cancel(this.stream);
    this.reject(error);
  }

  private settle(): void {
    this.settled = true;
    clearTimeout(this.timer);
  }
}

const timeUp = (answer: GrpcAnswer): void => answer.timeUp();

function answerOf(
  head: readonly string[],
  last: readonly string[],
  chunks: Buffer[],
  bytes: number,
  { where, setting, contentType }: GrpcAnswerOptions,
): PredictionAnswer {
  const given = headerOf(last, 'grpc-status');
  const http = Number(headerOf(head, ':status'));
  const puid = headerOf(head, 'seldon-puid') ?? headerOf(last, 'seldon-puid');
  if (given === undefined) {
    if (http === 200 || Number.isNaN(http))
      throw notGrpc(where, setting, headerOf(head, 'content-type'));
    // A proxy on the way: its status means what it means in HTTP.
    return answered(http, undefined, undefined, puid, undefined, empty);
  }
  if (given === '0') {
    const body = messageOf(chunks, bytes, where);
    return answered(200, undefined, contentType, puid, undefined, body);
  }
  const code = Number(given);
  const message = decodeMessage(headerOf(last, 'grpc-message') ?? '');
  const status = grpcStatus(code, message);
  if (status.name === 'DEADLINE_EXCEEDED') {
    throw new AdapterError(
      'DEADLINE_EXCEEDED',
      `${where} gave up at the deadline; raise ATTEMPT_TIMEOUT_MS or REQUEST_TIMEOUT_MS, or make the predictor faster`,
    );
  }
  const pushback = pushbackMs(headerOf(last, 'grpc-retry-pushback-ms'));
  return answered(status.http, status.name, plainText, puid, pushback, Buffer.from(message));
}

/** Written out: a spread would cost each answer as much as all that reads it. */
const answered = (
  status: number,
  statusName: string | undefined,
  contentType: string | undefined,
  puid: string | undefined,
  retryAfterMs: number | undefined,
  body: Uint8Array,
): PredictionAnswer => ({
  status,
  statusName,
  contentType,
  contentEncoding: undefined,
  puid,
  retryAfterMs,
  body,
});

const plainText = 'text/plain; charset=utf-8';
const empty = Buffer.alloc(0);

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
  { where, setting }: GrpcAnswerOptions,
  carrier: Carrier,
  code: number | undefined,
): AdapterError {
  const cause = carrier.fault();
  if (!carrier.connected()) return unreachable(where, setting, cause);
  if (code === errorCode.refusedStream) {
    return new AdapterError(
      'PREDICTOR_UNREACHABLE',
      `${where} refused the call unseen; it is closing`,
      {
        reached: false,
        cause,
      },
    );
  }
  const reason = cause?.message ?? `stream closed with HTTP/2 code ${code ?? 'unknown'}`;
  return new AdapterError(
    'PREDICTOR_FAILED',
    `the connection to ${where} was lost before it answered (${reason}); look at the predictor's log`,
    { cause },
  );
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
