/**
 * An idempotent kafkajs producer that is thrown away when a write fails: kafkajs winds its sequence
 * numbers back on a failure although the broker may have taken the batch, so a batch of another
 * make-up under the same numbers could be taken for a duplicate, and lost.
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
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner,
      retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000 },
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
