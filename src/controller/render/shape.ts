/** What a value must look like; every place where it does not is told, with its path. */

import { isObject } from './canonical.ts';
import type { Finding } from './finding.ts';

/** Adds a finding for everything below `path` that is not as it must be. */
export type Shape = (value: unknown, path: string, findings: Finding[]) => void;

const expected =
  (what: string, fits: (value: unknown) => boolean): Shape =>
  (value, path, findings) => {
    if (fits(value)) return;
    const hint = what.startsWith('text') && isBare(value) ? '; put it in quotes' : '';
    findings.push(invalid(path, `expected ${what}, found ${describe(value)}${hint}`));
  };

/** What YAML takes for something else than text where it has no quotes. */
const isBare = (value: unknown): boolean => typeof value === 'number' || typeof value === 'boolean';

const invalid = (path: string, told: string): Finding => ({
  reason: 'FieldInvalid',
  message: `${path}: ${told}`,
});

const maxQuoted = 60;

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  if (typeof value !== 'string') return value === null ? 'nothing' : String(value);
  return JSON.stringify(value.length > maxQuoted ? `${value.slice(0, maxQuoted)}…` : value);
}

export const text = expected('text', (value) => typeof value === 'string');
export const name = expected('text that is not empty', (value) =>
  typeof value === 'string' ? value !== '' : false,
);
export const flag = expected('true or false', (value) => typeof value === 'boolean');

/** A whole number of at least `min`, and of at most `max`: by default what an int32 takes. */
export const wholeNumber = (min: number, max = 2 ** 31 - 1): Shape =>
  expected(
    `a whole number from ${min} to ${max}`,
    (value) => typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max,
  );

export const port = wholeNumber(1, 65_535);

/** An object; fields that are not named here may be anything. */
export const object =
  (fields: Readonly<Record<string, Shape>>, required: readonly string[] = []): Shape =>
  (value, path, findings) => {
    if (!isObject(value)) {
      findings.push(invalid(path, `expected an object, found ${describe(value)}`));
      return;
    }
    for (const field of required) {
      if (!Object.hasOwn(value, field)) findings.push(invalid(below(path, field), 'is missing'));
    }
    for (const [field, shape] of Object.entries(fields)) {
      if (Object.hasOwn(value, field)) shape(value[field], below(path, field), findings);
    }
  };

export const listOf =
  (item: Shape): Shape =>
  (value, path, findings) => {
    if (!Array.isArray(value)) {
      findings.push(invalid(path, `expected a list, found ${describe(value)}`));
      return;
    }
    value.forEach((member, index) => {
      item(member, `${path}[${index}]`, findings);
    });
  };

export const mapOf =
  (member: Shape): Shape =>
  (value, path, findings) => {
    if (!isObject(value)) {
      findings.push(invalid(path, `expected an object, found ${describe(value)}`));
      return;
    }
    for (const [key, found] of Object.entries(value)) member(found, `${path}["${key}"]`, findings);
  };

const below = (path: string, field: string): string => (path === '' ? field : `${path}.${field}`);

/** An object of which nothing more is known. */
export const shapeless = object({});
