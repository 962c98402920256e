/** How answers become final: what differs between at least once and exactly once. */

import type { CommittedOffset, Committer } from '../delivery/committer.ts';
import type { Partition } from '../delivery/partition.ts';
import type { Releaser } from '../delivery/releaser.ts';

export interface ClaimedPartitions {
  /** Where the group stands in each that may be opened. */
  readonly committed: ReadonlyMap<number, CommittedOffset>;
  /** Those that are not opened in this assignment; they stand still. */
  readonly refused: readonly number[];
}

export interface DeliveryMode {
  readonly releaser: Releaser;
  readonly committer: Committer;
  /** Before the group is joined; rejects where it must not be. */
  readonly prepare: () => Promise<void>;
  /**
   * Makes partitions ours to answer, and reads where the group stands in them. Those that are
   * neither claimed nor refused are to be asked for again. Rejects where none could be claimed.
   */
  readonly claim: (ids: readonly number[]) => Promise<ClaimedPartitions>;
  /** A partition that was claimed is opened. */
  readonly opened: (partition: Partition) => void;
  /**
   * Commits where these stand, now, whether or not anything of them was answered. Never rejects:
   * what cannot be committed now is tried again.
   */
  readonly commitStanding: (partitions: readonly Partition[]) => Promise<unknown>;
  /** The assignment has changed, or a membership is over. */
  readonly assigned: () => void;
  /** What a person should know of it. */
  readonly notice: () => string | undefined;
  /** Partitions of ours that stand still on purpose. */
  readonly standingStill: () => number;
  /** Tries nothing again from now on. */
  readonly stop: () => void;
  readonly close: () => Promise<void>;
}
