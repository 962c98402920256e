/** Events in and out. */

import { list, oneOf, type SettingGroup, text } from './setting.ts';

export const responseIds = ['derived', 'puid', 'random'] as const;

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
