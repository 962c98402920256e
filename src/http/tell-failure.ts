/** One line for each failure: what failed, why, and what its sender does next. */

import type { FastifyRequest } from 'fastify';
import { failureFields, logFailure, nextOfMember, nextOfSender } from '../delivery/failure-line.ts';
import type { Log } from '../delivery/ports.ts';
import type { AdapterError } from '../errors.ts';
import type { Event } from '../event/event.ts';

export interface FailedRequest {
  readonly request: FastifyRequest;
  /** For the line: what was answered with an error. */
  readonly what: string;
  /** Whether it is one event of several in the request. */
  readonly isMember?: boolean | undefined;
  readonly event?: Pick<Event, 'id' | 'source'> | undefined;
}

/** Logs it, with what there is to know of the request. */
export function tellFailure(
  log: Log,
  error: AdapterError,
  { request, what, isMember, event }: FailedRequest,
): void {
  const { traceparent } = request.headers;
  const fields = {
    ...failureFields(error, {
      event,
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
      next: isMember === true ? nextOfMember : nextOfSender(error),
    }),
    status: error.status,
  };
  logFailure(log, error, fields, what);
}
