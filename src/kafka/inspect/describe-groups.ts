/**
 * DescribeGroups in version 3, which kafkajs does not have: with what we may do with the group
 * (KIP-430). Pure.
 * https://kafka.apache.org/protocol#The_Messages_DescribeGroups
 */

import { operationsOf } from './operations.ts';
import { createPlainReader, plainList, plainString } from './plain.ts';

export const describeGroups = { apiKey: 15, version: 3, name: 'DescribeGroups' } as const;

export interface GroupDescription {
  readonly error: number;
  /** `Dead` where there is no such group. */
  readonly state: string;
  readonly members: number;
  readonly operations: readonly string[] | undefined;
}

const yes = 1;

export const encodeDescribeGroups = (group: string): Buffer =>
  Buffer.concat([plainList([plainString(group)]), Buffer.of(yes)]);

/**
 * @param payload what follows the request's number in the answer
 * @throws where it makes no sense
 */
export function decodeDescribeGroups(payload: Uint8Array): GroupDescription {
  const read = createPlainReader(payload);
  read.int32();
  const [group] = read.list(() => {
    const error = read.int16();
    read.string();
    const state = read.string() ?? '';
    read.string();
    read.string();
    const members = read.list(() => {
      for (let texts = 0; texts < 3; texts += 1) read.string();
      for (let parts = 0; parts < 2; parts += 1) read.bytes();
    }).length;
    return { error, state, members, operations: operationsOf(read.int32()) };
  });
  if (group === undefined) throw new RangeError('DescribeGroups: not the group asked for');
  return group;
}
