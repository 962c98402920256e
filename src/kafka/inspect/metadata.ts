/**
 * Metadata in version 8, which kafkajs does not have: with what we may do with each topic (KIP-430),
 * and without making a topic that is not there. Pure.
 * https://kafka.apache.org/protocol#The_Messages_Metadata
 */

import { operationsOf } from './operations.ts';
import { createPlainReader, plainList, plainString } from './plain.ts';

export const metadata = { apiKey: 3, version: 8, name: 'Metadata' } as const;

export interface TopicMetadata {
  readonly name: string;
  /** Kafka's number; 0: none. */
  readonly error: number;
  readonly partitions: number;
  /** Partitions that nobody leads now. */
  readonly leaderless: number;
  readonly operations: readonly string[] | undefined;
}

const no = 0;
const yes = 1;

export const encodeMetadata = (topics: readonly string[]): Buffer =>
  Buffer.concat([plainList(topics.map(plainString)), Buffer.of(no, no, yes)]);

/**
 * @param payload what follows the request's number in the answer
 * @throws RangeError where it makes no sense
 */
export function decodeMetadata(payload: Uint8Array): TopicMetadata[] {
  const read = createPlainReader(payload);
  read.int32();
  read.list(() => {
    read.int32();
    read.string();
    read.int32();
    read.string();
  });
  read.string();
  read.int32();
  const topics = read.list(() => {
    const error = read.int16();
    const name = read.string() ?? '';
    read.boolean();
    const leaders = read.list(() => {
      read.int16();
      read.int32();
      const leader = read.int32();
      read.int32();
      for (let lists = 0; lists < 3; lists += 1) read.list(read.int32);
      return leader;
    });
    const operations = operationsOf(read.int32());
    const leaderless = leaders.filter((leader) => leader < 0).length;
    return { name, error, partitions: leaders.length, leaderless, operations };
  });
  // What we may do with the cluster.
  read.int32();
  return topics;
}
