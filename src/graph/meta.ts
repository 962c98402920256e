/**
 * The `meta` of Seldon's messages: found, merged and put back as text, so that what stands in it,
 * and all that stands beside it, keeps its bytes.
 *
 * M1 What cannot be read (no JSON object, odd members) has no meta, and is passed on as it is.
 * M2 The result depends on the graph and the answers, never on which of them came first.
 */

import { Buffer } from 'node:buffer';
import { arrayElements, objectMembers, type Span, trimSpace } from '../event/json-text.ts';
import { asBuffer } from '../event/utf8.ts';

/** Values are JSON texts, as they were sent. */
export interface Meta {
  readonly puid: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
  readonly metrics: readonly string[];
  readonly routing: ReadonlyMap<string, string>;
  readonly requestPath: ReadonlyMap<string, string>;
  /** Members that Seldon does not name. */
  readonly others: ReadonlyMap<string, string>;
}

const none: ReadonlyMap<string, string> = new Map();

export const emptyMeta: Meta = {
  puid: undefined,
  tags: none,
  metrics: [],
  routing: none,
  requestPath: none,
  others: none,
};

const openBrace = 0x7b;
const closeBrace = 0x7d;

/** The meta that stands in a message. */
export function readMeta(body: Uint8Array): Meta {
  // Most messages can be told at the speed of a search for bytes.
  if (!asBuffer(body).includes('"meta"')) return emptyMeta;
  const place = placeOf(body);
  if (place === undefined || place.kind === 'absent') return emptyMeta;
  try {
    return parseMeta(body, place);
  } catch {
    return emptyMeta;
  }
}

function parseMeta(body: Uint8Array, { start, end }: Span): Meta {
  if (body[start] !== openBrace) return emptyMeta;
  const text = ({ start: from, end: to }: Span): string =>
    asBuffer(body).toString('utf8', from, to);
  const entries = (span: Span): ReadonlyMap<string, string> =>
    body[span.start] === openBrace
      ? new Map(objectMembers(body, span.start).map((one) => [one.name, text(one)]))
      : none;
  // As cheap as it is common.
  if (
    asBuffer(body)
      .toString('latin1', start + 1, end - 1)
      .trim() === ''
  )
    return emptyMeta;
  let meta = emptyMeta;
  const others = new Map<string, string>();
  for (const member of objectMembers(body, start)) {
    switch (member.name) {
      case 'puid':
        meta = { ...meta, puid: body[member.start] === 0x22 ? text(member) : undefined };
        break;
      case 'tags':
      case 'routing':
      case 'requestPath':
        meta = { ...meta, [member.name]: entries(member) };
        break;
      case 'metrics':
        if (body[member.start] === 0x5b) {
          meta = { ...meta, metrics: arrayElements(body, member.start).map(text) };
        }
        break;
      default:
        others.set(member.name, text(member));
    }
  }
  return { ...meta, others };
}

type Place =
  | { readonly kind: 'found'; readonly start: number; readonly end: number }
  /** `at` is where a member can be put: after the opening brace. */
  | { readonly kind: 'absent'; readonly at: number; readonly alone: boolean };

/** Where a message has its meta, or could have it; undefined where it is no object. */
function placeOf(body: Uint8Array): Place | undefined {
  const whole = trimSpace(body);
  if (whole[0] !== openBrace || whole.at(-1) !== closeBrace) return undefined;
  const at = whole.byteOffset - body.byteOffset;
  try {
    const members = objectMembers(body, at);
    // The last one counts, as JSON parsers have it.
    const found = members.findLast(({ name }) => name === 'meta');
    if (found === undefined) return { kind: 'absent', at: at + 1, alone: members.length === 0 };
    return { kind: 'found', start: found.start, end: found.end };
  } catch {
    return undefined;
  }
}

/** The message with this meta in the place of its own. */
export function writeMeta(body: Uint8Array, meta: Meta): Uint8Array {
  const place = placeOf(body);
  if (place === undefined) return body;
  const text = metaText(meta);
  if (place.kind === 'found') {
    return Buffer.concat([
      body.subarray(0, place.start),
      Buffer.from(text),
      body.subarray(place.end),
    ]);
  }
  const member = `"meta":${text}${place.alone ? '' : ','}`;
  return Buffer.concat([body.subarray(0, place.at), Buffer.from(member), body.subarray(place.at)]);
}

function metaText(meta: Meta): string {
  const members: string[] = [];
  if (meta.puid !== undefined) members.push(`"puid":${meta.puid}`);
  for (const name of ['tags', 'routing', 'requestPath'] as const) {
    if (meta[name].size > 0) members.push(`"${name}":${objectText(meta[name])}`);
  }
  if (meta.metrics.length > 0) members.push(`"metrics":[${meta.metrics.join(',')}]`);
  for (const [name, value] of meta.others) members.push(`${JSON.stringify(name)}:${value}`);
  return `{${members.join(',')}}`;
}

const objectText = (entries: ReadonlyMap<string, string>): string =>
  `{${[...entries].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;

/** Both together; where they differ the later one counts. */
export function joined(
  earlier: ReadonlyMap<string, string>,
  later: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  if (later.size === 0) return earlier;
  return earlier.size === 0 ? later : new Map([...earlier, ...later]);
}

/**
 * The metrics that an answer adds to those of the messages it was made of. Seldon's wrappers hand on
 * what they were sent and put their own after it; other servers answer with their own alone.
 */
export function newMetrics(
  answered: readonly string[],
  sent: readonly string[],
): readonly string[] {
  const repeated = sent.length > 0 && sent.every((metric, i) => isSame(answered[i], metric));
  return repeated ? answered.slice(sent.length) : answered;
}

/** Whether two JSON texts say the same: a server may space them, or order their members, anew. */
function isSame(one: string | undefined, other: string): boolean {
  if (one === undefined || one === other) return one === other;
  try {
    return canonical(one) === canonical(other);
  } catch {
    return false;
  }
}

const canonical = (text: string): string =>
  JSON.stringify(
    JSON.parse(text, (_name, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
        : value,
    ),
  );
