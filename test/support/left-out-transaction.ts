/**
 * A transaction that its coordinator calls complete, though the group's coordinator and the output
 * partition were never told: what Kafka 4.3.1 leaves behind where it is killed between a decision
 * and its markers. Made on a broker that does not ask whether a write belongs to a transaction.
 */

import type { Message } from 'kafkajs';
import {
  type Coordinator,
  coordinatorKind,
  createCoordinators,
} from '../../src/kafka/transactions/coordinators.ts';
import { eventually, type KafkaCase } from './kafka-case.ts';

/** Brokers must have these. */
export const unverified = { 'transaction.partition.verification.enable': 'false' };

export interface LeftOutTransaction {
  readonly commit: boolean;
  /** The output partition and the input partition are both 0. */
  readonly outputs: readonly Message[];
  readonly offset: number;
}

type Call = (request: object) => Promise<{ producerId: string; producerEpoch: number }>;
type Broker = Readonly<
  Record<'initProducerId' | 'produce' | 'txnOffsetCommit' | 'addPartitionsToTxn' | 'endTxn', Call>
>;

/** Leaves such a transaction of the adapters' own transactional id for partition 0 behind. */
export async function leaveTransaction(
  c: KafkaCase,
  { commit, outputs, offset }: LeftOutTransaction,
): Promise<void> {
  const transactionalId = `${c.group}-${c.input}-0`;
  const coordinators = createCoordinators(
    { consumerGroup: c.group, inputTopic: c.input },
    { kafka: c.kafka, schedule: after },
  );
  const ask = (who: Coordinator, question: (broker: Broker) => Promise<unknown>) =>
    coordinators.ask(who, (broker) => question(broker as unknown as Broker));
  const ofGroup = { kind: coordinatorKind.group, key: c.group };
  const ofTransactions = { kind: coordinatorKind.transactions, key: transactionalId };
  try {
    const init = { transactionalId, transactionTimeout: 60_000 };
    // The first transaction of a broker waits for the topic that holds them.
    await eventually('transactions are coordinated', () =>
      ask(ofTransactions, (broker) => broker.initProducerId(init)).then(
        () => true,
        () => false,
      ),
    );
    await ask(ofTransactions, async (broker) => {
      const { producerId, producerEpoch } = await broker.initProducerId(init);
      const about = { transactionalId, producerId, producerEpoch };
      const partitions = [{ partition: 0, firstSequence: 0, messages: outputs }];
      await broker.produce({ ...about, topicData: [{ topic: c.output, partitions }] });
      await ask(ofGroup, (group) =>
        group.txnOffsetCommit({
          ...about,
          groupId: c.group,
          topics: [{ topic: c.input, partitions: [{ partition: 0, offset: String(offset) }] }],
        }),
      );
      // The one partition that its end is told.
      await broker.addPartitionsToTxn({ ...about, topics: [{ topic: c.errors, partitions: [0] }] });
      await broker.endTxn({ ...about, transactionResult: commit });
    });
  } finally {
    await coordinators.close();
  }
}

const after = (delayMs: number, action: () => void): (() => void) => {
  const timer = setTimeout(action, delayMs);
  return () => clearTimeout(timer);
};
