/**
 * An event as the page gets it: escaped and bounded, so that neither a hostile value nor a large
 * one reaches a browser whole. Pure.
 */

import { asBuffer } from '../../event/utf8.ts';
import { escapeLines, escapeValue } from '../escape.ts';
import { indentedWhereJson, textOf } from '../payload-text.ts';
import type { HeldEvent } from './held-events.ts';

export interface Row {
  readonly number: number;
  readonly receivedAtMs: number;
  readonly specversion: string;
  readonly type: string;
  readonly source: string;
  readonly id: string;
  /** The event's own; it may be absent. */
  readonly time?: string;
  readonly sentTo?: string;
  readonly latencyMs?: number;
  readonly causeSource?: string;
  readonly isCauseAmbiguous?: boolean;
  /** All attributes but the required ones, by name. */
  readonly attributes: readonly (readonly [name: string, value: string])[];
  /** How many attributes were left out. */
  readonly moreAttributes: number;
  readonly dataBytes: number;
  /** Absent where the event has none, or none is held. */
  readonly payload?: Payload;
}

export interface Payload {
  readonly form: 'text' | 'base64';
  readonly text: string;
  /** Only the beginning is here. */
  readonly isCut: boolean;
}

const maxValueLength = 1_024;
const maxAttributes = 40;
/** JSON above this size is shown as it was sent. */
const maxIndentedBytes = 16 * 1024;
const maxTextLength = 16 * 1024;
/** Of larger data no more than this is looked at. */
const maxReadBytes = 64 * 1024;
const binaryHeadBytes = 384;

export function rowOf(held: HeldEvent): Row {
  const { number, receivedAtMs, sentTo, cause, dataBytes, event } = held;
  const { specversion, type, source, id, datacontenttype, attributes, data } = event;
  const time = attributes.get('time');
  const others = [...attributes].filter(([name]) => name !== 'time');
  const shown: (readonly [string, string])[] = others
    .slice(0, maxAttributes)
    .map(([name, value]) => [short(name), short(String(value))]);
  if (datacontenttype !== undefined) shown.unshift(['datacontenttype', short(datacontenttype)]);
  return {
    number,
    receivedAtMs,
    specversion,
    type: short(type),
    source: short(source),
    id: short(id),
    ...(time !== undefined && { time: short(String(time)) }),
    ...(sentTo !== undefined && { sentTo }),
    ...(cause !== undefined && {
      latencyMs: cause.latencyMs,
      causeSource: short(cause.source),
      isCauseAmbiguous: cause.isAmbiguous,
    }),
    attributes: shown,
    moreAttributes: others.length - Math.min(others.length, maxAttributes),
    dataBytes,
    ...(data !== undefined && { payload: payloadOf(data, datacontenttype) }),
  };
}

/** Bytes of unknown origin, to be shown. */
export function payloadOf(data: Uint8Array, contentType: string | undefined): Payload {
  const head = data.length > maxReadBytes ? wholeCharacters(data.subarray(0, maxReadBytes)) : data;
  const text = textOf(head, contentType);
  if (text === undefined) {
    const base64 = asBuffer(data).toString('base64', 0, binaryHeadBytes);
    return { form: 'base64', text: base64, isCut: data.length > binaryHeadBytes };
  }
  const laidOut = data.length <= maxIndentedBytes ? indentedWhereJson(text) : text;
  const escaped = escapeLines(laidOut.slice(0, maxTextLength)).join('\n');
  const isCut =
    head.length < data.length || Math.max(laidOut.length, escaped.length) > maxTextLength;
  return { form: 'text', text: escaped.slice(0, maxTextLength), isCut };
}

/** Without a UTF-8 sequence at its end that is cut off. */
function wholeCharacters(bytes: Uint8Array): Uint8Array {
  for (let back = 1; back <= 4 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc0) return bytes.subarray(0, bytes.length - back);
  }
  return bytes;
}

const short = (text: string): string =>
  text.length > maxValueLength
    ? `${escapeValue(text.slice(0, maxValueLength))}…`
    : escapeValue(text);
