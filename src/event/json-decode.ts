/**
 * Events out of the JSON event format and the JSON batch format (JSON format 1.0.2; 0.3's
 * differs in how it carries binary data).
 *
 * R1 The data of a JSON type are the bytes of the `data` member as sent: no number is rounded.
 * R2 null is an absent attribute (§2.2), but a payload where it is `data` (§3.1.1).
 * R3 `data` and `data_base64` exclude each other (§3.1.1); a member given twice is refused.
 * R4 `data` without datacontenttype is JSON, and the event says so from here on (§3.1.2).
 * R5 One bad event of a batch does not spoil the others.
 */

import type { Problem } from '../errors.ts';
import { createDraft, type Draft, refuse, report, reportTwice, setAttribute } from './draft.ts';
import type { Decoded } from './event.ts';
import { type JsonPayload, payloadBytes } from './json-payload.ts';
import { arrayElements, objectMembers } from './json-text.ts';
import { quote } from './quote.ts';
import { utf8Text } from './utf8.ts';
import { finishDraft } from './validation.ts';

/** Reads a structured-mode body. */
export function decodeJsonEvent(body: Uint8Array): Decoded {
  const parsed = parse(body);
  if (parsed.kind === 'refused') return parsed;
  return decodeObject(parsed.value, parsed.json, 0);
}

/**
 * Reads a batched-mode body: each event by itself (§4).
 * @param maxEvents a larger batch is refused whole, before its events are looked at
 */
export function decodeJsonBatch(
  body: Uint8Array,
  maxEvents = Number.POSITIVE_INFINITY,
): { kind: 'batch'; events: Decoded[] } | Extract<Decoded, { kind: 'refused' }> {
  const parsed = parse(body);
  if (parsed.kind === 'refused') return parsed;
  const { value, json } = parsed;
  if (!Array.isArray(value)) return refuseWhole(`a batch is a JSON array, not ${kindOf(value)}`);
  const elements: readonly unknown[] = value;
  if (elements.length > maxEvents) {
    const reason = `the batch has ${elements.length} events, and at most ${maxEvents} are taken at once`;
    return { ...refuseWhole(reason), isTooLarge: true };
  }
  const spans = arrayElements(json, 0);
  const events = elements.map((element, at) => decodeObject(element, json, spans[at]?.start ?? 0));
  return { kind: 'batch', events };
}

type Parsed =
  | { readonly kind: 'json'; readonly value: unknown; readonly json: Uint8Array }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

const refuseWhole = (reason: string) => refuse([{ where: '', reason }]);

/** RFC 8259 §8.1: JSON is UTF-8, and a byte order mark may be ignored; some clients send one. */
function parse(body: Uint8Array): Parsed {
  const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  const json = hasMark ? body.subarray(3) : body;
  if (json.length === 0) return refuseWhole('the body is empty; it must be a JSON event');
  try {
    const text = utf8Text(json);
    if (text === undefined) return refuseWhole('the body is not valid UTF-8, as JSON must be');
    return { kind: 'json', value: JSON.parse(text), json };
  } catch (error) {
    // The engine's message quotes the body, which must not reach a log; its position may.
    const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    const where = position === undefined ? '' : ` (at character ${position})`;
    return refuseWhole(`the body is not well-formed JSON${where}`);
  }
}

function decodeObject(value: unknown, json: Uint8Array, from: number): Decoded {
  if (!isObject(value)) return refuseWhole(`an event is a JSON object, not ${kindOf(value)}`);
  const draft = createDraft();
  const payload = readMembers(draft, value, json, from);
  return finishDraft(draft, 'structured', payloadBytes(draft, payload), spelling);
}

const spelling = (name: string): string => `the member ${quote(name)}`;

/** Of parsed JSON: an object, and no array. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'an array' : `a JSON ${typeof value}`;

/** Fills the draft from the attributes and gives what carries the payload. */
function readMembers(
  draft: Draft,
  value: Record<string, unknown>,
  json: Uint8Array,
  from: number,
): JsonPayload {
  const names = new Set<string>();
  let data: JsonPayload['data'];
  let base64: unknown;
  for (const { name, start, end } of objectMembers(json, from)) {
    if (names.has(name)) {
      reportTwice(draft, name);
      continue;
    }
    names.add(name);
    const member = value[name];
    if (name === 'data') data = { value: member, bytes: json.subarray(start, end) };
    else if (name === 'data_base64') base64 = member ?? undefined;
    else if (member !== null) readAttribute(draft, name, member, json.subarray(start, end));
  }
  return { data, base64 };
}

/** §2.2: strings, booleans, and integers written as such. */
function readAttribute(draft: Draft, name: string, value: unknown, written: Uint8Array): void {
  if (typeof value === 'string' || typeof value === 'boolean') setAttribute(draft, name, value);
  else if (typeof value === 'number') readNumber(draft, name, value, written);
  else {
    const rule = 'attributes are strings, integers or booleans';
    report(draft, name, `the attribute ${quote(name)} is ${kindOf(value)}; ${rule}`);
  }
}

/** The range of Integer (CloudEvents, "Type System"). */
const int32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };

function readNumber(draft: Draft, name: string, value: number, written: Uint8Array): void {
  if (value >= int32.min && value <= int32.max && !written.some(isBeyondInteger)) {
    // Adding zero turns -0 into 0.
    setAttribute(draft, name, value + 0);
  } else {
    const rule = `numbers are integers from ${int32.min} to ${int32.max}`;
    report(draft, name, `the attribute ${quote(name)} is the number ${value}; ${rule}`);
  }
}

/** The point of a fraction and the E of an exponent, which make 1.0 and 1e3 no integers (§2.2). */
const isBeyondInteger = (byte: number): boolean => byte === 0x2e || byte === 0x65 || byte === 0x45;
