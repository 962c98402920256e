/** What each fault is in gRPC: the status, and the words that a problem document has over HTTP. */

import type { AdapterError, ErrorCode } from '../errors.ts';
import { grpcCode } from '../inference/grpc-status.ts';
import type { Told } from './method.ts';

/** Where the predictor itself gave no gRPC status. */
const names: Readonly<Record<ErrorCode, string>> = {
  EVENT_INVALID: 'INVALID_ARGUMENT',
  EVENT_EXPECTED: 'INVALID_ARGUMENT',
  PAYLOAD_MISSING: 'INVALID_ARGUMENT',
  PAYLOAD_UNSUPPORTED: 'UNIMPLEMENTED',
  BODY_TOO_LARGE: 'RESOURCE_EXHAUSTED',
  REQUEST_MALFORMED: 'INVALID_ARGUMENT',
  OUTPUT_TOO_LARGE: 'RESOURCE_EXHAUSTED',
  PREDICTOR_REFUSED: 'INVALID_ARGUMENT',
  PREDICTOR_MISCONFIGURED: 'FAILED_PRECONDITION',
  PREDICTOR_FAILED: 'UNAVAILABLE',
  PREDICTOR_BUSY: 'UNAVAILABLE',
  PREDICTOR_UNREACHABLE: 'UNAVAILABLE',
  PREDICTOR_ANSWER_UNUSABLE: 'INTERNAL',
  CIRCUIT_OPEN: 'UNAVAILABLE',
  DEADLINE_EXCEEDED: 'DEADLINE_EXCEEDED',
  OVERLOADED: 'RESOURCE_EXHAUSTED',
  DRAINING: 'UNAVAILABLE',
  ROUTE_UNKNOWN: 'UNIMPLEMENTED',
  METHOD_NOT_ALLOWED: 'UNIMPLEMENTED',
  TOKEN_REFUSED: 'UNAUTHENTICATED',
  SUBJECT_NOT_ALLOWED: 'PERMISSION_DENIED',
  CERTIFICATE_REQUIRED: 'UNAUTHENTICATED',
  ISSUER_UNREACHABLE: 'UNAVAILABLE',
  SINK_UNREACHABLE: 'UNAVAILABLE',
  SINK_FAILED: 'UNAVAILABLE',
  PAGE_REFUSED: 'PERMISSION_DENIED',
  INTERNAL: 'INTERNAL',
};

/** Trailers are bounded by what peers take of headers: 8 KiB by default. */
const maxDetails = 2_000;

/** The status of an error, with its code and class as trailers. */
export function statusOf(error: AdapterError): Told {
  const metadata: Record<string, string> = {
    'seldon-error-code': error.code,
    'seldon-error-class': error.fault,
  };
  if (error.retryAfterMs !== undefined) {
    metadata['grpc-retry-pushback-ms'] = String(Math.ceil(error.retryAfterMs));
  }
  return { code: grpcCode(names[error.code]), details: detailsOf(error.message), metadata };
}

/** Bounded. */
export const detailsOf = (text: string): string => text.slice(0, maxDetails);
