/**
 * OffsetFetch in version 7, which kafkajs does not have: with `require_stable` the broker answers
 * only when no transaction is left whose outcome could still change the offset (KIP-447). Pure.
 * https://kafka.apache.org/protocol#The_Messages_OffsetFetch
 */

import type { CommittedOffset } from '../../delivery/committer.ts';
import { compactString, createFlexibleReader, noTags } from './flexible.ts';

export const offsetFetch = { apiKey: 9, version: 7, name: 'OffsetFetch' } as const;

/** Errors 14 to 16 and 88: ask again in a moment, of whoever coordinates the group then. */
const passing = new Map([
  [14, 'COORDINATOR_LOAD_IN_PROGRESS'],
  [15, 'COORDINATOR_NOT_AVAILABLE'],
  [16, 'NOT_COORDINATOR'],
  [88, 'UNSTABLE_OFFSET_COMMIT'],
]);

/** The body, with the tags that end the header of this version before it. */
export function encodeOffsetFetch(groupId: string, topic: string, partition: number): Buffer {
  const id = Buffer.alloc(4);
  id.writeInt32BE(partition);
  return Buffer.concat([
    noTags,
    compactString(groupId),
    // One topic with one partition: lengths of compact lists are one more.
    Buffer.of(2),
    compactString(topic),
    Buffer.of(2),
    id,
    noTags,
    Buffer.of(1),
    noTags,
  ]);
}

/**
 * @param payload what follows the request's number in the answer
 * @returns what the group has of the one partition asked for
 * @throws where the broker refuses, or the answer makes no sense
 */
export function decodeOffsetFetch(payload: Uint8Array): CommittedOffset {
  const read = createFlexibleReader(payload);
  read.tags();
  read.int32();
  if (read.compactLength() !== 1) return refuse(read.int16());
  read.skip(read.compactLength());
  if (read.compactLength() !== 1) throw new Error('OffsetFetch: not the partition asked for');
  read.int32();
  const offset = Number(read.int64());
  read.int32();
  const metadata = read.compactString();
  const partitionError = read.int16();
  read.tags();
  read.tags();
  const error = read.int16();
  if (error !== 0 || partitionError !== 0) return refuse(error || partitionError);
  return { offset, metadata };
}

function refuse(code: number): never {
  const type = passing.get(code);
  const what = type === undefined ? `with error ${code}` : `for now: ${type}`;
  throw Object.assign(new Error(`the broker does not tell the group's offset, ${what}`), { type });
}
