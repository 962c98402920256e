/**
 * What the context attributes of a whole event must be (CloudEvents 1.0.2 and 0.3, "Context
 * Attributes"), checked after all of them were read.
 *
 * R1 specversion, id, source and type are non-empty strings.
 * R2 source is a URI-reference; dataschema (1.0) an absolute URI, schemaurl (0.3) a URI-reference.
 * R3 time is RFC 3339 and stays as it was sent; subject is not empty; datacontenttype is RFC 2046.
 * R4 What a version does not define is an extension there: dataschema in 0.3, schemaurl in 1.0.
 */

import { type Draft, refuse, report } from './draft.ts';
import type { Decoded, Event, Mode, SpecVersion } from './event.ts';
import { parseMediaType } from './media-type.ts';
import { quote } from './quote.ts';
import { isTimestamp } from './timestamp.ts';
import { uriKind } from './uri.ts';

/** How the transport spells an attribute, for advice: `the header ce-id`. */
export type Spelling = (name: string) => string;

/** The event, once all of it was read; or everything that was wrong with it. */
export function finishDraft(
  draft: Draft,
  mode: Mode,
  data: Uint8Array | undefined,
  spelling: Spelling,
): Decoded {
  const specversion = checkVersion(draft, spelling);
  const id = checkRequired(draft, 'id', spelling);
  const source = checkRequired(draft, 'source', spelling);
  const type = checkRequired(draft, 'type', spelling);
  const datacontenttype = checkContentType(draft);
  if (source !== undefined && uriKind(source) === undefined) {
    report(draft, 'source', `source is ${quote(source)}; it must be a URI-reference (RFC 3986)`);
  }
  checkOptional(draft, specversion);
  const { problems, attributes } = draft;
  if (problems.length > 0) return refuse(problems);
  if (!(specversion && id && source && type)) return refuse(problems);
  const event: Event = { specversion, id, source, type, datacontenttype, attributes, data };
  return { kind: 'event', mode, event };
}

function checkVersion(draft: Draft, spelling: Spelling): SpecVersion | undefined {
  const version = checkRequired(draft, 'specversion', spelling);
  if (version === undefined || version === '1.0' || version === '0.3') return version;
  report(draft, 'specversion', `specversion is ${quote(version)}; 1.0 and 0.3 are supported`);
  return undefined;
}

function checkRequired(
  draft: Draft,
  name: 'specversion' | 'id' | 'source' | 'type',
  spelling: Spelling,
): string | undefined {
  const value = draft[name];
  if (typeof value === 'string' && value !== '') return value;
  if (value === undefined) {
    // A value that could not be read has been reported; it is not missing as well.
    if (draft.problems.some(({ where }) => where === name)) return undefined;
    report(draft, name, `the required attribute ${name} is missing; send ${spelling(name)}`);
  } else {
    report(draft, name, `${name} is ${found(value)}; it must be a non-empty string`);
  }
  return undefined;
}

const found = (value: string | number | boolean): string =>
  value === '' ? 'empty' : `the ${typeof value} ${quote(String(value))}`;

function checkContentType(draft: Draft): string | undefined {
  const value = draft.datacontenttype;
  if (value === undefined) return undefined;
  if (typeof value === 'string' && parseMediaType(value) !== undefined) return value;
  const rule = 'it must be a media type such as application/json (RFC 2046)';
  report(draft, 'datacontenttype', `datacontenttype is ${found(value)}; ${rule}`);
  return undefined;
}

function checkOptional(draft: Draft, specversion: SpecVersion | undefined): void {
  checkText(draft, 'subject', 'a non-empty string', (text) => text !== '');
  checkText(draft, 'time', 'an RFC 3339 timestamp such as 2018-04-05T17:31:00Z', isTimestamp);
  if (specversion === '1.0') {
    checkText(draft, 'dataschema', 'an absolute URI (RFC 3986)', isAbsolute);
  } else if (specversion === '0.3') {
    checkText(draft, 'schemaurl', 'a URI-reference (RFC 3986)', isReference);
  }
}

const isAbsolute = (text: string): boolean => uriKind(text) === 'absolute';
const isReference = (text: string): boolean => text !== '' && uriKind(text) !== undefined;

function checkText(
  draft: Draft,
  name: string,
  expected: string,
  isValid: (text: string) => boolean,
): void {
  const value = draft.attributes.get(name);
  if (value === undefined || (typeof value === 'string' && isValid(value))) return;
  report(draft, name, `${name} is ${found(value)}; it must be ${expected}`);
}
