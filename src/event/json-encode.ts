/**
 * Events into the JSON event format and the JSON batch format (JSON format 1.0.2; 0.3's differs
 * in how it carries binary data).
 *
 * R1 JSON stands in the envelope as it is, byte for byte, apart from white space around it;
 *    nothing is serialised again.
 * R2 Text stands there as a string, everything else as base64.
 * R3 Data without a datacontenttype go as base64: `data` would claim that they are JSON (§3.1.2).
 */

import { Buffer } from 'node:buffer';
import type { Event } from './event.ts';
import { trimSpace } from './json-text.ts';
import { isJsonType, isTextType, isUtf8Charset, parseMediaType } from './media-type.ts';
import { asBuffer, utf8Text } from './utf8.ts';

/** Writes the body of a structured-mode message. */
export const encodeJsonEvent = (event: Event): Uint8Array => Buffer.concat(eventParts(event));

/** Writes the body of a batched-mode message (§4). */
export function encodeJsonBatch(events: readonly Event[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from('[')];
  for (const [index, event] of events.entries()) {
    if (index > 0) parts.push(Buffer.from(','));
    parts.push(...eventParts(event));
  }
  parts.push(Buffer.from(']'));
  return Buffer.concat(parts);
}

function eventParts(event: Event): Uint8Array[] {
  let head = `{${member('specversion', event.specversion)},${member('id', event.id)}`;
  head += `,${member('source', event.source)},${member('type', event.type)}`;
  if (event.datacontenttype !== undefined) {
    head += `,${member('datacontenttype', event.datacontenttype)}`;
  }
  for (const [name, value] of event.attributes) {
    // In 0.3 this says how the envelope holds the data, which is decided below.
    const isOurs = event.specversion === '0.3' && name === 'datacontentencoding';
    if (!isOurs) head += `,${member(name, value)}`;
  }
  const { data, datacontenttype } = event;
  if (data === undefined) return [Buffer.from(`${head}}`)];
  const type = datacontenttype === undefined ? undefined : parseMediaType(datacontenttype);
  const json = type !== undefined && isJsonType(type) ? wellFormed(data) : undefined;
  if (json !== undefined) return [Buffer.from(`${head},"data":`), json, Buffer.from('}')];
  const isText = type !== undefined && !isJsonType(type) && isTextType(type) && isUtf8Charset(type);
  const text = isText ? utf8Text(data) : undefined;
  const tail = text === undefined ? base64Members(event, data) : member('data', text);
  return [Buffer.from(`${head},${tail}}`)];
}

const member = (name: string, value: string | number | boolean): string =>
  `${JSON.stringify(name)}:${JSON.stringify(value)}`;

/** The JSON text without the space around it, undefined where it is none. */
function wellFormed(data: Uint8Array): Uint8Array | undefined {
  try {
    const text = utf8Text(data);
    if (text === undefined) return undefined;
    JSON.parse(text);
    return trimSpace(data);
  } catch {
    return undefined;
  }
}

function base64Members({ specversion }: Event, data: Uint8Array): string {
  const base64 = asBuffer(data).toString('base64');
  if (specversion === '1.0') return member('data_base64', base64);
  return `${member('datacontentencoding', 'base64')},${member('data', base64)}`;
}
