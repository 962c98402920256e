/**
 * Transactions of one partition through a kafkajs producer of its own, which is thrown away after
 * any error.
 *
 * T1 The producer's first act is an empty transaction: its InitProducerId shuts out every producer
 *    before it and has the broker settle what they left open.
 * T2 Offsets go before records. Right after a commit the coordinator may still be writing its
 *    markers and refuse the next transaction for a moment (CONCURRENT_TRANSACTIONS): asked with the
 *    offsets, that is asked again with nothing written yet.
 * T3 kafkajs sends nothing again by itself: with several brokers it gives up waiting at the first
 *    failure and then repeats what is still on its way to another one.
 * T4 Nothing is ever aborted by name. Before Kafka 4 a write that is still on its way when its
 *    transaction is aborted begins another one that nobody ends (KAFKA-14402), and read_committed
 *    readers wait for it for ever; the next producer's InitProducerId shuts late writes out.
 */

import type { Kafka, Message, Producer, TopicMessages, Transaction as Txn } from 'kafkajs';
import type { Log } from '../../delivery/ports.ts';
import type { OutputRecord } from '../../delivery/record.ts';
import type { Transaction, TransactionSession } from '../../delivery/transaction.ts';
import { type PlacedMessage, placeOutput } from '../place-output.ts';
import { protocolErrorOf } from '../protocol-error.ts';
import { createGrowingPause } from './growing-pause.ts';

export interface SessionOptions {
  readonly transactionalId: string;
  readonly consumerGroup: string;
  readonly outputTopic: string;
  readonly errorTopic: string;
  /** After so long the broker ends a transaction that we left open, in ms. */
  readonly transactionTimeoutMs: number;
}

export interface SessionDeps {
  readonly kafka: Kafka;
  readonly pause: (delayMs: number) => Promise<void>;
  readonly log: Pick<Log, 'debug'>;
}

/** What kafkajs' types leave out: the metadata beside an offset is sent on. */
type SentOffsets = Parameters<Txn['sendOffsets']>[0];

/** The coordinator's markers take a moment; a broker that is away takes longer. */
const markersMs = 15_000;

/** Connects, shuts every earlier session out, and waits until what it left is settled. */
export async function openSession(
  options: SessionOptions,
  deps: SessionDeps,
): Promise<TransactionSession> {
  const producer = deps.kafka.producer({
    transactionalId: options.transactionalId,
    transactionTimeout: options.transactionTimeoutMs,
    maxInFlightRequests: 1,
    createPartitioner: placeOutput,
    // T3. Not `idempotent`: that is for what is sent outside transactions, and takes another id.
    retry: { retries: 0 },
  });
  const close = async (): Promise<void> => {
    try {
      await producer.disconnect();
    } catch (error) {
      deps.log.debug({ err: error }, 'a transactional producer did not disconnect');
    }
  };
  try {
    await producer.connect();
    await (await producer.transaction()).abort();
  } catch (error) {
    void close();
    throw error;
  }
  return { commit: (transaction) => commit(producer, transaction, options, deps), close };
}

async function commit(
  producer: Producer,
  { outputs, errors, standing }: Transaction,
  options: SessionOptions,
  { pause }: SessionDeps,
): Promise<void> {
  const transaction = await producer.transaction();
  const { topic, partition, offset, metadata } = standing;
  const partitions = [{ partition, offset: String(offset), metadata }];
  const { consumerGroup } = options;
  const offsets: SentOffsets = { consumerGroupId: consumerGroup, topics: [{ topic, partitions }] };
  await onceSettled(() => transaction.sendOffsets(offsets), pause);
  const topicMessages: TopicMessages[] = [
    { topic: options.outputTopic, messages: outputs.map(messageOf) },
    { topic: options.errorTopic, messages: errors.map(messageOf) },
  ].filter(({ messages }) => messages.length > 0);
  if (topicMessages.length > 0) await transaction.sendBatch({ topicMessages, acks: -1 });
  await transaction.commit();
}

/** Tries until the transaction before is settled. */
async function onceSettled(begin: () => Promise<void>, pause: SessionDeps['pause']): Promise<void> {
  let waited = 0;
  const pauseAgain = createGrowingPause(pause);
  for (;;) {
    try {
      return await begin();
    } catch (error) {
      if (protocolErrorOf(error) !== 'CONCURRENT_TRANSACTIONS' || waited > markersMs) throw error;
    }
    waited += await pauseAgain();
  }
}

const messageOf = ({ key, value, headers, inputPartition }: OutputRecord): Message =>
  ({ key, value, headers, inputPartition }) as PlacedMessage;
