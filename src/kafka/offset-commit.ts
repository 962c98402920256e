/**
 * Commits through kafkajs once, without its own retries: those would go on across a rebalance, and
 * the broker checks a commit by member and generation, not by who owns the partition, so a late
 * one could take another member's offset back.
 */

import type { EachBatchPayload } from 'kafkajs';
import type { CommitOffsets, OffsetToCommit } from '../delivery/committer.ts';

/** Answers by which the group says that this member may not commit now. */
const notOurs = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'FENCED_INSTANCE_ID',
]);

/** @param commit the function that kafkajs hands to batch handlers; it has no retries */
export function commitOnce(commit: EachBatchPayload['commitOffsetsIfNecessary']): CommitOffsets {
  return async (offsets) => {
    try {
      await commit(byTopic(offsets));
      return 'committed';
    } catch (error) {
      if (notOurs.has(String((error as { type?: unknown }).type))) return 'dropped';
      throw error;
    }
  };
}

function byTopic(offsets: readonly OffsetToCommit[]): {
  topics: { topic: string; partitions: { partition: number; offset: string }[] }[];
} {
  const topics = new Map<string, { partition: number; offset: string }[]>();
  for (const { topic, partition, offset } of offsets) {
    const partitions = topics.get(topic) ?? [];
    partitions.push({ partition, offset: String(offset) });
    topics.set(topic, partitions);
  }
  return { topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })) };
}
