/**
 * CloudEvents in HTTP messages: binary, structured and batched mode (HTTP binding 1.0.2).
 *
 * R1 The content type decides the mode; without an envelope's type it is binary (§3).
 * R2 Header names are taken in any case (§3.1.3.1); a header given twice is refused.
 * R3 In structured and batched mode `ce-` headers are ignored: the payload has it all (§3.2.3).
 * R4 An empty body is no data: HTTP cannot tell the two apart.
 */

import { finishBinary } from './binary-mode.ts';
import { claimsToBeEvent, createDraft, type Draft, refuse, report, setAttribute } from './draft.ts';
import type { Decoded, Event, Mode } from './event.ts';
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts';
import { decodeJsonBatch, decodeJsonEvent } from './json-decode.ts';
import { encodeJsonBatch, encodeJsonEvent } from './json-encode.ts';
import { batchType, type Envelope, envelopeOf, structuredType } from './media-type.ts';
import { quote } from './quote.ts';

export type HttpMessage =
  | Decoded
  | { readonly kind: 'batch'; readonly events: readonly Decoded[] }
  | { readonly kind: 'none' };

export interface EncodedHttp {
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | undefined;
}

interface Headers {
  readonly contentType: string | undefined;
  /** A second content type that differs from the first. */
  readonly otherContentType: string | undefined;
  /** The attributes, where there is any `ce-` header. */
  readonly draft: Draft | undefined;
}

/**
 * Reads a message. `rawHeaders` is Node's list of alternating names and values.
 * A message is no event where neither its content type nor one of the headers ce-specversion,
 * ce-id, ce-source and ce-type says that it is one (§3).
 * @param maxEvents most events of a batch
 */
export function decodeHttp(
  rawHeaders: readonly string[],
  body: Uint8Array,
  maxEvents?: number,
): HttpMessage {
  const { contentType, otherContentType, draft } = readHeaders(rawHeaders);
  const envelope = envelopeOf(contentType);
  if (envelope.kind === 'binary' && (draft === undefined || !claimsToBeEvent(draft))) {
    return { kind: 'none' };
  }
  if (otherContentType !== undefined) {
    const reason = `Content-Type is given twice, with different values: ${quote(contentType ?? '')} and ${quote(otherContentType)}; send one`;
    if (draft === undefined || envelope.kind !== 'binary') return refuse([{ where: '', reason }]);
    report(draft, 'datacontenttype', reason);
  }
  if (envelope.kind !== 'binary') return decodeEnvelope(envelope, body, maxEvents);
  const data = body.length === 0 ? undefined : body;
  return finishBinary(draft ?? createDraft(), contentType, data, spelling);
}

const spelling = (name: string): string => `the header ce-${name}`;

function decodeEnvelope(
  envelope: Envelope,
  body: Uint8Array,
  maxEvents: number | undefined,
): HttpMessage {
  switch (envelope.kind) {
    case 'batch':
      return decodeJsonBatch(body, maxEvents);
    case 'unsupported':
      return refuse([{ where: '', reason: envelope.reason }]);
    default:
      return decodeJsonEvent(body);
  }
}

/** One pass: every message goes through here, events or not, so nothing is done needlessly. */
function readHeaders(rawHeaders: readonly string[]): Headers {
  let contentType: string | undefined;
  let otherContentType: string | undefined;
  let draft: Draft | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    // Neither kind of header that matters begins with anything but a C.
    if ((name.charCodeAt(0) | 0x20) !== 0x63) continue;
    const value = rawHeaders[index + 1] ?? '';
    if (name.charCodeAt(2) === 0x2d && (name.charCodeAt(1) | 0x20) === 0x65) {
      draft ??= createDraft();
      readAttribute(draft, name.slice(3).toLowerCase(), value);
    } else if (name.length === 12 && name.toLowerCase() === 'content-type') {
      contentType ??= value;
      if (contentType !== value) otherContentType = value;
    }
  }
  return { contentType, otherContentType, draft };
}

function readAttribute(draft: Draft, name: string, headerValue: string): void {
  const value = decodeHeaderValue(headerValue);
  if (typeof value === 'string') setAttribute(draft, name, value);
  else report(draft, name, `the header ce-${name}: ${value.reason}`);
}

/** Writes one event. A structured message's content type stands in its headers, as its only one. */
export function encodeHttp(event: Event, mode: Mode): EncodedHttp {
  if (mode === 'structured') {
    return { headers: { 'content-type': structuredType }, body: encodeJsonEvent(event) };
  }
  const headers: Record<string, string> = {
    'ce-specversion': event.specversion,
    'ce-id': encodeHeaderValue(event.id),
    'ce-source': encodeHeaderValue(event.source),
    'ce-type': encodeHeaderValue(event.type),
  };
  for (const [name, value] of event.attributes) {
    headers[`ce-${name}`] = encodeHeaderValue(String(value));
  }
  if (event.datacontenttype !== undefined) headers['content-type'] = event.datacontenttype;
  return { headers, body: event.data };
}

/** Writes a JSON batch, each event as in structured mode (JSON format §4); it may be empty. */
export const encodeHttpBatch = (events: readonly Event[]): EncodedHttp => ({
  headers: { 'content-type': batchType },
  body: encodeJsonBatch(events),
});
