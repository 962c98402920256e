/** Events in and out. */

import { list, oneOf, type SettingGroup, text, yesOrNo } from './setting.ts';

export const responseIds = ['derived', 'puid', 'random'] as const;

/** The context attributes of CloudEvents 1.0 and 0.3, and what every reply has beside them. */
const taken = new Set([
  ...['specversion', 'id', 'source', 'type', 'datacontenttype', 'dataschema', 'subject', 'time'],
  ...['data', 'schemaurl', 'datacontentencoding', 'causationid'],
]);

const extensionName = text
  .regex(/^[a-z0-9]+$/, 'expected an attribute name of a–z and 0–9')
  .refine((name) => !taken.has(name), 'is an attribute that every event or reply has already')
  .meta({ title: 'attribute name' });

export const eventSettings = {
  eventTypes: {
    env: 'EVENT_TYPES',
    schema: list,
    fallback: '',
    fallbackText: 'any',
    doc: 'Event types to predict on; events of other types are answered 200, empty.',
  },
  propagateExtensions: {
    env: 'PROPAGATE_EXTENSIONS',
    schema: list.pipe(text.regex(/^[a-z0-9]+$/, 'expected attribute names of a–z and 0–9').array()),
    fallback: '',
    fallbackText: 'none',
    doc: 'Further extension attributes that a reply event takes over from its request.',
  },
  correlationAttribute: {
    env: 'CORRELATION_ATTRIBUTE',
    schema: extensionName,
    fallback: 'correlationid',
    doc: "The request's attribute that its reply returns: `correlationAttribute` of Knative's RequestReply.",
  },
  replyAttribute: {
    env: 'REPLY_ATTRIBUTE',
    schema: extensionName,
    fallback: 'replyid',
    doc: "The reply's attribute that it is returned in, unless the request has one of that name: `replyAttribute` of Knative's RequestReply.",
  },
  errorEvents: {
    env: 'ERROR_EVENTS',
    schema: yesOrNo,
    fallback: 'false',
    doc: 'Whether an event over HTTP that can never be predicted is answered 200 with an event of type `seldon.<sdep>.<namespace>.error`, instead of a 4xx that makes it a dead letter.',
  },
  responseSource: {
    env: 'RESPONSE_SOURCE',
    schema: text.regex(/^\S+$/, 'expected a URI reference without spaces'),
    doc: 'Source of reply events. Unset: `seldon.<sdep>.<namespace>`.',
    fallbackText: '`seldon.<sdep>.<namespace>`',
  },
  responseId: {
    env: 'RESPONSE_ID',
    schema: oneOf(responseIds),
    fallback: 'derived',
    doc: "Id of reply events: `derived` from the request, so that a redelivered one gets the same; the prediction's `puid`; or `random`.",
  },
} as const satisfies SettingGroup;
