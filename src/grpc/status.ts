/** What each fault is in gRPC: the status, and the words that a problem document has over HTTP. */

import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import type { AdapterError, ErrorCode } from '../errors.ts';

/** Where the predictor itself gave no gRPC status. */
const codes: Readonly<Record<ErrorCode, status>> = {
  EVENT_INVALID: status.INVALID_ARGUMENT,
  EVENT_EXPECTED: status.INVALID_ARGUMENT,
  PAYLOAD_MISSING: status.INVALID_ARGUMENT,
  PAYLOAD_UNSUPPORTED: status.UNIMPLEMENTED,
  BODY_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  REQUEST_MALFORMED: status.INVALID_ARGUMENT,
  OUTPUT_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  PREDICTOR_REFUSED: status.INVALID_ARGUMENT,
  PREDICTOR_MISCONFIGURED: status.FAILED_PRECONDITION,
  PREDICTOR_FAILED: status.UNAVAILABLE,
  PREDICTOR_BUSY: status.UNAVAILABLE,
  PREDICTOR_UNREACHABLE: status.UNAVAILABLE,
  PREDICTOR_ANSWER_UNUSABLE: status.INTERNAL,
  DEADLINE_EXCEEDED: status.DEADLINE_EXCEEDED,
  OVERLOADED: status.RESOURCE_EXHAUSTED,
  DRAINING: status.UNAVAILABLE,
  ROUTE_UNKNOWN: status.UNIMPLEMENTED,
  METHOD_NOT_ALLOWED: status.UNIMPLEMENTED,
  INTERNAL: status.INTERNAL,
};

/** Trailers are bounded by what peers take of headers: 8 KiB by default. */
const maxDetails = 2_000;

/** The status of an error, with its code and class as trailers. */
export function statusOf(error: AdapterError): StatusObject {
  const metadata = new Metadata();
  metadata.set('seldon-error-code', error.code);
  metadata.set('seldon-error-class', error.fault);
  if (error.retryAfterMs !== undefined) {
    metadata.set('grpc-retry-pushback-ms', String(Math.ceil(error.retryAfterMs)));
  }
  return { code: codes[error.code], details: detailsOf(error.message), metadata };
}

/** Bounded, and without what an encoder of URIs would throw at. */
export const detailsOf = (text: string): string =>
  text.slice(0, maxDetails).replace(/\p{Surrogate}/gu, '\ufffd');
