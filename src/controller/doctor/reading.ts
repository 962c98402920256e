/** Reads fields of objects of any shape. None of this throws. */

import { isObject, type PlainObject } from '../render/canonical.ts';

/** The field at a path; undefined where there is none. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (!isObject(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

/** An object; empty where it is none. */
export const record = (value: unknown): PlainObject => (isObject(value) ? value : {});

/** A text that is not empty. */
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const records = (value: unknown): readonly PlainObject[] => list(value).filter(isObject);

/** Members whose values are texts. */
export const texts = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(record(value)).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );

export const nameOf = (object: PlainObject): string => text(at(object, 'metadata', 'name')) ?? '?';

/** `Kind namespace/name`, or without the namespace where it has none. */
export function titleOf(kind: string, object: PlainObject): string {
  const namespace = text(at(object, 'metadata', 'namespace'));
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${nameOf(object)}`;
}

export interface ReadCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export const conditionsOf = (object: PlainObject): readonly ReadCondition[] =>
  records(at(object, 'status', 'conditions')).map((condition) => ({
    type: text(condition['type']) ?? '',
    status: text(condition['status']) ?? 'Unknown',
    reason: text(condition['reason']) ?? '',
    message: text(condition['message']) ?? '',
  }));

export const conditionOf = (object: PlainObject, type: string): ReadCondition | undefined =>
  conditionsOf(object).find((condition) => condition.type === type);

/** `SubscriberResolved=False (Reason: message)`. */
export function inWords({ type, status, reason, message }: ReadCondition): string {
  const why = [reason, message].filter((part) => part !== '').join(': ');
  return `${type}=${status}${why === '' ? '' : ` (${why})`}`;
}

/** Milliseconds since 1970 of an RFC 3339 time. */
export function timeMs(value: unknown): number | undefined {
  const ms = Date.parse(text(value) ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

/** A URL; undefined where it is none. */
export const urlOf = (value: unknown): URL | undefined =>
  typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;

/** Whether all labels of a selector are among these. */
export const selects = (
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean =>
  Object.entries(selector).every(
    ([name, value]) => Object.hasOwn(labels, name) && labels[name] === value,
  );

const longestShown = 3;

/** `a, b, c and 4 more`. */
export function some(names: readonly string[]): string {
  const more = names.length - longestShown;
  const shown = names.slice(0, more > 0 ? longestShown : names.length).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}
