/** What the methods of our server are given, and what they may tell the caller. */

import type { Buffer } from 'node:buffer';

/** A call that ends without a message. */
export interface Told {
  /** gRPC's status. */
  readonly code: number;
  readonly details: string;
  /** Goes along in the trailers. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What came with a call before its first message. */
export interface CallHead {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** Alternating names and values as they came, those of HTTP and of gRPC itself among them. */
  readonly rawHeaders: readonly string[];
  /** `grpc-encoding`. */
  readonly encoding: string | undefined;
  /** When it came, and until when it is worked on: on the clock of `Now`. */
  readonly startedAt: number;
  readonly deadline: number;
}

/** One message, whose caller waits to be told. It is told once: what comes later is dropped. */
export interface UnaryCall {
  readonly head: CallHead;
  readonly message: Buffer;
  /** Whether nobody waits any more: the caller went away, or was told. */
  over(): boolean;
  reply(message: Uint8Array, metadata?: Readonly<Record<string, string>>): void;
  refuse(told: Told): void;
}

/** Must not throw. */
export type ServeUnary = (call: UnaryCall) => void;

/** Answers one message of a stream. @throws Error where it is no message of its kind */
export type AnswerMessage = (message: Buffer) => Uint8Array;

/** The methods by their path. */
export interface Methods {
  readonly unary: ReadonlyMap<string, ServeUnary>;
  /** Messages in, as many messages out; what answers them is loaded when it is needed. */
  readonly streaming: ReadonlyMap<string, () => Promise<AnswerMessage>>;
}
