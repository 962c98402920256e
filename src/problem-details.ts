/** An error as RFC 9457 problem details: what every edge tells of a failure. */

import { type AdapterError, errorCodes, type Problem } from './errors.ts';

export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly fault: string;
  /** Whether sending the same input again can help without anybody changing it. */
  readonly retriable: boolean;
  readonly problems?: readonly Problem[];
}

/** @returns a JSON-ready object; it never holds a payload or a secret. */
export function problemDetails(error: AdapterError): ProblemDetails {
  return {
    type: `urn:seldon-eventing:problem:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title: errorCodes[error.code].title,
    status: error.status,
    detail: error.message,
    code: error.code,
    fault: error.fault,
    retriable: error.fault !== 'record' && error.fault !== 'caller',
    ...(error.problems.length > 0 && { problems: error.problems }),
  };
}
