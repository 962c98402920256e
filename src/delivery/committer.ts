/**
 * Commits positions: when they move, at most once an interval and one commit at a time, at once
 * when nothing is left to do (design.md §3.4).
 *
 * C1 Only the contiguous prefix of a partition that is still ours is committed; what is done beyond
 *    it goes along in the metadata.
 * C2 A commit that fails is made again; one that the group no longer takes is dropped, because
 *    whoever has the partition now reads the older offset and answers again.
 */

import { encodeAcked } from './acked-offsets.ts';
import { type Partition, position } from './partition.ts';
import type { Log, Now, Schedule } from './ports.ts';
import { createRepeatedFault } from './repeated-fault.ts';
import { doneBeyond } from './standing.ts';

export interface OffsetToCommit {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** What is answered beyond the offset (acked-offsets.ts); empty where nothing is. */
  readonly metadata: string;
}

/** What the group has of a partition. */
export interface CommittedOffset {
  /** Negative where there is none. */
  readonly offset: number;
  /** Whatever was committed beside it. */
  readonly metadata: string | null;
}

/** The commit of where a partition stands now. */
export function standing(partition: Partition): OffsetToCommit {
  const { topic, id } = partition;
  const offset = position(partition);
  const metadata = encodeAcked(offset, doneBeyond(partition));
  return { topic, partition: id, offset, metadata };
}

/** `dropped` where this member may no longer commit. Rejects where it failed and may succeed yet. */
export type CommitOffsets = (
  offsets: readonly OffsetToCommit[],
) => Promise<'committed' | 'dropped'>;

export interface CommitterDeps {
  readonly commit: CommitOffsets;
  readonly schedule: Schedule;
  readonly now: Now;
  /** Whether no record is queued or running. */
  readonly idle: () => boolean;
  readonly log: Log;
}

export interface Committer {
  /** A partition's position may have moved, or what is done beyond it changed. */
  readonly moved: (partition: Partition) => void;
  /** Commits what is left now; resolves when it was tried, whether or not it succeeded. */
  readonly flush: () => Promise<void>;
}

/** @param intervalMs shortest time between two commits while records flow */
export function createCommitter(intervalMs: number, deps: CommitterDeps): Committer {
  const dirty = new Set<Partition>();
  let underWay: Promise<void> | undefined;
  let waiting = false;
  const fault = createRepeatedFault(
    {
      level: 'warn',
      message: 'offsets were not committed; trying again',
      over: 'offsets are committed again',
    },
    deps,
  );

  const commit = async (): Promise<void> => {
    const moved = [...dirty].filter(isBehind);
    dirty.clear();
    if (moved.length === 0) return;
    const offsets = moved.map(standing);
    for (const p of moved) p.beyondChanged = false;
    const failed = (): void => {
      for (const p of moved) p.beyondChanged = true;
    };
    try {
      const outcome = await deps.commit(offsets);
      fault.succeeded();
      if (outcome === 'dropped') return failed();
      moved.forEach((p, i) => {
        p.committed = Math.max(p.committed, offsets[i]?.offset ?? 0);
      });
    } catch (error) {
      failed();
      for (const p of moved) dirty.add(p);
      const positions = offsets.map(({ topic, partition, offset }) => ({
        topic,
        partition,
        offset,
      }));
      fault.failed(error, { positions });
    }
  };

  const start = (): Promise<void> => {
    underWay = commit().finally(() => {
      underWay = undefined;
      if (dirty.size > 0) later();
    });
    return underWay;
  };

  const later = (): void => {
    if (waiting) return;
    waiting = true;
    deps.schedule(intervalMs, () => {
      waiting = false;
      if (underWay === undefined) void start();
    });
  };

  return {
    moved: (partition) => {
      dirty.add(partition);
      if (underWay !== undefined) return;
      // What is done beyond the position can wait: it saves work after a crash, no more.
      if (position(partition) > partition.committed && deps.idle()) void start();
      else later();
    },
    flush: async () => {
      // One at a time: another may have begun while we waited.
      while (underWay !== undefined) await underWay;
      await start();
    },
  };
}

const isBehind = (partition: Partition): boolean =>
  !partition.lost && (position(partition) > partition.committed || partition.beyondChanged);
