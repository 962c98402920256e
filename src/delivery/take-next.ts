/**
 * Which record of a partition may run next.
 *
 * T1 No record is looked at while `maxAhead` or more stand between it and the position, nor while
 *    what is done beyond the position might not fit into a commit's metadata.
 * T2 What has waited goes first: retries, and records whose lane came free.
 * T3 A probe is a record never tried, where the order allows: those that failed tell little of the
 *    predictor, and must not keep from it the one that it would answer.
 */

import { fitsMetadata } from './acked-offsets.ts';
import { laneKey } from './lanes.ts';
import { type Entry, type Partition, sizeOf } from './partition.ts';
import type { Ordering } from './releaser.ts';

/** Whether the next record never looked at is there and near enough (T1). */
export function mayGoFurther(partition: Partition, maxAhead: number): boolean {
  const { head, nextToRun, ahead, resumed } = partition;
  if (nextToRun === undefined || ahead >= maxAhead) return false;
  if (ahead === 0 || head === undefined) return true;
  // Every open record parts two done ones at most; and so many gaps and lengths are left over.
  const numbers = Math.min(2 * partition.unanswered, ahead) + 2 * resumed.length + 2;
  const end = Math.max(nextToRun.record.offset, resumed.at(-1)?.to ?? 0);
  return fitsMetadata(numbers, end - head.record.offset);
}

/** Moves on to the next record never looked at, over those that are done. */
function pass(partition: Partition, entry: Entry): void {
  partition.ahead += 1;
  partition.unanswered += 1;
  partition.nextToRun = entry.next;
  while (partition.nextToRun?.state === 'done') {
    partition.ahead += 1;
    partition.nextToRun = partition.nextToRun.next;
  }
}

/** Sees to it that a record may run, if there is one near enough (T1). */
export function fillLanes(partition: Partition, maxAhead: number): void {
  if (partition.ready.length === 0) openLane(partition, maxAhead);
}

/** Puts records into their lanes until one more may run or there is none near enough (T1). */
function openLane(partition: Partition, maxAhead: number): void {
  while (mayGoFurther(partition, maxAhead)) {
    const entry = partition.nextToRun;
    if (entry === undefined) return;
    pass(partition, entry);
    entry.lane = laneKey(entry.record.key);
    if (!partition.lanes.enter(entry.lane, entry)) continue;
    partition.ready.push(entry);
    return;
  }
}

/** Lets the next one of the entry's lane run, where it is in one. */
export function leaveLane(entry: Entry): void {
  if (entry.lane === undefined) return;
  const next = entry.partition.lanes.leave(entry.lane, entry);
  entry.lane = undefined;
  if (next !== undefined) entry.partition.ready.push(next);
}

/** Takes the record off the queue that is to show whether the predictor serves again (T3). */
export function takeProbe(
  partition: Partition,
  ordering: Ordering,
  maxAhead: number,
): Entry | undefined {
  const { ready, nextToRun } = partition;
  if (ready.every(wasTried)) {
    if (ordering === 'key') openLane(partition, maxAhead);
    else if (ordering === 'none' && nextToRun !== undefined && mayGoFurther(partition, maxAhead)) {
      pass(partition, nextToRun);
      ready.push(nextToRun);
    }
  }
  const at = ready.findIndex((entry) => !wasTried(entry));
  if (at > 0) ready.unshift(...ready.splice(at, 1));
  return takeNext(partition);
}

const wasTried = ({ attempts }: Entry): boolean => attempts > 0;

/** Takes the next record to run off the queue. */
export function takeNext(partition: Partition): Entry | undefined {
  let entry = partition.ready.shift();
  if (entry === undefined) {
    entry = partition.nextToRun;
    if (entry === undefined) return undefined;
    pass(partition, entry);
  }
  if (entry.state === 'queued') {
    partition.queued -= 1;
    partition.queuedBytes -= sizeOf(entry.record);
    partition.inFlight += 1;
  }
  entry.state = 'running';
  return entry;
}
