/** Short ways to write messages and to read what was made of them, shared by the codec suites. */

import { Buffer } from 'node:buffer';
import type { AttributeValue, Decoded, Event } from '../../../src/event/event.ts';
import { decodeHttp, type HttpMessage } from '../../../src/event/http-message.ts';
import { decodeKafka } from '../../../src/event/kafka-message.ts';

export const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
export const text = (data: Uint8Array | undefined): string | undefined =>
  data === undefined ? undefined : Buffer.from(data).toString('utf8');

type Headers = Readonly<Record<string, string>>;

/** Node's alternating list. */
export const raw = (headers: Headers): string[] => Object.entries(headers).flat();

export const required: Headers = {
  'ce-specversion': '1.0',
  'ce-id': '1',
  'ce-source': '/s',
  'ce-type': 't',
};
export const requiredMembers = { specversion: '1.0', id: '1', source: '/s', type: 't' };

export function without(headers: Headers, name: string): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
}

/** A binary-mode request: the required headers and these. */
export const http = (headers: Headers = {}, body: Uint8Array = bytes('')): HttpMessage =>
  decodeHttp(raw({ ...required, ...headers }), body);

/** A structured-mode request with this body. */
export const structured = (
  body: string | Uint8Array,
  contentType = 'application/cloudevents+json',
): HttpMessage =>
  decodeHttp(['Content-Type', contentType], typeof body === 'string' ? bytes(body) : body);

/** A structured-mode body out of the required members and this further text. */
export const body = (more = '', version = '1.0'): string =>
  `{"specversion":"${version}","id":"1","source":"/s","type":"t"${more === '' ? '' : `,${more}`}}`;

/** A binary-mode record: the required headers and these. */
export const kafka = (
  headers: Readonly<Record<string, string | Uint8Array>> = {},
  value: Uint8Array | null = null,
): Decoded | { readonly kind: 'none' } =>
  decodeKafka(
    { ce_specversion: '1.0', ce_id: '1', ce_source: '/s', ce_type: 't', ...headers },
    value,
  );

/** The event, or a failure that shows the refusal. */
export function eventOf(message: HttpMessage): Event {
  if (message.kind !== 'event') throw new Error(`no event: ${JSON.stringify(message)}`);
  return message.event;
}

/** The attributes at fault, in the order told. */
export function faults(message: HttpMessage): string[] {
  if (message.kind !== 'refused') throw new Error(`not refused: ${JSON.stringify(message)}`);
  return message.problems.map(({ where }) => where);
}

/** The reasons, one to a line. */
export function reasons(message: HttpMessage): string {
  if (message.kind !== 'refused') throw new Error(`not refused: ${JSON.stringify(message)}`);
  return message.problems.map(({ reason }) => reason).join('\n');
}

interface EventParts extends Partial<Omit<Event, 'attributes'>> {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export const event = ({ attributes = {}, ...parts }: EventParts = {}): Event => ({
  specversion: '1.0',
  id: '1',
  source: '/s',
  type: 't',
  datacontenttype: undefined,
  data: undefined,
  ...parts,
  attributes: new Map(Object.entries(attributes)),
});
