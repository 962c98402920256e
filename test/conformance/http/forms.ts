/** One event in each form that HTTP knows, and the reply events in what comes back. */

import { Buffer } from 'node:buffer';
import { expect } from 'vitest';
import type { Answer, SendOptions } from '../../support/adapter.ts';

export type Form = 'binary' | 'structured' | 'batch';
export const forms: readonly Form[] = ['binary', 'structured', 'batch'];
export const specversions = ['1.0', '0.3'] as const;

/** Attributes as they stand in JSON; `data` is JSON text. */
export interface EventToSend {
  readonly attributes: Readonly<Record<string, string>>;
  readonly data: string;
}

/** The request that carries the event; a batch carries it alone. */
export function inForm(
  form: Form,
  { attributes, data }: EventToSend,
  headers: Readonly<Record<string, string>> = {},
): SendOptions {
  if (form === 'binary') {
    const ce = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, encoded(value)]);
    const all = { ...Object.fromEntries(ce), 'content-type': 'application/json', ...headers };
    return { headers: all, body: data };
  }
  const members = { ...attributes, datacontenttype: 'application/json' };
  const event = `${JSON.stringify(members).slice(0, -1)},"data":${data}}`;
  const type = form === 'structured' ? 'cloudevents' : 'cloudevents-batch';
  return {
    headers: { ...headers, 'content-type': `application/${type}+json` },
    body: form === 'structured' ? event : `[${event}]`,
  };
}

const encoded = (value: string): string => encodeURIComponent(value).replaceAll('%2F', '/');

/** A reply event, its data as text. */
export interface ReplyEvent {
  readonly attributes: Readonly<Record<string, string>>;
  readonly data: string;
}

/** The events of an answer, which must have the form of the request. */
export function repliesOf(form: Form, answer: Answer): ReplyEvent[] {
  expect(answer.status, answer.text).toBe(200);
  if (form === 'binary') return [binaryReply(answer)];
  const type = form === 'structured' ? 'cloudevents' : 'cloudevents-batch';
  expect(answer.headers['content-type']).toBe(`application/${type}+json; charset=utf-8`);
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('ce-'))).toEqual([]);
  const events = form === 'structured' ? [answer.json()] : answer.json<Record<string, unknown>[]>();
  return events.map(({ data, data_base64, ...attributes }) => ({
    attributes: attributes as Record<string, string>,
    data:
      data_base64 === undefined
        ? JSON.stringify(data)
        : Buffer.from(String(data_base64), 'base64').toString('utf8'),
  }));
}

function binaryReply(answer: Answer): ReplyEvent {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (name.startsWith('ce-')) attributes[name.slice(3)] = decodeURIComponent(String(value));
  }
  attributes['datacontenttype'] = String(answer.headers['content-type']);
  return { attributes, data: answer.text };
}

/** The only reply of an answer. */
export function replyOf(form: Form, answer: Answer): ReplyEvent {
  const [reply, ...others] = repliesOf(form, answer);
  expect(others).toEqual([]);
  if (reply === undefined) throw new Error('there is no reply event');
  return reply;
}
