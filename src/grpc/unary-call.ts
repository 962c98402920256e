/**
 * One unary call on its stream: a message in, a message or a status out.
 *
 * U1 The method is called once, with one whole message, when the caller has sent all it will.
 * U2 The caller is told once; what is said after that, or after it went away, is dropped.
 * U3 No more is kept than one message within the bound, which its prefix is judged by.
 * U4 It ends: a caller that does not send, or does not take its answer, is cut off in time.
 */

import { Buffer } from 'node:buffer';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { createMessageReader, type MessageReader, wholeMessage } from '../inference/grpc-frame.ts';
import { sendMessage, sendStatus } from './answer-stream.ts';
import { decompress } from './decompress.ts';
import type { CallHead, ServeUnary, Told, UnaryCall } from './method.ts';
import { flawed, noMessage, secondMessage, tooLate, tooSlow } from './refusals.ts';
import type { Sweep, Timed } from './sweep.ts';

export interface CallLimits {
  readonly maxBodyBytes: number;
  /** How long a caller may take to send, and to take its answer. */
  readonly requestTimeoutMs: number;
}

/** The method's own answer at the deadline says more than ours: it goes first. */
const graceMs = 1_000;

/** Serves it; the stream is as it came. */
export function takeUnary(
  stream: ServerHttp2Stream,
  head: CallHead,
  serve: ServeUnary,
  limits: CallLimits,
  sweep: Sweep,
): void {
  const call = new UnaryStream(stream, head, serve, limits);
  sweep.add(call);
  stream.on('data', (chunk: Buffer) => call.receive(chunk));
  stream.on('end', () => call.received());
  stream.on('close', () => {
    call.closed();
    sweep.remove(call);
  });
}

/** One object for each call, where functions over its state would be a dozen. */
class UnaryStream implements UnaryCall, Timed {
  readonly head: CallHead;
  endsAt: number;
  message: Buffer = nothing;
  private readonly stream: ServerHttp2Stream;
  private readonly serve: ServeUnary;
  private readonly limits: CallLimits;
  private state: 'receiving' | 'answering' | 'told' = 'receiving';
  private hasMessage = false;
  private compressed = false;
  /** Made where the first piece of data is not the whole message. */
  private reader: MessageReader | undefined;

  constructor(stream: ServerHttp2Stream, head: CallHead, serve: ServeUnary, limits: CallLimits) {
    this.stream = stream;
    this.head = head;
    this.serve = serve;
    this.limits = limits;
    this.endsAt = head.deadline;
  }

  receive(chunk: Buffer): void {
    if (this.state !== 'receiving') return;
    const { maxBodyBytes } = this.limits;
    if (this.reader === undefined) {
      const whole = this.hasMessage ? undefined : wholeMessage(chunk, maxBodyBytes);
      if (whole !== undefined) {
        this.take(whole, false);
        return;
      }
      this.reader = createMessageReader(maxBodyBytes, (message, compressed) =>
        this.take(message, compressed),
      );
    }
    const flaw = this.reader.read(chunk);
    if (flaw !== undefined) this.refuse(flawed(flaw, maxBodyBytes));
  }

  private take(message: Buffer, compressed: boolean): void {
    if (this.hasMessage) this.refuse(secondMessage(this.head.path));
    this.hasMessage = true;
    this.message = message;
    this.compressed = compressed;
  }

  received(): void {
    // A stream that is reset ends too.
    if (this.state !== 'receiving' || this.stream.aborted) return;
    if (!this.hasMessage || this.reader?.midway() === true) {
      this.refuse(noMessage(this.head.path));
      return;
    }
    this.state = 'answering';
    this.endsAt = this.head.deadline + graceMs;
    if (this.compressed) void this.decompress();
    else this.serve(this);
  }

  private async decompress(): Promise<void> {
    const result = await decompress(this.message, this.head.encoding, this.limits.maxBodyBytes);
    if (this.over()) return;
    if ('flaw' in result) return this.refuse(result.flaw);
    this.message = result.message;
    this.serve(this);
  }

  closed(): void {
    this.state = 'told';
  }

  expire(): void {
    if (this.state === 'told') this.stream.close(constants.NGHTTP2_CANCEL);
    else this.refuse(this.state === 'receiving' ? tooSlow : tooLate);
  }

  over(): boolean {
    return this.state === 'told';
  }

  reply(message: Uint8Array, metadata?: Readonly<Record<string, string>>): void {
    if (this.tell()) sendMessage(this.stream, message, metadata);
  }

  refuse(told: Told): void {
    if (this.tell()) sendStatus(this.stream, told);
  }

  /** @returns whether the caller is yet to be told; its time to take the answer begins */
  private tell(): boolean {
    if (this.state === 'told') return false;
    this.state = 'told';
    this.endsAt = this.head.deadline + this.limits.requestTimeoutMs;
    return true;
  }
}

const nothing = Buffer.alloc(0);
