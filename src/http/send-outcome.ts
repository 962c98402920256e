/**
 * What each Outcome is in HTTP (design.md §3.3): an event, a truly empty 200, or a problem.
 *
 * S1 A 2xx is an event or empty: Knative's Kafka broker takes anything else for a failure.
 * S2 A problem tells its code and class as `Kne-*` headers too, which that broker turns into
 *    attributes of the dead-lettered event (field notes §1.2).
 * S3 Nothing here returns the FastifyReply: it is thenable, so an async function that returned it
 *    would resolve with undefined, and only when the answer was written.
 */

import type { FastifyReply } from 'fastify';
import type { Outcome } from '../delivery/outcome.ts';
import type { AdapterError } from '../errors.ts';
import type { Event, Mode } from '../event/event.ts';
import { encodeHttp, encodeHttpBatch } from '../event/http-message.ts';
import { problemDetails } from '../problem-details.ts';

/** Sends the answer to one event, in the mode that it came in. */
export function sendOutcome(reply: FastifyReply, outcome: Outcome, mode: Mode): void {
  switch (outcome.kind) {
    case 'replied': {
      const { headers, body } = encodeHttp(outcome.reply, mode);
      reply.code(200).headers(headers).header('seldon-puid', outcome.puid);
      if (outcome.protoName !== undefined) reply.header('proto-name', outcome.protoName);
      reply.send(body);
      return;
    }
    case 'delivered':
      reply.header('seldon-puid', outcome.puid);
      sendTaken(reply);
      return;
    case 'accepted':
    case 'skipped':
      sendNothing(reply);
      return;
    case 'failed':
      sendProblem(reply, outcome.error);
      return;
    default:
      outcome satisfies never;
  }
}

/** Sends several events as a batch; none at all is an empty answer. */
export function sendBatch(reply: FastifyReply, events: readonly Event[]): void {
  if (events.length === 0) {
    sendNothing(reply);
    return;
  }
  const { headers, body } = encodeHttpBatch(events);
  reply.code(200).headers(headers).send(body);
}

/** 200 without an event: accepted, and there is nothing to reply. */
function sendNothing(reply: FastifyReply): void {
  reply.code(200).header('content-length', '0').send();
}

/** 202, which never carries an event: the replies went to the sink. */
export function sendTaken(reply: FastifyReply): void {
  reply.code(202).header('content-length', '0').send();
}

/** Sends an error as RFC 9457 problem details. */
export function sendProblem(reply: FastifyReply, error: AdapterError): void {
  // As bytes: Fastify adds a charset to the content type of a text.
  const body = Buffer.from(JSON.stringify(problemDetails(error)));
  reply.code(error.status).headers(problemHeaders(error)).send(body);
}

/** Headers of a problem: type, `Kne-*`, and when to come back where the status says "later". */
export function problemHeaders(error: AdapterError): Record<string, string> {
  return {
    'content-type': 'application/problem+json',
    'kne-seldonerrorcode': error.code,
    'kne-seldonerrorclass': error.fault,
    ...retryAfter(error),
  };
}

/** Retry-After goes with 429 and 503 (RFC 9110 §10.2.3), in whole seconds. */
export function retryAfter(error: AdapterError): Record<string, string> {
  if (error.status !== 429 && error.status !== 503) return {};
  return { 'retry-after': String(Math.max(1, Math.ceil((error.retryAfterMs ?? 1_000) / 1_000))) };
}
