/** Writes outputs and error records, each to its topic and in its own queue. */

import type { Admin, TopicMessages } from 'kafkajs';
import { errorRecord, omissions } from '../delivery/error-record.ts';
import type { Log, Now, Random, Schedule } from '../delivery/ports.ts';
import type { OutputRecord } from '../delivery/record.ts';
import type { Divert, Publish } from '../delivery/releaser.ts';
import { createRepeatedFault } from '../delivery/repeated-fault.ts';
import { AdapterError } from '../errors.ts';
import type { Identity } from '../event/names.ts';
import {
  type BatchedSender,
  type BatchLimits,
  createBatchedSender,
  sendAndWait,
} from './batched-sender.ts';
import { isTooLarge, learnLimits, sizeOf, usualLimits } from './message-size.ts';
import type { PlacedMessage } from './place-output.ts';
import type { ReplaceableProducer } from './producer.ts';

export interface PublisherOptions {
  readonly outputTopic: string;
  readonly errorTopic: string;
  readonly identity: Identity;
}

export interface PublisherDeps {
  readonly producer: ReplaceableProducer;
  readonly now: Now;
  readonly wallClock: () => number;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly log: Log;
}

export interface Publisher {
  readonly publish: Publish;
  readonly divert: Divert;
  /** Asks how large the topics' batches may be. */
  readonly learnLimits: (admin: Admin) => Promise<void>;
  /** Records given and not acknowledged. */
  readonly waiting: () => number;
  readonly close: () => void;
}

/** An error topic that takes not even the shortest record is tried again so often. */
const tooSmallMs = 10_000;

/** Makes the writer of one adapter. */
export function createPublisher(options: PublisherOptions, deps: PublisherDeps): Publisher {
  const limits = { outputs: usualLimits(), errors: usualLimits() };
  const outputs = createTopicSender(options.outputTopic, limits.outputs, deps);
  const errors = createTopicSender(options.errorTopic, limits.errors, deps);
  const tooSmall = createRepeatedFault(
    {
      level: 'error',
      message: 'the error topic takes no record; raise its max.message.bytes',
      over: 'the error topic takes records again',
    },
    deps,
  );

  const divert: Divert = async (record, error, attempts, wanted) => {
    const time = new Date(deps.wallClock()).toISOString();
    const context = { identity: options.identity, time, attempts };
    for (let i = 0; ; i += 1) {
      const omit = omissions[i] ?? 'all';
      try {
        await sendAndWait(errors, errorRecord(record, error, { ...context, omit }), wanted);
        return tooSmall.succeeded();
      } catch (tooLarge) {
        const { partition, offset } = record;
        if (omit !== 'all') {
          const fields = { omit, partition, offset, reason: String(tooLarge) };
          deps.log.warn(fields, 'the error record is shortened');
        } else {
          // Not even the shortest fits: the record stays unanswered, and its partition stands.
          tooSmall.failed(tooLarge, { topic: options.errorTopic, partition, offset });
          await new Promise<void>((resolve) => deps.schedule(tooSmallMs, resolve));
        }
      }
    }
  };

  return {
    publish: outputs.send,
    divert,
    learnLimits: async (admin) => {
      await learnLimits(admin, options.outputTopic, limits.outputs);
      await learnLimits(admin, options.errorTopic, limits.errors);
    },
    waiting: () => outputs.waiting() + errors.waiting(),
    close: () => {
      outputs.close();
      errors.close();
    },
  };
}

function createTopicSender(
  topic: string,
  limits: BatchLimits,
  deps: PublisherDeps,
): BatchedSender<OutputRecord> {
  const fault = createRepeatedFault(
    {
      level: 'error',
      message: 'records cannot be written; nothing is committed until they are',
      over: 'records are written again',
    },
    deps,
  );
  return createBatchedSender<OutputRecord>(limits, {
    send: async (records) => {
      await deps.producer.send([topicMessages(topic, records)]);
    },
    sizeOf,
    isTooLarge,
    tooLarge: (record) =>
      new AdapterError(
        'OUTPUT_TOO_LARGE',
        `the record of ${record.value?.byteLength ?? 0} bytes is larger than topic ${topic} takes; raise its max.message.bytes`,
      ),
    failed: (error, waiting, retryInMs) =>
      fault.failed(error, { topic, waiting, retryInMs: Math.round(retryInMs) }),
    sent: fault.succeeded,
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
