/**
 * Writes records to one topic and tells where each one stands.
 *
 * S1 A record with a key goes where every Kafka client puts it; those without one take the
 *    partitions in turn.
 * S2 What fails is written again until it is acknowledged, so a record may stand there twice after
 *    a fault; only one that is too large by itself is refused.
 * S3 The producer is thrown away when a write fails; producer.ts says why.
 */

import type { Random, Schedule } from '../delivery/ports.ts';
import { createBatchedSender, sendAndWait } from './batched-sender.ts';
import { isTooLarge, sizeOf, usualLimits } from './message-size.ts';
import { createReplaceableProducer } from './producer.ts';
import {
  createPartitioner,
  messageOf,
  placesOf,
  type RecordPlace,
  type SinkRecord,
} from './record-place.ts';
import { type TopicReadyOptions, topicReady } from './topic-ready.ts';
import { createTrouble } from './trouble.ts';

export interface RecordSinkDeps {
  /** Tells the user. */
  readonly print: (line: string) => void;
  readonly schedule: Schedule;
  readonly random: Random;
}

export interface RecordSink {
  /** Resolves when the topic is there, or this is closed. */
  readonly ready: () => Promise<void>;
  /** Resolves when all in-sync replicas have it; rejects where it is too large. */
  readonly send: (record: SinkRecord) => Promise<RecordPlace>;
  /** Gives up what is not acknowledged. */
  readonly close: () => Promise<void>;
}

/** A record on its way; it has a place once it is acknowledged. */
interface Item {
  readonly record: SinkRecord;
  place: RecordPlace | undefined;
}

/** Makes the sink; nothing is connected yet. */
export function createRecordSink(options: TopicReadyOptions, deps: RecordSinkDeps): RecordSink {
  const { topic } = options;
  const { print, schedule, random } = deps;
  const closing = new AbortController();
  const { signal } = closing;
  const trouble = createTrouble(print);
  const quiet = { debug: () => undefined };
  const producer = createReplaceableProducer(options.kafka, createPartitioner, quiet);
  const limits = usualLimits();

  const write = async (items: readonly Item[]): Promise<void> => {
    const messages = items.map(({ record }) => messageOf(record));
    const written = await producer.send([{ topic, messages }]);
    const places = placesOf(messages, written);
    items.forEach((item, index) => {
      item.place = places[index];
    });
    trouble.over(`Topic ${topic} can be written to again.`);
  };

  const sender = createBatchedSender<Item>(limits, {
    send: write,
    sizeOf: ({ record }) => sizeOf(record),
    isTooLarge,
    tooLarge: ({ record }) =>
      new Error(
        `its record of about ${sizeOf(record)} bytes is larger than topic ${topic} takes; raise the topic's max.message.bytes`,
      ),
    failed: (error, waiting) => {
      const reason = error instanceof Error ? error.message : String(error);
      const line = `Topic ${topic} cannot be written to: ${reason}. ${waiting} records wait, and are tried again.`;
      trouble.say(line, reason);
    },
    schedule,
    random,
  });

  return {
    ready: () => topicReady(options, limits, { signal, schedule, trouble, print }),
    send: async (record) => {
      const item: Item = { record, place: undefined };
      await sendAndWait(sender, item, () => !signal.aborted);
      if (item.place === undefined) throw new Error('it was given up');
      return item.place;
    },
    close: async () => {
      closing.abort();
      sender.close();
      await producer.close();
    },
  };
}
