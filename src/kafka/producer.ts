/**
 * A kafkajs producer that sends once and is thrown away when that fails: who sends decides what is
 * sent again, by a fresh one.
 *
 * P1 kafkajs never sends again by itself. Where some brokers have answered and one has not, its
 *    second attempt leaves out every broker that answered; a partition whose leader moved to one of
 *    these meanwhile is not written at all, and the call succeeds.
 * P2 Nothing of a failed producer is used again: its other requests may still be on their way, and
 *    its connections in any state.
 *
 * Kafka's idempotence is for repeated attempts of one producer. There are none, so it is left out
 * (docs/decisions/0007).
 */

import type { ICustomPartitioner, Kafka, Producer, RecordMetadata, TopicMessages } from 'kafkajs';
import type { Log } from '../delivery/ports.ts';

export interface ReplaceableProducer {
  /** Resolves when all in-sync replicas have the messages, with where they stand. */
  readonly send: (topicMessages: TopicMessages[]) => Promise<RecordMetadata[]>;
  readonly close: () => Promise<void>;
}

/** Makes a producer that connects when it is first used. */
export function createReplaceableProducer(
  kafka: Kafka,
  createPartitioner: ICustomPartitioner,
  log: Pick<Log, 'debug'>,
): ReplaceableProducer {
  let current: Promise<Producer> | undefined;

  const connect = async (): Promise<Producer> => {
    const producer = kafka.producer({
      maxInFlightRequests: 1,
      createPartitioner,
      // P1.
      retry: { retries: 0 },
    });
    await producer.connect();
    return producer;
  };

  const discard = async (used: Promise<Producer>): Promise<void> => {
    if (current === used) current = undefined;
    try {
      await (await used).disconnect();
    } catch (error) {
      log.debug({ err: error }, 'a discarded producer did not disconnect');
    }
  };

  return {
    send: async (topicMessages) => {
      current ??= connect();
      const used = current;
      try {
        return await (await used).sendBatch({ topicMessages, acks: -1 });
      } catch (error) {
        void discard(used);
        throw error;
      }
    },
    close: async () => {
      if (current !== undefined) await discard(current);
    },
  };
}
