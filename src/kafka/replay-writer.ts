/**
 * Writes replayed records to the topics that they came from, acknowledged by all in-sync replicas.
 * What fails is tried again until it is written or called off; only a record that is too large by
 * itself is given up.
 */

import { type Admin, type Kafka, type Message, Partitioners, type TopicMessages } from 'kafkajs';
import type { Random, Schedule } from '../delivery/ports.ts';
import type { ReplayRecord } from '../delivery/replay-record.ts';
import { createBatchedSender, sendAndWait } from './batched-sender.ts';
import { isTooLarge, sizeOf, usualLimits } from './message-size.ts';
import { createReplaceableProducer } from './producer.ts';
import { createTrouble } from './trouble.ts';

export interface ReplayWriterDeps {
  readonly kafka: Kafka;
  /** Connected. */
  readonly admin: Admin;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly print: (line: string) => void;
  /** Aborted: what is not written is called off. */
  readonly signal: AbortSignal;
}

export type Written =
  | { readonly kind: 'written' }
  | { readonly kind: 'called-off' }
  | { readonly kind: 'failed'; readonly reason: string };

export interface ReplayWriter {
  /** @returns whether a topic is there; looks once for each */
  readonly exists: (topic: string) => Promise<boolean>;
  /** Never rejects. */
  readonly write: (record: ReplayRecord) => Promise<Written>;
  readonly close: () => Promise<void>;
}

interface Item {
  readonly record: ReplayRecord;
  isWritten: boolean;
}

/** Makes a writer that connects when it is first used. */
export function createReplayWriter(deps: ReplayWriterDeps): ReplayWriter {
  const { kafka, admin, print, signal } = deps;
  const trouble = createTrouble(print);
  const quiet = { debug: () => undefined };
  const producer = createReplaceableProducer(kafka, Partitioners.DefaultPartitioner, quiet);
  /** By topic, how many partitions; undefined where it does not exist. */
  const topics = new Map<string, Promise<number | undefined>>();

  const look = async (topic: string): Promise<number | undefined> => {
    if (!(await admin.listTopics()).includes(topic)) return undefined;
    const metadata = await admin.fetchTopicMetadata({ topics: [topic] });
    return metadata.topics[0]?.partitions.length;
  };

  const partitionsOf = (topic: string): Promise<number | undefined> => {
    const known = topics.get(topic) ?? look(topic);
    topics.set(topic, known);
    known.catch(() => topics.delete(topic));
    return known;
  };

  /** Its own partition where that is still there, whatever chose it; else where its key says. */
  const messageOf = async ({ record }: Item): Promise<Message> => {
    const { topic, partition, key, value, headers } = record;
    const own = partition !== undefined && partition < ((await partitionsOf(topic)) ?? 0);
    const place = own ? { partition } : {};
    return { key, value, headers, ...place } as Message;
  };

  const topicMessages = async (items: readonly Item[]): Promise<TopicMessages[]> => {
    const byTopic = new Map<string, Message[]>();
    for (const item of items) {
      const messages = byTopic.get(item.record.topic) ?? [];
      messages.push(await messageOf(item));
      byTopic.set(item.record.topic, messages);
    }
    return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
  };

  const sender = createBatchedSender<Item>(usualLimits(), {
    send: async (items) => {
      await producer.send(await topicMessages(items));
      for (const item of items) item.isWritten = true;
      trouble.over('Records can be written again.');
    },
    sizeOf: ({ record }) => sizeOf(record),
    isTooLarge,
    tooLarge: ({ record }) =>
      new Error(
        `its record of about ${sizeOf(record)} bytes is larger than topic ${record.topic} takes; raise the topic's max.message.bytes`,
      ),
    failed: (error, waiting) => {
      const reason = error instanceof Error ? error.message : String(error);
      trouble.say(
        `Records cannot be written: ${reason}. ${waiting} wait, and are tried again.`,
        reason,
      );
    },
    schedule: deps.schedule,
    random: deps.random,
  });

  return {
    exists: async (topic) => (await partitionsOf(topic)) !== undefined,
    write: async (record) => {
      const item: Item = { record, isWritten: false };
      try {
        await sendAndWait(sender, item, () => !signal.aborted);
        return { kind: item.isWritten ? 'written' : 'called-off' };
      } catch (error) {
        return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
      }
    },
    close: async () => {
      sender.close();
      await producer.close();
    },
  };
}
