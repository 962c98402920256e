/** Writes outputs and error records, each to its topic and in its own queue. */

import type { TopicMessages } from 'kafkajs';
import { errorRecord, omissions } from '../delivery/error-record.ts';
import type { Log, Random, Schedule } from '../delivery/ports.ts';
import type { OutputRecord } from '../delivery/record.ts';
import type { Divert, Publish } from '../delivery/releaser.ts';
import { AdapterError } from '../errors.ts';
import type { Identity } from '../event/names.ts';
import { type BatchedSender, createBatchedSender } from './batched-sender.ts';
import type { PlacedMessage, ReplaceableProducer } from './producer.ts';

export interface PublisherOptions {
  readonly outputTopic: string;
  readonly errorTopic: string;
  readonly identity: Identity;
}

export interface PublisherDeps {
  readonly producer: ReplaceableProducer;
  readonly wallClock: () => number;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly log: Log;
}

export interface Publisher {
  readonly publish: Publish;
  readonly divert: Divert;
  /** Records given and not acknowledged. */
  readonly waiting: () => number;
  readonly close: () => void;
}

/** Brokers take 1 MiB a batch unless told otherwise; half of it leaves room for headers. */
const limits = { maxItems: 256, maxBytes: 512 * 1024 };

/** An error topic that takes not even the shortest record is tried again so often. */
const tooSmallMs = 10_000;

/** Makes the writer of one adapter. */
export function createPublisher(options: PublisherOptions, deps: PublisherDeps): Publisher {
  const outputs = createTopicSender(options.outputTopic, deps);
  const errors = createTopicSender(options.errorTopic, deps);

  const divert: Divert = async (record, error, attempts, wanted) => {
    const time = new Date(deps.wallClock()).toISOString();
    const context = { identity: options.identity, time, attempts };
    for (let i = 0; ; i += 1) {
      const omit = omissions[i] ?? 'all';
      try {
        return await errors.send(errorRecord(record, error, { ...context, omit }), wanted);
      } catch (tooLarge) {
        const fields = { omit, offset: record.offset, reason: String(tooLarge) };
        if (omit !== 'all') deps.log.warn(fields, 'the error record is shortened');
        else {
          // Not even the shortest fits: the record stays unanswered, and its partition stands.
          deps.log.error(fields, 'the error topic takes no record; raise its max.message.bytes');
          await new Promise<void>((resolve) => deps.schedule(tooSmallMs, resolve));
        }
      }
    }
  };

  return {
    publish: (output, wanted) => outputs.send(output, wanted),
    divert,
    waiting: () => outputs.waiting() + errors.waiting(),
    close: () => {
      outputs.close();
      errors.close();
    },
  };
}

function createTopicSender(topic: string, deps: PublisherDeps): BatchedSender<OutputRecord> {
  return createBatchedSender<OutputRecord>(limits, {
    send: (records) => deps.producer.send([topicMessages(topic, records)]),
    sizeOf: (record) => (record.value?.byteLength ?? 0) + (record.key?.byteLength ?? 0),
    isTooLarge,
    tooLarge: (record) =>
      new AdapterError(
        'OUTPUT_TOO_LARGE',
        `the record of ${record.value?.byteLength ?? 0} bytes is larger than topic ${topic} takes; raise its max.message.bytes`,
      ),
    failed: (error, waiting, retryInMs) =>
      deps.log.error(
        { topic, waiting, retryInMs: Math.round(retryInMs), reason: reasonOf(error) },
        'records cannot be written; nothing is committed until they are',
      ),
    schedule: deps.schedule,
    random: deps.random,
  });
}

const topicMessages = (topic: string, records: readonly OutputRecord[]): TopicMessages => ({
  topic,
  messages: records.map(
    ({ key, value, headers, inputPartition }) =>
      ({ key, value, headers, inputPartition }) as PlacedMessage,
  ),
});

/** Protocol errors 10 and 18: https://kafka.apache.org/protocol#protocol_error_codes */
const tooLargeTypes = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && tooLargeTypes.has(String((error as { type?: unknown }).type));

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
