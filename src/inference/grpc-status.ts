/**
 * gRPC's status codes as the HTTP statuses that mean the same here, so that one classification
 * (classify-answer.ts, design.md §3.3) judges both transports.
 */

interface StatusEntry {
  readonly name: string;
  /** The HTTP status that is treated alike. */
  readonly http: number;
}

/** By code: https://grpc.io/docs/guides/status-codes/. */
const statuses: readonly StatusEntry[] = [
  { name: 'OK', http: 200 },
  { name: 'CANCELLED', http: 500 },
  { name: 'UNKNOWN', http: 500 },
  { name: 'INVALID_ARGUMENT', http: 400 },
  { name: 'DEADLINE_EXCEEDED', http: 504 },
  { name: 'NOT_FOUND', http: 404 },
  { name: 'ALREADY_EXISTS', http: 409 },
  { name: 'PERMISSION_DENIED', http: 403 },
  { name: 'RESOURCE_EXHAUSTED', http: 429 },
  // TensorFlow Serving says so of an unknown signature, which the message names, and of a model
  // that is not initialised: nobody can tell whose fault it is, so it counts, and is tried again.
  { name: 'FAILED_PRECONDITION', http: 500 },
  { name: 'ABORTED', http: 500 },
  { name: 'OUT_OF_RANGE', http: 400 },
  { name: 'UNIMPLEMENTED', http: 501 },
  { name: 'INTERNAL', http: 500 },
  { name: 'UNAVAILABLE', http: 503 },
  { name: 'DATA_LOSS', http: 500 },
  { name: 'UNAUTHENTICATED', http: 401 },
];

/** What the libraries say of a message that is no protobuf of the expected type. */
const notDecodable = /deserializ|unmarshal|invalid protobuf|failed to parse/i;
/** Python's asyncio server has another code for it, that of any exception. */
const notDecodableByAsyncio = /^Unexpected <class 'google\.protobuf\.message\.DecodeError'>/;
/** What they say of a message beyond their limit. */
const tooLarge = /larger than max|exceeds maximum size|too large|max message size/i;

export interface GrpcStatus {
  /** Such as `INVALID_ARGUMENT`. */
  readonly name: string;
  readonly http: number;
}

/**
 * @param code the number of the trailer `grpc-status`; one that is unknown is UNKNOWN
 * @param message its `grpc-message`: two libraries use codes for the message's own faults that
 *   elsewhere mean a fault of the server, and only the words tell them apart
 */
export function grpcStatus(code: number, message: string): GrpcStatus {
  const entry = statuses[code] ?? { name: `UNKNOWN (${code})`, http: 500 };
  if (entry.name === 'INTERNAL' && notDecodable.test(message)) return { ...entry, http: 400 };
  if (entry.name === 'UNKNOWN' && notDecodableByAsyncio.test(message))
    return { ...entry, http: 400 };
  if (entry.name === 'RESOURCE_EXHAUSTED' && tooLarge.test(message)) return { ...entry, http: 413 };
  return entry;
}

/** The number of a status; 2 (UNKNOWN) where there is none of this name. */
export function grpcCode(name: string): number {
  const code = statuses.findIndex((status) => status.name === name);
  return code < 0 ? 2 : code;
}

/** The name of a status; UNKNOWN where there is none of this number. */
export const grpcName = (code: number): string => statuses[code]?.name ?? 'UNKNOWN';
