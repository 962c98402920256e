/** An event that came by HTTP, as the core takes it. */

import type { FastifyRequest } from 'fastify';
import type { Input } from '../delivery/dispatch.ts';
import { addEventTrace } from '../delivery/trace-headers.ts';
import type { Event } from '../event/event.ts';
import { protoNameOf } from '../event/proto-name.ts';
import { headersForEvent, protoNameOfRequest } from './forwarded-headers.ts';

/** What the route knows of it. */
type Known = Pick<Input, 'model' | 'puid' | 'deadline' | 'isFeedback'>;

export function inputOfEvent(event: Event, { headers }: FastifyRequest, known: Known): Input {
  const forwarded = headersForEvent(headers);
  addEventTrace(forwarded, event);
  return {
    origin: { kind: 'event', event },
    payload: event.data,
    contentType: event.datacontenttype,
    protoName: protoNameOf(event) ?? protoNameOfRequest(headers),
    model: known.model,
    puid: known.puid,
    headers: forwarded,
    deadline: known.deadline,
    isFeedback: known.isFeedback,
  };
}
