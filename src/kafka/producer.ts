/**
 * An idempotent kafkajs producer that is thrown away when a write fails: kafkajs winds its sequence
 * numbers back on a failure although the broker may have taken the batch, so a batch of another
 * make-up under the same numbers could be taken for a duplicate, and lost.
 */

import { type Kafka, type Message, Partitioners, type Producer, type TopicMessages } from 'kafkajs';
import type { Log } from '../delivery/ports.ts';

/** A message that knows where it goes when it has no key. */
export interface PlacedMessage extends Message {
  readonly inputPartition: number;
}

export interface ReplaceableProducer {
  /** Resolves when all in-sync replicas have the messages. */
  readonly send: (topicMessages: TopicMessages[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Makes a producer that connects when it is first used. */
export function createReplaceableProducer(kafka: Kafka, log: Log): ReplaceableProducer {
  let current: Promise<Producer> | undefined;

  const connect = async (): Promise<Producer> => {
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: true,
      createPartitioner,
      retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000 },
    });
    await producer.connect();
    return producer;
  };

  const discard = (failed: Promise<Producer>): void => {
    if (current === failed) current = undefined;
    failed
      .then((producer) => producer.disconnect())
      .catch((error) => log.debug({ err: error }, 'a discarded producer did not disconnect'));
  };

  return {
    send: async (topicMessages) => {
      current ??= connect();
      const used = current;
      try {
        await (await used).sendBatch({ topicMessages, acks: -1 });
      } catch (error) {
        discard(used);
        throw error;
      }
    },
    close: async () => {
      if (current !== undefined) discard(current);
      await current?.catch(() => undefined);
    },
  };
}

/** By key as every Kafka client does (murmur2); without one, after the input's partition. */
const createPartitioner: typeof Partitioners.DefaultPartitioner = () => {
  const byKey = Partitioners.DefaultPartitioner();
  return (args) => {
    const { key, inputPartition } = args.message as PlacedMessage;
    if (key !== null && key !== undefined) return byKey(args);
    return (inputPartition ?? 0) % args.partitionMetadata.length;
  };
};
