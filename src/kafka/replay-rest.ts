/** What is left to read of a topic, partition by partition. */

import type { Admin } from 'kafkajs';
import type { Schedule } from '../delivery/ports.ts';

/** What is left of one partition. */
export interface Rest {
  next: number;
  /** Without this one. */
  readonly end: number;
}

/** Says so often what it waits for. */
const remindMs = 10_000;

export interface RestOptions {
  readonly topic: string;
  readonly groupId: string;
  /** Whether to begin where the group stands; else at the beginning. */
  readonly resumes: boolean;
}

/** @returns the partitions that hold something to read */
export async function restsOf(
  { topic, groupId, resumes }: RestOptions,
  admin: Admin,
): Promise<Map<number, Rest>> {
  const bounds = await admin.fetchTopicOffsets(topic);
  const [group] = resumes ? await admin.fetchOffsets({ groupId, topics: [topic] }) : [];
  const committed = new Map(group?.partitions.map((p) => [p.partition, Number(p.offset)]));
  const rests = new Map<number, Rest>();
  for (const bound of bounds) {
    const [low, end] = [Number(bound.low), Number(bound.high)];
    const next = Math.max(low, committed.get(bound.partition) ?? low);
    if (next < end) rests.set(bound.partition, { next, end });
  }
  return rests;
}

/** Says where it stands, when it has not moved for a while. */
export function remindOf(
  rests: ReadonlyMap<number, Rest>,
  { schedule, print }: { readonly schedule: Schedule; readonly print: (line: string) => void },
): () => void {
  let cancel = (): void => undefined;
  const places = (): string =>
    [...rests].map(([partition, { next, end }]) => `${partition} at ${next} of ${end}`).join(', ');
  const watch = (before: string): void => {
    cancel = schedule(remindMs, () => {
      const now = places();
      if (now === before) {
        print(`Waiting for partitions ${now}: brokers that answer, or a transaction that ends.`);
      }
      watch(now);
    });
  };
  watch(places());
  return () => cancel();
}
