/** The test event that the page's form describes, out of untrusted JSON. Pure. */

import { Buffer } from 'node:buffer';
import type { Problem } from '../../errors.ts';
import type { Event, Mode } from '../../event/event.ts';
import { encodeHeaderValue } from '../../event/header-value.ts';
import { decodeHttp } from '../../event/http-message.ts';

export type ParsedTestEvent =
  | { readonly ok: true; readonly event: Event; readonly mode: Mode }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const fields = ['mode', 'specversion', 'type', 'source', 'id', 'datacontenttype', 'data'] as const;
type Field = (typeof fields)[number];

/**
 * Reads `{mode, specversion, type, source, id, datacontenttype, data, attributes: {name: value}}`,
 * all of them strings; an empty one is absent. The event is held to the rules of any event.
 * @param newId stands in for an absent id
 */
export function parseTestEvent(body: Uint8Array, newId: string): ParsedTestEvent {
  const form = parseObject(Buffer.from(body).toString('utf8'));
  if (form === undefined) return refused([{ where: '', reason: 'expected a JSON object' }]);
  const problems: Problem[] = [];
  const texts = new Map<Field, string>();
  for (const field of fields) {
    const value = form.get(field) ?? '';
    if (typeof value === 'string') texts.set(field, value);
    else problems.push({ where: field, reason: 'expected a string' });
  }
  const given = form.get('attributes') ?? {};
  const attributes = typeof given === 'object' ? Object.entries(given) : [];
  const rawHeaders: string[] = [];
  const add = (name: string, value: string) => {
    if (value !== '') rawHeaders.push(`ce-${name}`, encodeHeaderValue(value));
  };
  for (const name of ['type', 'source'] as const) add(name, texts.get(name) ?? '');
  add('specversion', texts.get('specversion') || '1.0');
  add('id', texts.get('id') || newId);
  for (const [name, value] of attributes) {
    if (typeof value !== 'string') problems.push({ where: name, reason: 'expected a string' });
    else if (!/^[a-z0-9]+$/.test(name)) {
      problems.push({ where: name, reason: 'attribute names have a–z and 0–9 only' });
    } else add(name, value);
  }
  const mode = texts.get('mode') || 'binary';
  if (mode !== 'binary' && mode !== 'structured') {
    problems.push({ where: 'mode', reason: 'expected binary or structured' });
  }
  const contentType = texts.get('datacontenttype') ?? '';
  if (/^application\/cloudevents/i.test(contentType.trim()) || /[^\t\x20-\x7e]/.test(contentType)) {
    problems.push({ where: 'datacontenttype', reason: 'expected the media type of the data' });
  } else if (contentType !== '') rawHeaders.push('content-type', contentType.trim());
  const message = decodeHttp(rawHeaders, Buffer.from(texts.get('data') ?? ''));
  if (message.kind === 'refused') problems.push(...message.problems);
  if (problems.length > 0 || message.kind !== 'event') return refused(problems);
  return { ok: true, event: message.event, mode: mode === 'structured' ? mode : 'binary' };
}

const refused = (problems: readonly Problem[]): ParsedTestEvent => ({ ok: false, problems });

function parseObject(text: string): Map<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return new Map(Object.entries(value));
  } catch {
    return undefined;
  }
}
