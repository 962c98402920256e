/**
 * What a line of the log says of a failure, the same at every edge: whose it was (`id` and `source`,
 * or `topic`, `partition` and `offset`), `code` and `fault`, the `reason`, and what happens `next`.
 */

import type { AdapterError } from '../errors.ts';
import type { Event } from '../event/event.ts';
import type { Log } from './ports.ts';
import { isSentAgain } from './sent-again.ts';
import { traceIdOf } from './tracing.ts';

export interface FailureContext {
  /** The event that failed, where it could be read. */
  readonly event?: Pick<Event, 'id' | 'source'> | undefined;
  /** The `traceparent` that came with it. */
  readonly traceparent?: string | undefined;
  /** One clause: who does what now. */
  readonly next: string;
}

/** Fields of the line; what is not known is left out. */
export function failureFields(
  { code, fault, message }: AdapterError,
  { event, traceparent, next }: FailureContext,
): Record<string, unknown> {
  const traceId = traceIdOf(traceparent);
  return {
    ...(event && { id: event.id, source: event.source }),
    ...{ code, fault, reason: message, next },
    ...(traceId !== undefined && { traceId }),
  };
}

/**
 * Tells of a failure that somebody was answered with. Overload is told at debug: there would be a
 * line for each of too many requests.
 * @param what was answered, such as `the request`
 */
export function logFailure(
  log: Log,
  error: AdapterError,
  fields: Readonly<Record<string, unknown>>,
  what: string,
): void {
  if (error.code === 'INTERNAL') log.error({ ...fields, err: error.cause }, 'the adapter failed');
  else if (error.fault === 'overload') log.debug(fields, `${what} was turned away`);
  else log.warn(fields, `${what} was answered with an error`);
}

/** What the sender of an HTTP request does, who is told this error. */
export function nextOfSender({ status, retryAfterMs }: AdapterError): string {
  const answered = `answered ${status}`;
  if (status === 429 || status === 503) {
    const seconds = Math.max(1, Math.ceil((retryAfterMs ?? 1_000) / 1_000));
    return `${answered}: the sender may come back in ${seconds} s`;
  }
  if (isSentAgain(status)) return `${answered}: the sender retries`;
  return `${answered}: sent again it fails again; Knative dead-letters it`;
}

/** Of an event whose failure is told by another event. */
export const nextOfErrorEvent = 'answered 200 with an error event: nobody sends it again';

/** Of one event of several in a request. */
export const nextOfMember = 'told in the answer to its batch';

/** What the caller of a gRPC method does, who is told this status. */
export function nextOfCaller(status: string): string {
  const mayPass = status === 'UNAVAILABLE' || status === 'RESOURCE_EXHAUSTED';
  return mayPass
    ? `answered ${status}: the caller may call again`
    : `answered ${status}: the caller decides`;
}
