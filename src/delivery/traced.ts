/** Spans around what the core does, by decorating its functions; put on only where tracing is on. */

import { AdapterError } from '../errors.ts';
import type { Event } from '../event/event.ts';
import type { CallWithinDeadline, DeadlineCall } from './call-within-deadline.ts';
import type { Dispatch, Input } from './dispatch.ts';
import { headerOf } from './header-list.ts';
import type { Outcome } from './outcome.ts';
import type { CallPredictor, PredictionAnswer, PredictionCall } from './ports.ts';
import {
  isSampled,
  type Span,
  type SpanEnd,
  type SpanFields,
  type Tracing,
  traceIdOf,
  withTraceparent,
} from './tracing.ts';

/** An event's way through dispatch; its reply carries this span on, so that consumers continue it. */
export function tracedDispatch(dispatch: Dispatch, tracing: Tracing): Dispatch {
  const traced = async (input: Input, parent: string): Promise<Outcome> => {
    noteWait(parent, tracing);
    const { origin } = input;
    if (origin.kind !== 'event') {
      return dispatch(input).finally(() => noteWork(parent, tracing));
    }
    const { event } = origin;
    const told = attributeText(event, 'traceparent');
    const state = headerOf(input.headers, 'tracestate');
    const isOther = told !== undefined && traceIdOf(told) !== traceIdOf(parent);
    const span = tracing.start({
      name: `CloudEvents Process ${event.type}`,
      kind: 'consumer',
      ...{ parent, state },
      links: isOther ? [told] : undefined,
      fields: fieldsOfEvent(event),
    });
    const outcome = await dispatch({
      ...input,
      origin: { kind: 'event', event: eventWithin(event, span.traceparent, state) },
      headers: withTraceparent(input.headers, span.traceparent),
    });
    span.end(endOfOutcome(outcome));
    noteWork(parent, tracing);
    return outcome;
  };
  // Here and below: no promise more for what is not sampled.
  return (input) => {
    const parent = headerOf(input.headers, 'traceparent');
    return isSampled(parent) ? traced(input, parent) : dispatch(input);
  };
}

/** An edge's call of the predictor without dispatch: plain requests, feedback, gRPC. */
export function tracedEdge(call: CallWithinDeadline, tracing: Tracing): CallWithinDeadline {
  return (request) => {
    const parent = headerOf(request.headers, 'traceparent');
    if (!isSampled(parent)) return call(request);
    noteWait(parent, tracing);
    return call(request).finally(() => noteWork(parent, tracing));
  };
}

/** All attempts at one prediction of one model, pauses between them included. */
export function tracedPrediction(
  node: string,
  call: CallWithinDeadline,
  tracing: Tracing,
): CallWithinDeadline {
  const traced = async (request: DeadlineCall, parent: string): Promise<PredictionAnswer> => {
    const span = tracing.start({
      name: node === '' ? 'predict' : `predict ${node}`,
      kind: 'internal',
      parent,
      state: headerOf(request.headers, 'tracestate'),
      fields: { 'seldon.node.name': node === '' ? undefined : node },
    });
    tracing.attempts.set(span.traceparent, 0);
    const headers = withTraceparent(request.headers, span.traceparent);
    try {
      return await ended(span, call({ ...request, headers }), ({ status }) => ({
        error: status >= 400 ? String(status) : undefined,
      }));
    } finally {
      tracing.attempts.delete(span.traceparent);
    }
  };
  return (request) => {
    const parent = headerOf(request.headers, 'traceparent');
    return isSampled(parent) ? traced(request, parent) : call(request);
  };
}

/** One attempt: the call of a server. @param url its base address */
export function tracedAttempt(
  url: URL,
  transport: 'rest' | 'grpc',
  call: CallPredictor,
  tracing: Tracing,
): CallPredictor {
  // By its parts: userinfo and query of an address are nobody's business.
  const server: SpanFields = {
    'server.address': url.hostname,
    'server.port': url.port === '' ? undefined : Number(url.port),
  };
  const traced = (request: PredictionCall, parent: string): Promise<PredictionAnswer> => {
    const { path } = request;
    const made = tracing.attempts.get(parent) ?? 0;
    tracing.attempts.set(parent, made + 1);
    const span = tracing.start({
      name: transport === 'grpc' ? path.slice(1) : 'POST',
      kind: 'client',
      parent,
      state: headerOf(request.headers, 'tracestate'),
      fields: {
        ...server,
        ...(transport === 'grpc'
          ? fieldsOfMethod(path)
          : { 'http.request.method': 'POST', 'url.full': `${url.protocol}//${url.host}${path}` }),
        'http.request.resend_count': made === 0 ? undefined : made,
      },
    });
    // A prediction may have ended before a second call beside it did: its count is gone by then.
    const headers = withTraceparent(request.headers, span.traceparent);
    return ended(span, call({ ...request, headers }), ({ status, statusName }) => ({
      fields:
        transport === 'grpc'
          ? { 'rpc.response.status_code': statusName ?? 'OK' }
          : { 'http.response.status_code': status },
      error: status >= 400 ? (statusName ?? String(status)) : undefined,
    }));
  };
  return (request) => {
    const parent = headerOf(request.headers, 'traceparent');
    return isSampled(parent) ? traced(request, parent) : call(request);
  };
}

/** @param path `/package.Service/Method` */
export function fieldsOfMethod(path: string): SpanFields {
  const [, service = '', method = ''] = path.split('/');
  return { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': method };
}

/** Ends the span as the call does. */
export async function ended(
  span: Span,
  call: Promise<PredictionAnswer>,
  endOf: (answer: PredictionAnswer) => SpanEnd,
): Promise<PredictionAnswer> {
  try {
    const answer = await call;
    span.end(endOf(answer));
    return answer;
  } catch (thrown) {
    const { code, message } = AdapterError.from(thrown);
    span.end({ error: code, message });
    throw thrown;
  }
}

/** From when a request had arrived until its work begins: mostly the wait for a place. */
function noteWait(parent: string, { arrivals, start }: Tracing): void {
  const arrival = arrivals.get(parent);
  if (arrival === undefined) return;
  const { state, receivedMs: startMs } = arrival;
  start({ name: 'wait', kind: 'internal', parent, state, startMs }).end();
}

function noteWork(parent: string, { arrivals, now }: Tracing): void {
  const arrival = arrivals.get(parent);
  if (arrival !== undefined) arrival.workedMs = now();
}

const attributeText = ({ attributes }: Event, name: string): string | undefined => {
  const value = attributes.get(name);
  return typeof value === 'string' ? value : undefined;
};

const fieldsOfEvent = (event: Event): SpanFields => ({
  'cloudevents.event_id': event.id,
  'cloudevents.event_source': event.source,
  'cloudevents.event_type': event.type,
  'cloudevents.event_spec_version': event.specversion,
  'cloudevents.event_subject': attributeText(event, 'subject'),
});

/** The event as if it had been sent within our span: replies take its trace over. */
function eventWithin(event: Event, traceparent: string, state: string | undefined): Event {
  const attributes = new Map(event.attributes).set('traceparent', traceparent);
  if (state === undefined) attributes.delete('tracestate');
  else attributes.set('tracestate', state);
  return { ...event, attributes };
}

function endOfOutcome(outcome: Outcome): SpanEnd {
  if (outcome.kind === 'failed') {
    const { code, message, fault } = outcome.error;
    return { fields: { 'seldon.error.class': fault }, error: code, message };
  }
  return {
    fields: {
      'seldon.outcome': outcome.kind === 'skipped' ? `skipped: ${outcome.reason}` : outcome.kind,
    },
  };
}
