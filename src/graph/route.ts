/**
 * Which child a router chose. Its answer is one of Seldon's messages, `{"data":{"ndarray":[[1]]}}`,
 * or a bare list, `[1]`, as Seldon's executor takes them.
 */

import { AdapterError } from '../errors.ts';
import { asBuffer } from '../event/utf8.ts';
import { type Unit, whereOf } from './message.ts';

/** All children are called. */
export const allChildren = -1;
/** No child is called: the message itself is the answer. */
export const noChild = -2;

/**
 * @param index what the router answered; undefined where no number could be read
 * @returns the index of a child, {@link allChildren} or {@link noChild}
 * @throws AdapterError PREDICTOR_ANSWER_UNUSABLE where there is no index in the answer,
 *   PREDICTOR_MISCONFIGURED where there is no child of that index
 */
export function chosenChild(index: number | undefined, { node, children }: Unit): number {
  if (index === undefined) {
    throw new AdapterError(
      'PREDICTOR_ANSWER_UNUSABLE',
      `${whereOf(node)} routes between ${children.length} children, but its answer holds no whole number at data.ndarray, data.tensor.values or the top of a list; let it answer an index from 0, -1 for all or -2 for none`,
    );
  }
  if (index >= noChild && index < children.length) return index;
  throw new AdapterError(
    'PREDICTOR_MISCONFIGURED',
    `${whereOf(node)} routed to child ${index}, but has ${children.length} children (0 to ${children.length - 1}); mend the router, or the graph`,
  );
}

export function indexInJson(body: Uint8Array): number | undefined {
  try {
    return indexInData(JSON.parse(asBuffer(body).toString('utf8')));
  } catch {
    return undefined;
  }
}

/** @param answer a SeldonMessage, or a bare list */
export function indexInData(answer: unknown): number | undefined {
  const data = memberOf(answer, 'data');
  const found = [
    answer,
    memberOf(data, 'ndarray'),
    memberOf(memberOf(data, 'tensor'), 'values'),
    memberOf(memberOf(data, 'tftensor'), 'intVal'),
  ].find(Array.isArray);
  const first = innermost(found);
  return typeof first === 'number' && Number.isInteger(first) ? first : undefined;
}

/** A list is one of routes, or of lists of one route. */
function innermost(list: unknown[] | undefined): unknown {
  const first: unknown = list?.[0];
  return Array.isArray(first) ? first[0] : first;
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
