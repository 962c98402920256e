/**
 * CloudEvents in Kafka records: binary and structured mode (Kafka binding 1.0.2).
 *
 * R1 The header `content-type` decides the mode, matched without regard to case (§3).
 * R2 Attributes are headers `ce_<name>` in plain UTF-8: no percent-encoding (§3.2.3).
 * R3 No value is no data, and an empty value is empty data (§3.2.2).
 * R4 The key is never looked at, and partitionkey is never added (§3.1).
 * R5 There is no batched mode (§1.3).
 */

import { finishBinary } from './binary-mode.ts';
import { claimsToBeEvent, createDraft, type Draft, refuse, report, setAttribute } from './draft.ts';
import type { Decoded, Event, Mode } from './event.ts';
import { decodeJsonEvent } from './json-decode.ts';
import { encodeJsonEvent } from './json-encode.ts';
import { envelopeOf, structuredType } from './media-type.ts';
import { quote } from './quote.ts';
import { utf8Text } from './utf8.ts';

type HeaderValue = Uint8Array | string;
type HeaderValues = HeaderValue | readonly HeaderValue[] | undefined;

/** A record's headers as kafkajs gives them: a header that is given twice is an array. */
export type KafkaHeaders = Readonly<Record<string, HeaderValues>>;

export interface EncodedKafka {
  readonly headers: Record<string, string>;
  readonly value: Uint8Array | null;
}

/**
 * Reads a record. It is no event where neither its content type nor one of the headers
 * ce_specversion, ce_id, ce_source and ce_type says that it is one (§3).
 */
export function decodeKafka(
  headers: KafkaHeaders | undefined,
  value: Uint8Array | null,
): Decoded | { readonly kind: 'none' } {
  if (headers === undefined) return { kind: 'none' };
  const draft = createDraft();
  const { contentType, fault } = readHeaders(draft, headers);
  const envelope = envelopeOf(contentType);
  if (envelope.kind === 'binary') {
    if (!claimsToBeEvent(draft)) return { kind: 'none' };
    if (fault !== undefined) report(draft, 'datacontenttype', fault);
    return finishBinary(draft, contentType, value ?? undefined, spelling);
  }
  if (fault !== undefined) return refuseWhole(fault);
  if (envelope.kind === 'batch')
    return refuseWhole('Kafka has no batched mode; send single events');
  if (envelope.kind === 'unsupported') return refuseWhole(envelope.reason);
  return value === null ? refuseWhole(noValue) : decodeJsonEvent(value);
}

const noValue = 'a structured event stands in the value, and this record has none';
const refuseWhole = (reason: string): Decoded => refuse([{ where: '', reason }]);
const spelling = (name: string): string => `the header ce_${name}`;

interface ContentType {
  contentType: string | undefined;
  /** Why it cannot be told what the content type is. */
  fault: string | undefined;
}

/** Fills the draft from the `ce_` headers and gives the content type. */
function readHeaders(draft: Draft, headers: KafkaHeaders): ContentType {
  const result: ContentType = { contentType: undefined, fault: undefined };
  for (const [header, values] of Object.entries(headers)) {
    if (header.startsWith('ce_')) readAttribute(draft, header.slice(3), values);
    else if (header.length === 12 && header.toLowerCase() === 'content-type') {
      for (const value of listOf(values)) readContentType(result, value);
    }
  }
  return result;
}

function readAttribute(draft: Draft, name: string, values: HeaderValues): void {
  for (const value of listOf(values)) {
    const text = textOf(value);
    if (text !== undefined) setAttribute(draft, name, text);
    else report(draft, name, `the header ${quote(`ce_${name}`)} is not valid UTF-8`);
  }
}

function readContentType(result: ContentType, value: HeaderValue): void {
  const text = textOf(value);
  if (text === undefined) {
    result.fault = 'the header content-type is not valid UTF-8';
  } else if (result.contentType !== undefined && result.contentType !== text) {
    result.fault = `the header content-type is given twice, with different values: ${quote(result.contentType)} and ${quote(text)}; send one`;
  } else {
    result.contentType = text;
  }
}

const textOf = (value: HeaderValue): string | undefined =>
  typeof value === 'string' ? value : utf8Text(value);

/** A header's values; none where it is null, as Kafka's may be whatever the types say. */
function listOf(values: HeaderValues | null): readonly HeaderValue[] {
  if (values === undefined || values === null) return [];
  return typeof values === 'string' || values instanceof Uint8Array ? [values] : values;
}

/** Writes one event. Without data the value is null: a tombstone in a compacted topic (§3.2.2). */
export function encodeKafka(event: Event, mode: Mode): EncodedKafka {
  if (mode === 'structured') {
    return { headers: { 'content-type': structuredType }, value: encodeJsonEvent(event) };
  }
  const headers: Record<string, string> = {
    ce_specversion: event.specversion,
    ce_id: event.id,
    ce_source: event.source,
    ce_type: event.type,
  };
  for (const [name, value] of event.attributes) headers[`ce_${name}`] = String(value);
  if (event.datacontenttype !== undefined) headers['content-type'] = event.datacontenttype;
  return { headers, value: event.data ?? null };
}
