/**
 * The events that we answer with: replies and errors (design.md §3.2 and §3.3).
 *
 * R1 The id is derived from the request, so a redelivered request gets the same reply id.
 * R2 Nothing of the predictor's own `ce-*` headers reaches a reply.
 * R3 Only the attributes named here or by `propagate` are carried over.
 * R4 A correlationid comes back as `replyid` too, unless there is one: Knative's RequestReply sets
 *    the former on what it asks, and knows the answer by the latter. Both names can be others.
 * R5 The trace is the event's own; where it has none, the one that its transport brought.
 */

import type { AdapterError } from '../errors.ts';
import { problemDetails } from '../problem-details.ts';
import { derivedId } from './derived-id.ts';
import type { AttributeValue, Event, SpecVersion } from './event.ts';
import { parseMediaType } from './media-type.ts';
import { errorType, eventSource, type Identity, responseType } from './names.ts';
import { protoNameAttribute } from './proto-name.ts';

/** Extensions that every reply takes over from its request. */
const carriedOver = ['traceparent', 'tracestate', 'partitionkey', 'subject'] as const;

/** What Knative's RequestReply calls its attributes unless it is told otherwise. */
const defaultCorrelation = { attribute: 'correlationid', replyAttribute: 'replyid' };

/** Where a request came from when it is no event: the coordinates of a raw record. */
export interface RawOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch, as Kafka gives it. */
  readonly timestamp: string;
}

export type Origin =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'raw'; readonly raw: RawOrigin }
  /** Something so malformed that it has no identity. */
  | { readonly kind: 'unknown' };

export interface ReplyOptions {
  readonly identity: Identity;
  /** Overrides the source `seldon.<sdep>.<namespace>`. */
  readonly source: string | undefined;
  /** Names of further request extensions to carry over. */
  readonly propagate: readonly string[];
  /** The request's attribute that a reply returns, and the one that it returns it in (R4). */
  readonly correlation?: Correlation | undefined;
}

export interface Correlation {
  readonly attribute: string;
  readonly replyAttribute: string;
}

/** W3C's trace, as events carry it in their tracing extension. */
export interface Trace {
  readonly traceparent: string;
  readonly tracestate: string | undefined;
}

export interface ReplyContent {
  readonly id: string;
  /** RFC 3339. */
  readonly time: string;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
  /** Full name of the protobuf message that the body is. */
  readonly protoName?: string | undefined;
  /** What the transport brought, for an event without a trace of its own. */
  readonly trace?: Trace | undefined;
}

export interface ReplyFactory {
  /** The id of the reply to this request when it is predicted by `model` (the protocol's route). */
  readonly id: (origin: Origin, model: string | undefined) => string;
  readonly reply: (origin: Origin, content: ReplyContent) => Event;
  /** The id of the event that tells of this failure; another failure has another. */
  readonly errorId: (origin: Origin, model: string | undefined, error: AdapterError) => string;
  /** The event that tells a consumer why there is no reply. */
  readonly error: (origin: Origin, error: AdapterError, told: ErrorContent) => Event;
}

export type ErrorContent = Pick<ReplyContent, 'id' | 'time' | 'trace'>;

/** Makes reply and error events for one predictor. */
export function createReplyFactory(options: ReplyOptions): ReplyFactory {
  const { identity } = options;
  const source = options.source ?? eventSource(identity);
  const types = { reply: responseType(identity), error: errorType(identity) };
  const ours = identityParts(identity);
  const correlation = options.correlation ?? defaultCorrelation;
  const ofCorrelation = [correlation.attribute, correlation.replyAttribute];
  const carried = [...new Set([...carriedOver, ...ofCorrelation, ...options.propagate])];

  const build = (kind: 'reply' | 'error', origin: Origin, content: ReplyContent): Event => ({
    specversion: specversionOf(origin),
    id: content.id,
    source,
    type: types[kind],
    datacontenttype: mediaTypeOf(content),
    attributes: attributesFor(origin, content, carried, correlation),
    data: content.body,
  });

  return {
    id: (origin, model) => derivedId([...originParts(origin), ...ours, model]),
    reply: (origin, content) => build('reply', origin, content),
    errorId: (origin, model, { code }) =>
      derivedId([...originParts(origin), ...ours, model, 'error', code]),
    error: (origin, error, told) => {
      const body = Buffer.from(JSON.stringify(problemDetails(error)));
      return build('error', origin, { ...told, contentType: 'application/problem+json', body });
    },
  };
}

/** Not every predictor sends a media type, and an event with a malformed one would be refused. */
const mediaTypeOf = ({ contentType }: ReplyContent): string =>
  contentType !== undefined && parseMediaType(contentType) !== undefined
    ? contentType
    : 'application/json';

const specversionOf = (origin: Origin): SpecVersion =>
  origin.kind === 'event' ? origin.event.specversion : '1.0';

const identityParts = ({ sdep, namespace, predictor }: Identity): string[] => [
  sdep,
  namespace,
  predictor,
];

function originParts(origin: Origin): string[] {
  if (origin.kind === 'event') return ['event', origin.event.source, origin.event.id];
  if (origin.kind === 'unknown') return ['unknown'];
  const { topic, partition, offset, timestamp } = origin.raw;
  return ['record', topic, String(partition), String(offset), timestamp];
}

function attributesFor(
  origin: Origin,
  { time, protoName, trace }: ReplyContent,
  carried: readonly string[],
  correlation: Correlation,
): Map<string, AttributeValue> {
  // `time` cannot be carried over: a reply has its own.
  const attributes = new Map<string, AttributeValue>([['time', time]]);
  if (origin.kind !== 'event') {
    if (trace !== undefined) addTrace(attributes, trace);
    if (protoName !== undefined) attributes.set(protoNameAttribute, protoName);
    return attributes;
  }
  const request = origin.event;
  for (const name of carried) {
    const value = request.attributes.get(name);
    if (value !== undefined && name !== 'time') attributes.set(name, value);
  }
  if (trace !== undefined && !attributes.has('traceparent')) addTrace(attributes, trace);
  attributes.set('causationid', request.id);
  attributes.set('correlationid', request.attributes.get('correlationid') ?? request.id);
  const asked = request.attributes.get(correlation.attribute);
  if (asked !== undefined && !attributes.has(correlation.replyAttribute)) {
    attributes.set(correlation.replyAttribute, asked);
  }
  if (protoName !== undefined) attributes.set(protoNameAttribute, protoName);
  return attributes;
}

/** A tracestate belongs to its traceparent: one without the other would be of two traces. */
function addTrace(
  attributes: Map<string, AttributeValue>,
  { traceparent, tracestate }: Trace,
): void {
  attributes.set('traceparent', traceparent);
  if (tracestate === undefined) attributes.delete('tracestate');
  else attributes.set('tracestate', tracestate);
}
