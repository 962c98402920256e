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

/**
 * Commits offsets alone once the broker has refused their metadata as too large: it may be
 * configured to take less than we bound ours to (`offset.metadata.max.bytes`).
 * @param refused told once
 */
export function withoutRefusedMetadata(commit: CommitOffsets, refused: () => void): CommitOffsets {
  let bare = false;
  const withoutMetadata: CommitOffsets = (offsets) =>
    commit(offsets.map((offset) => ({ ...offset, metadata: '' })));
  return async (offsets) => {
    if (bare) return withoutMetadata(offsets);
    try {
      return await commit(offsets);
    } catch (error) {
      if ((error as { type?: unknown }).type !== 'OFFSET_METADATA_TOO_LARGE') throw error;
      bare = true;
      refused();
      return withoutMetadata(offsets);
    }
  };
}

/** kafkajs sends the metadata on; its types do not say so. */
interface PartitionToCommit {
  readonly partition: number;
  readonly offset: string;
  readonly metadata: string;
}

function byTopic(offsets: readonly OffsetToCommit[]): {
  topics: { topic: string; partitions: PartitionToCommit[] }[];
} {
  const topics = new Map<string, PartitionToCommit[]>();
  for (const { topic, partition, offset, metadata } of offsets) {
    const partitions = topics.get(topic) ?? [];
    partitions.push({ partition, offset: String(offset), metadata });
    topics.set(topic, partitions);
  }
  return { topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })) };
}
