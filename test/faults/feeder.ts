/**
 * Writes the input records of a cell. Where a write fails it is not known what was written: its
 * records' numbers are given up, and others written in their place, so that no record is ever in
 * the input twice. What is in the topic is the truth, not what was acknowledged.
 */

import { type Message, Partitioners, type Producer } from 'kafkajs';
import type { Ordering } from '../../src/delivery/releaser.ts';
import type { Cluster } from './cluster.ts';
import { sleep, within } from './patience.ts';
import { partitionCount } from './topics.ts';
import { sentRecord } from './workload.ts';

export interface FeederOptions {
  readonly topic: string;
  readonly ordering: Ordering;
  readonly records: number;
  /** Over which they are spread, in bursts. */
  readonly durationMs: number;
}

export interface Feeder {
  /** Resolves when enough records are acknowledged. */
  readonly run: () => Promise<void>;
  /** Writes a batch more. */
  readonly write: () => Promise<void>;
  /** Writes a few records in a transaction that is committed, and others in one that is aborted. */
  readonly transactions: () => Promise<void>;
  readonly acknowledged: () => number;
  readonly close: () => Promise<void>;
}

const batchRecords = 200;
const burstRecords = 1_500;
const sendTimeoutMs = 12_000;
const transactionRecords = 30;

/** Makes a feeder of one topic. */
export function createFeeder(options: FeederOptions, cluster: Cluster): Feeder {
  const { topic, ordering } = options;
  let next = 0;
  let acknowledged = 0;
  let transactions = 0;
  let current: Producer | undefined;

  const take = (count: number): Message[] =>
    Array.from({ length: count }, () => {
      const record = sentRecord(next, ordering, partitionCount);
      next += 1;
      return record;
    });

  const write = async (): Promise<void> => {
    const messages = take(batchRecords);
    current ??= cluster.kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      // A second attempt of its own could write a record twice.
      retry: { retries: 0 },
    });
    const producer = current;
    try {
      const written = producer.connect().then(() => producer.send({ topic, messages, acks: -1 }));
      await within('a write to the input', sendTimeoutMs, written);
      acknowledged += messages.length;
    } catch {
      current = undefined;
      void producer.disconnect().catch(() => undefined);
      await sleep(200);
    }
  };

  /** None of these may ever be answered. */
  const forbidden = (): Message[] =>
    take(transactionRecords).map((message) => ({
      ...message,
      headers: { ...message.headers, ce_id: `aborted-${message.headers?.['ce_id']}` },
    }));

  const transact = async (messages: Message[], how: 'commit' | 'abort'): Promise<void> => {
    transactions += 1;
    const producer = cluster.kafka.producer({
      transactionalId: `${topic}-feeder-${transactions}`,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout: 5_000,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 500 },
    });
    const whole = async (): Promise<void> => {
      await producer.connect();
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages, acks: -1 });
      await transaction[how]();
    };
    try {
      await within('a transaction', sendTimeoutMs, whole());
    } catch {
      // The broker aborts what is left open; what was committed is found in the topic.
    } finally {
      void producer.disconnect().catch(() => undefined);
    }
  };

  return {
    run: async () => {
      const began = performance.now();
      while (acknowledged < options.records) {
        const passed = Math.min(1, (performance.now() - began) / options.durationMs);
        const due = Math.floor((options.records * passed) / burstRecords + 1) * burstRecords;
        if (acknowledged < due) await write();
        else await sleep(50);
      }
    },
    write,
    transactions: async () => {
      await transact(take(transactionRecords), 'commit');
      await transact(forbidden(), 'abort');
    },
    acknowledged: () => acknowledged,
    close: async () => {
      await current?.disconnect().catch(() => undefined);
    },
  };
}
