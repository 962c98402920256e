/**
 * An event while it is being read: attributes as they come, and everything that is wrong so far.
 *
 * R1 Reading goes on after a fault, so that a refusal names every fault at once (design.md §3.1).
 * R2 Nothing is invented: what is missing is a fault, never a default (CloudEvents, "REQUIRED
 *    Attributes").
 */

import type { Problem } from '../errors.ts';
import { forbiddenCharacter, isAttributeName } from './attributes.ts';
import type { AttributeValue, Decoded } from './event.ts';
import { quote, shorten } from './quote.ts';

export interface Draft {
  specversion: AttributeValue | undefined;
  id: AttributeValue | undefined;
  source: AttributeValue | undefined;
  type: AttributeValue | undefined;
  datacontenttype: AttributeValue | undefined;
  readonly attributes: Map<string, AttributeValue>;
  readonly problems: Problem[];
}

export const createDraft = (): Draft => ({
  specversion: undefined,
  id: undefined,
  source: undefined,
  type: undefined,
  datacontenttype: undefined,
  attributes: new Map(),
  problems: [],
});

/** Notes a fault of the attribute `where`, or of the whole event where that is empty. */
export function report(draft: Draft, where: string, reason: string): void {
  draft.problems.push({ where: shorten(where), reason });
}

/** Takes one attribute, or reports why it cannot be one. */
export function setAttribute(draft: Draft, name: string, value: AttributeValue): void {
  switch (name) {
    case 'specversion':
    case 'id':
    case 'source':
    case 'type':
    case 'datacontenttype':
      if (draft[name] !== undefined) reportTwice(draft, name);
      else if (isLegalText(draft, name, value)) draft[name] = value;
      break;
    default:
      if (draft.attributes.has(name)) reportTwice(draft, name);
      else if (isLegalName(draft, name) && isLegalText(draft, name, value)) {
        draft.attributes.set(name, value);
      }
  }
}

/** A name given twice leaves open which value is meant (CloudEvents, "Context Attributes"). */
export function reportTwice(draft: Draft, name: string): void {
  report(draft, name, `the attribute ${quote(name)} is given twice; send it once`);
}

function isLegalName(draft: Draft, name: string): boolean {
  if (name === 'data') {
    report(draft, name, '"data" is the payload, so no attribute can be called that');
    return false;
  }
  if (isAttributeName(name)) return true;
  const rule = 'names have lower-case letters a to z and digits only';
  report(draft, name, `${quote(name)} cannot be an attribute's name: ${rule}`);
  return false;
}

function isLegalText(draft: Draft, name: string, value: AttributeValue): boolean {
  const character = typeof value === 'string' ? forbiddenCharacter(value) : undefined;
  if (character === undefined) return true;
  const rule = 'attributes have no control characters, lone surrogates or noncharacters';
  report(draft, name, `the value of ${quote(name)} contains ${character}; ${rule}`);
  return false;
}

/** Whether anything says that this is an event: one of the required attributes, even a bad one. */
export const claimsToBeEvent = ({ specversion, id, source, type, problems }: Draft): boolean =>
  specversion !== undefined ||
  id !== undefined ||
  source !== undefined ||
  type !== undefined ||
  problems.some(({ where }) => /^(?:specversion|id|source|type)$/.test(where));

const maxProblems = 100;

/** A refusal. It is bounded, since one body can hold a million faults. */
export function refuse(problems: readonly Problem[]): Extract<Decoded, { kind: 'refused' }> {
  if (problems.length <= maxProblems) return { kind: 'refused', problems };
  const more = { where: '', reason: `there are ${problems.length - maxProblems} more faults` };
  return { kind: 'refused', problems: [...problems.slice(0, maxProblems), more] };
}
