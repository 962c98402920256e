/**
 * One node's answer as the next one's request.
 *
 * Seldon's messages are both. The other protocols name the same values otherwise in either, so that
 * one member is renamed, as Seldon's executor does it; all bytes beside that name stay.
 */

import { Buffer } from 'node:buffer';
import { AdapterError } from '../errors.ts';
import { type Member, objectMembers, trimSpace } from '../event/json-text.ts';
import type { ProtocolName } from '../inference/protocol.ts';
import { type Message, whereOf } from './message.ts';
import type { GraphNode } from './node.ts';

interface Names {
  /** Any of these makes it a request already. */
  readonly requests: readonly string[];
  readonly answer: string;
  readonly request: string;
}

const names: Readonly<Partial<Record<ProtocolName, Names>>> = {
  tensorflow: { requests: ['instances', 'inputs'], answer: 'predictions', request: 'instances' },
  v2: { requests: ['inputs'], answer: 'outputs', request: 'inputs' },
};

/**
 * @param from who answered it, for messages
 * @throws AdapterError PREDICTOR_ANSWER_UNUSABLE where it is neither an answer nor a request
 */
export function chained(protocol: ProtocolName, message: Message, from: GraphNode): Message {
  const known = names[protocol];
  if (known === undefined) return message;
  const members = membersOf(message.body);
  if (members.some(({ name }) => known.requests.includes(name))) return message;
  if (!members.some(({ name }) => name === known.answer)) {
    throw new AdapterError(
      'PREDICTOR_ANSWER_UNUSABLE',
      `the answer of ${whereOf(from)} has no "${known.answer}", so the next node of the graph cannot be asked; look at that node's log`,
    );
  }
  return { ...message, body: renamed(message.body, members, known) };
}

function membersOf(body: Uint8Array): readonly Member[] {
  if (trimSpace(body)[0] !== 0x7b) return [];
  try {
    return objectMembers(body, 0);
  } catch {
    return [];
  }
}

function renamed(body: Uint8Array, members: readonly Member[], known: Names): Uint8Array {
  const parts = members.flatMap(({ name, start, end }, i) => {
    const written = JSON.stringify(name === known.answer ? known.request : name);
    return [Buffer.from(`${i === 0 ? '{' : ','}${written}:`), body.subarray(start, end)];
  });
  return Buffer.concat([...parts, Buffer.from('}')]);
}
