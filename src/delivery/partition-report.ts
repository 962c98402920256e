/** How a partition is doing, for metrics and health answers. */

import type { Partition } from './partition.ts';

export interface PartitionReport {
  readonly partition: number;
  /** Records from the committed offset on, fetched or not. */
  readonly lag: number;
  /** How long ago the oldest record that is not done was written, in ms; 0 where there is none. */
  readonly oldestAgeMs: number;
  /** Run at least once and not done. */
  readonly inFlight: number;
  /** Between a failure and the end of their retry. */
  readonly retrying: number;
  /** Done beyond the position, which waits for an older record. */
  readonly doneBeyond: number;
  /** Fetching of it is paused, because enough of it waits here. */
  readonly paused: boolean;
}

/** @param wallClockMs the time now, in ms since the epoch: records carry their writer's */
export function reportOf(partition: Partition, wallClockMs: number): PartitionReport {
  const { head } = partition;
  // Records of old clients may have none: -1.
  const written = Number(head?.record.timestamp ?? -1);
  return {
    partition: partition.id,
    lag: Math.max(partition.high, partition.nextOffset) - partition.committed,
    oldestAgeMs: written < 0 ? 0 : Math.max(0, wallClockMs - written),
    inFlight: partition.inFlight,
    retrying: partition.retrying,
    doneBeyond: partition.beyond,
    paused: partition.paused,
  };
}
