/** Whether a status must be written. */

import { createHash } from 'node:crypto';
import { canonicalJson } from './json.ts';
import { recordOf } from './live-object.ts';

/** Everything that a controller which owns the whole status writes, beside conditions. */
export const wholeStatus: readonly string[] = [
  'address',
  'addressable',
  'addresses',
  'observedGeneration',
  'state',
  'description',
  'replicas',
  'selector',
  'deploymentStatus',
];

/** Which part of a status is looked after. */
export interface OurPart {
  /** Fields, beside conditions. */
  readonly fields: readonly string[];
  /** Types of conditions; others' stand beside them and are left alone. */
  readonly types: readonly string[];
}

/** A part of a status, as a short text that is the same where the part is. */
export const statusText = (status: unknown, part: OurPart): string => digest(partOf(status, part));

const digest = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('base64');

/** A part of a status: to be written again as it is. */
export function partOf(status: unknown, { fields, types }: OurPart): object {
  const all = recordOf(status);
  const present = fields.filter((name) => all[name] !== undefined);
  const part = Object.fromEntries(present.map((name) => [name, all[name]]));
  return { ...part, conditions: conditionsOf(all).filter(({ type }) => types.includes(`${type}`)) };
}

/** A whole status that we want, as such a text, without what says when, and what others make us say. */
export function wantedText(status: object): string {
  const conditions = conditionsOf(recordOf(status))
    .filter(({ type }) => type !== 'StatusContested')
    .map(({ lastTransitionTime: _, ...condition }) => condition);
  return digest({ ...status, conditions });
}

function conditionsOf({ conditions }: Readonly<Record<string, unknown>>) {
  if (!Array.isArray(conditions)) return [];
  return conditions.map(recordOf).sort((a, b) => (String(a['type']) < String(b['type']) ? -1 : 1));
}
