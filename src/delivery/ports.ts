/**
 * What the core needs from the outside, as function types. The shell folders implement them;
 * commands/ joins them.
 */

/** Milliseconds on a clock that never goes back. */
export type Now = () => number;

/** Runs `action` after `delayMs`; the returned function calls it off. */
export type Schedule = (delayMs: number, action: () => void) => () => void;

/** A number in [0, 1). */
export type Random = () => number;

/** One call of a predictor over REST or gRPC, its body untouched. */
export interface PredictionCall {
  /** Below the predictor's base address; over gRPC `/package.Service/Method`. */
  readonly path: string;
  /** Alternating names and values, as undici takes them; over gRPC they are metadata. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  /** How long this attempt may take, in ms. */
  readonly timeoutMs: number;
}

/** What the predictor answered, whatever its status. */
export interface PredictionAnswer {
  /** HTTP's; of a gRPC status, the one that means the same (inference/grpc-status.ts). */
  readonly status: number;
  /** How gRPC calls its status where it is not OK, such as `INVALID_ARGUMENT`. */
  readonly statusName?: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  /** How long the JSON before the binary tensors is: `Inference-Header-Content-Length` of v2. */
  readonly headLength?: string | undefined;
  /** The predictor's `Seldon-Puid`. */
  readonly puid: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly body: Uint8Array;
  /** For messages: who of a graph answered it. */
  readonly where?: string;
}

/**
 * Calls the predictor once.
 * @throws AdapterError PREDICTOR_UNREACHABLE, PREDICTOR_FAILED (connection lost),
 *   PREDICTOR_ANSWER_UNUSABLE or DEADLINE_EXCEEDED where there is no answer to return
 */
export type CallPredictor = (call: PredictionCall) => Promise<PredictionAnswer>;

/** Structured logging, in pino's argument order. Never given a payload or a secret. */
export interface Log {
  readonly debug: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
  readonly warn: (fields: object, message: string) => void;
  readonly error: (fields: object, message: string) => void;
}
