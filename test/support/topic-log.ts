/** Reads topics as they grow, and waits for what a test is about to assert. */

import { randomUUID } from 'node:crypto';
import type { IHeaders, Kafka } from 'kafkajs';

export interface LoggedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  /** Headers as text; of repeated ones the first. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface TopicLog {
  readonly records: (topic: string) => readonly LoggedRecord[];
  /** Resolves when `condition` holds; looks again with every record. */
  readonly until: (what: string, condition: () => boolean) => Promise<void>;
  readonly close: () => Promise<void>;
}

const patienceMs = 120_000;

/** Follows the topics from their beginning, each of which must exist. */
export async function followTopics(kafka: Kafka, topics: readonly string[]): Promise<TopicLog> {
  const records = new Map(topics.map((topic) => [topic, [] as LoggedRecord[]]));
  /** By topic and partition: a reader that joins its group again begins anew. */
  const nextOffsets = new Map<string, number>();
  const looks = new Set<() => void>();
  const consumer = kafka.consumer({
    groupId: `test-log-${randomUUID()}`,
    maxWaitTimeInMs: 100,
    // Whoever takes over from a reader that lost its broker waits so long.
    sessionTimeout: 6_000,
    heartbeatInterval: 1_000,
    readUncommitted: false,
    retry: { retries: 1_000, maxRetryTime: 1_000 },
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      const place = `${batch.topic}/${batch.partition}`;
      for (const { offset, key, value, headers } of batch.messages) {
        if (Number(offset) < (nextOffsets.get(place) ?? 0)) continue;
        nextOffsets.set(place, Number(offset) + 1);
        records.get(batch.topic)?.push({
          topic: batch.topic,
          partition: batch.partition,
          offset: Number(offset),
          key: key?.toString() ?? null,
          value,
          headers: textHeaders(headers ?? {}),
        });
      }
      for (const look of looks) look();
    },
  });
  return {
    records: (topic) => records.get(topic) ?? [],
    until: (what, condition) =>
      new Promise((resolve, reject) => {
        const finish = (error?: Error): void => {
          clearInterval(timer);
          clearTimeout(deadline);
          looks.delete(look);
          if (error === undefined) resolve();
          else reject(error);
        };
        const look = (): void => {
          if (condition()) finish();
        };
        const counts = (): string => [...records].map(([t, r]) => `${t}: ${r.length}`).join(', ');
        const timer = setInterval(look, 50);
        const deadline = setTimeout(
          () => finish(new Error(`never came: ${what} (${counts()})`)),
          patienceMs,
        );
        looks.add(look);
        look();
      }),
    close: () => consumer.disconnect(),
  };
}

function textHeaders(headers: IHeaders): Record<string, string> {
  const first = (value: IHeaders[string]) => (Array.isArray(value) ? value[0] : value);
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, String(first(value) ?? '')]),
  );
}
