/**
 * DescribeTransactions in version 0, which kafkajs does not have: what a coordinator knows of a
 * transactional id (KIP-664, Kafka 3.0). Pure.
 * https://kafka.apache.org/protocol#The_Messages_DescribeTransactions
 */

import { compactString, createFlexibleReader, noTags } from './flexible.ts';

export const describeTransactions = {
  apiKey: 65,
  version: 0,
  name: 'DescribeTransactions',
} as const;

/** What became of a transactional id's last transaction, or what is becoming of it. */
export interface TransactionState {
  /** Such as `Ongoing`, `PrepareCommit`, `CompleteCommit`; `Empty` after InitProducerId. */
  readonly state: string;
  /** 64 bits wide. */
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** Ask again in a moment, of whoever coordinates the id then. */
const passing = new Map([
  [14, 'COORDINATOR_LOAD_IN_PROGRESS'],
  [15, 'COORDINATOR_NOT_AVAILABLE'],
  [16, 'NOT_COORDINATOR'],
]);

/** The body, with the tags that end the header of this version before it. */
export const encodeDescribeTransactions = (transactionalId: string): Buffer =>
  Buffer.concat([noTags, Buffer.of(2), compactString(transactionalId), noTags]);

/**
 * @param payload what follows the request's number in the answer
 * @returns undefined where the coordinator has never heard of the id, or does not tell us
 * @throws where it cannot tell now, or the answer makes no sense
 */
export function decodeDescribeTransactions(payload: Uint8Array): TransactionState | undefined {
  const read = createFlexibleReader(payload);
  read.tags();
  read.int32();
  if (read.compactLength() !== 1) {
    throw new Error('DescribeTransactions: not the transactional id asked for');
  }
  const error = read.int16();
  read.skip(read.compactLength());
  const state = read.compactString();
  read.int32();
  read.int64();
  const producerId = String(read.int64());
  const producerEpoch = read.int16();
  const type = passing.get(error);
  if (type !== undefined) {
    const message = `the broker does not tell the state of a transaction, for now: ${type}`;
    throw Object.assign(new Error(message), { type });
  }
  if (error !== 0 || state === null) return undefined;
  return { state, producerId, producerEpoch };
}
