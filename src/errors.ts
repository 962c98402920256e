/**
 * The one error class, its closed list of codes, and the class of fault each code belongs to.
 *
 * A fault is classified once, where it enters (design.md §3.3); every edge decides by `fault`
 * alone what to do with it, so HTTP and Kafka can never disagree about what a code means.
 */

/** Who has to act before the same input can succeed. */
export type Fault =
  /** This input can never succeed: dead-letter it. */
  | 'record'
  /** The predictor is deployed or configured wrongly: retry until somebody mends it. */
  | 'deployment'
  /** May succeed when tried again. */
  | 'transient'
  /** Our own limits are reached. */
  | 'overload'
  /** We are shutting down, or a service that we need cannot be reached. */
  | 'unavailable'
  /** The caller asked for something that is not here, or may not have it. */
  | 'caller';

interface CodeEntry {
  readonly fault: Fault;
  /** The HTTP status an edge answers with. */
  readonly status: number;
  /** One line for people: RFC 9457 `title`. */
  readonly title: string;
}

const codeTable = {
  EVENT_INVALID: { fault: 'record', status: 400, title: 'The CloudEvent is malformed' },
  EVENT_EXPECTED: { fault: 'record', status: 400, title: 'The request is not a CloudEvent' },
  PAYLOAD_MISSING: { fault: 'record', status: 400, title: 'There is no payload to predict on' },
  PAYLOAD_UNSUPPORTED: {
    fault: 'record',
    status: 415,
    title: 'The payload cannot be sent to this predictor',
  },
  BODY_TOO_LARGE: { fault: 'record', status: 413, title: 'The body is too large' },
  REQUEST_MALFORMED: { fault: 'record', status: 400, title: 'The HTTP request is malformed' },
  OUTPUT_TOO_LARGE: {
    fault: 'record',
    status: 502,
    title: 'The answer is larger than the output topic takes',
  },
  PREDICTOR_REFUSED: { fault: 'record', status: 422, title: 'The predictor refused the payload' },
  PREDICTOR_MISCONFIGURED: {
    fault: 'deployment',
    status: 502,
    title: 'The predictor does not serve this prediction',
  },
  PREDICTOR_FAILED: { fault: 'transient', status: 502, title: 'The predictor failed' },
  PREDICTOR_BUSY: { fault: 'transient', status: 502, title: 'The predictor is overloaded' },
  PREDICTOR_UNREACHABLE: {
    fault: 'transient',
    status: 502,
    title: 'The predictor cannot be reached',
  },
  PREDICTOR_ANSWER_UNUSABLE: {
    fault: 'transient',
    status: 502,
    title: "The predictor's answer cannot be used",
  },
  CIRCUIT_OPEN: {
    fault: 'unavailable',
    status: 503,
    title: 'The predictor is not called for now',
  },
  DEADLINE_EXCEEDED: { fault: 'transient', status: 504, title: 'The deadline passed' },
  OVERLOADED: { fault: 'overload', status: 429, title: 'Too many requests are waiting' },
  DRAINING: { fault: 'unavailable', status: 503, title: 'This instance is shutting down' },
  ROUTE_UNKNOWN: { fault: 'caller', status: 404, title: 'There is nothing at this path' },
  METHOD_NOT_ALLOWED: { fault: 'caller', status: 405, title: 'This method is not allowed here' },
  TOKEN_REFUSED: {
    fault: 'caller',
    status: 401,
    title: "The caller's token is missing or invalid",
  },
  SUBJECT_NOT_ALLOWED: { fault: 'caller', status: 403, title: 'This caller is not allowed' },
  CERTIFICATE_REQUIRED: {
    fault: 'caller',
    status: 403,
    title: 'The caller has shown no certificate that is taken',
  },
  ISSUER_UNREACHABLE: {
    fault: 'unavailable',
    status: 503,
    title: 'The issuer of tokens cannot be reached',
  },
  SINK_UNREACHABLE: { fault: 'transient', status: 502, title: 'The sink cannot be reached' },
  SINK_FAILED: { fault: 'transient', status: 502, title: 'The sink did not take the reply event' },
  PAGE_REFUSED: { fault: 'caller', status: 403, title: 'The page is not for this caller' },
  INTERNAL: { fault: 'transient', status: 500, title: 'The adapter failed' },
} as const satisfies Record<string, CodeEntry>;

/** Every code an {@link AdapterError} can carry. */
export type ErrorCode = keyof typeof codeTable;

/** The closed list of codes with their fault class, HTTP status and title. */
export const errorCodes: Readonly<Record<ErrorCode, CodeEntry>> = codeTable;

/** One thing that is wrong with an input: where it is, and what is wrong there. */
export interface Problem {
  /** The attribute, header or field at fault; empty where the whole input is. */
  readonly where: string;
  readonly reason: string;
}

export interface ErrorDetails {
  /** Overrides the code's status, where the predictor chose it (400, 413, 415, 422). */
  readonly status?: number | undefined;
  /** How long the side that refused asked us to wait, in ms. */
  readonly retryAfterMs?: number | undefined;
  /** False where the predictor certainly did not begin to work on the call. */
  readonly reached?: boolean | undefined;
  readonly problems?: readonly Problem[] | undefined;
  readonly cause?: unknown;
}

/**
 * Everything that goes wrong with an input or with a call made for it.
 * The message says what was wrong, where, and what to do; it never holds a payload or a secret.
 */
export class AdapterError extends Error {
  override readonly name = 'AdapterError';
  readonly code: ErrorCode;
  readonly fault: Fault;
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly reached: boolean;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    const entry = errorCodes[code];
    this.code = code;
    this.fault = entry.fault;
    this.status = details.status ?? entry.status;
    this.retryAfterMs = details.retryAfterMs;
    this.reached = details.reached ?? true;
    this.problems = details.problems ?? [];
  }

  /** The one normaliser: an error that nobody classified is a bug of ours, told as `INTERNAL`. */
  static from(error: unknown): AdapterError {
    if (error instanceof AdapterError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return new AdapterError('INTERNAL', `unexpected error: ${reason}`, { cause: error });
  }
}
