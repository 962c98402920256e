/** What is asked of the coordinator of a transactional id beside what a kafkajs producer asks. */

import { type Coordinators, coordinatorKind, type KafkajsBroker } from './coordinators.ts';
import {
  decodeDescribeTransactions,
  describeTransactions,
  encodeDescribeTransactions,
  type TransactionState,
} from './describe-transactions.ts';
import { askRaw, hasApi } from './raw-request.ts';

/** A producer that InitProducerId has made, to write by hand. */
export interface ProducerIdentity {
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** What a transaction writes to. */
export interface TransactionScope {
  readonly consumerGroup: string;
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
}

export interface TransactionCoordinator {
  /** @returns undefined where it does not tell: brokers before Kafka 3.0, or a new id */
  readonly describe: (transactionalId: string) => Promise<TransactionState | undefined>;
  /** InitProducerId: shuts earlier producers out, and has what they left open aborted. */
  readonly init: (transactionalId: string, timeoutMs: number) => Promise<ProducerIdentity>;
  /** Has a marker written to all of the scope: a transaction that holds nothing else. */
  readonly mark: (
    transactionalId: string,
    producer: ProducerIdentity,
    scope: TransactionScope,
    commit: boolean,
  ) => Promise<void>;
}

/** kafkajs' own calls, which its types leave out. */
interface CoordinatorBroker {
  readonly initProducerId: (request: {
    readonly transactionalId: string;
    readonly transactionTimeout: number;
  }) => Promise<ProducerIdentity>;
  readonly addPartitionsToTxn: (request: object) => Promise<unknown>;
  readonly addOffsetsToTxn: (request: object) => Promise<unknown>;
  readonly endTxn: (request: object) => Promise<unknown>;
}

/** Makes what asks them. */
export function createTransactionCoordinator(coordinators: Coordinators): TransactionCoordinator {
  const ask = <Answer>(
    transactionalId: string,
    question: (broker: CoordinatorBroker & KafkajsBroker) => Promise<Answer>,
  ): Promise<Answer> =>
    coordinators.ask({ kind: coordinatorKind.transactions, key: transactionalId }, (broker) =>
      question(broker as CoordinatorBroker & KafkajsBroker),
    );

  return {
    describe: (transactionalId) =>
      ask(transactionalId, async (broker) => {
        if (!hasApi(broker, describeTransactions)) return undefined;
        return askRaw(broker, {
          api: describeTransactions,
          body: encodeDescribeTransactions(transactionalId),
          decode: decodeDescribeTransactions,
        });
      }),
    init: (transactionalId, timeoutMs) =>
      ask(transactionalId, async (broker) => {
        const request = { transactionalId, transactionTimeout: timeoutMs };
        const { producerId, producerEpoch } = await broker.initProducerId(request);
        return { producerId: String(producerId), producerEpoch };
      }),
    mark: (transactionalId, producer, { consumerGroup, topics }, commit) =>
      ask(transactionalId, async (broker) => {
        const about = { transactionalId, ...producer };
        await broker.addPartitionsToTxn({ ...about, topics });
        await broker.addOffsetsToTxn({ ...about, groupId: consumerGroup });
        await broker.endTxn({ ...about, transactionResult: commit });
      }),
  };
}
