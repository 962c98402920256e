/**
 * ERROR_EVENTS: an event that can never be predicted is answered with an event that says why, which
 * a Broker routes by its type, instead of a status that makes it a dead letter.
 *
 * E1 Only faults of the record become events. All others keep their status: a 2xx would tell the
 *    sender that all is done, and it would not deliver again.
 * E2 The same failure of the same event has the same id, which is never that of a reply.
 */

import type { AdapterError } from '../errors.ts';
import type { Event } from '../event/event.ts';
import type { ReplyFactory } from '../event/reply.ts';
import type { Dispatch, Input } from './dispatch.ts';
import { headerOf } from './header-list.ts';
import type { Outcome } from './outcome.ts';
import { transportTrace } from './trace-headers.ts';

export interface ErrorEventsOptions {
  /** The configured model; a route that names one overrides it. */
  readonly model: string | undefined;
}

export interface ErrorEventsDeps {
  readonly replies: ReplyFactory;
  readonly wallClock: () => number;
  /** Tells of a failure that the answer's status does not show. */
  readonly told: (error: AdapterError, event: Event, traceparent: string | undefined) => void;
}

/** Wraps `work`; what was worked out well is handed on as it is. */
export function answerErrorsWithEvents(
  work: Dispatch,
  options: ErrorEventsOptions,
  { replies, wallClock, told }: ErrorEventsDeps,
): Dispatch {
  const errorEvent = (input: Input, error: AdapterError): Outcome => {
    const { origin } = input;
    const model = input.model ?? options.model;
    const id = replies.errorId(origin, model, error);
    const time = new Date(wallClock()).toISOString();
    const trace = transportTrace(input.headers);
    return {
      kind: 'replied',
      reply: replies.error(origin, error, { id, time, trace }),
      puid: input.puid ?? replies.id(origin, model),
    };
  };

  return async (input) => {
    const outcome = await work(input);
    if (outcome.kind !== 'failed' || outcome.error.fault !== 'record') return outcome;
    if (input.origin.kind !== 'event') return outcome;
    const traceparent = headerOf(input.headers, 'traceparent');
    told(outcome.error, input.origin.event, traceparent);
    return errorEvent(input, outcome.error);
  };
}
