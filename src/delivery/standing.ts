/**
 * Where a partition stands, as a commit tells it: the position, and what is done beyond it. Pure.
 */

import type { OffsetRange } from './acked-offsets.ts';
import { type Entry, isSettled, type Partition } from './partition.ts';

/** What is done beyond the position, by us or an earlier owner: ascending, apart from each other. */
export const doneBeyond = (partition: Partition): OffsetRange[] =>
  doneFrom(partition, partition.head, partition.beyond);

/** Where a partition stands: its position, and what is done beyond it. */
export interface Standing {
  readonly offset: number;
  readonly beyond: OffsetRange[];
}

/**
 * Where a partition will stand once the transaction under way is committed.
 * @param committing how many entries are in it
 */
export function standingOnceCommitted(partition: Partition, committing: number): Standing {
  let left = partition.beyond + committing;
  let first = partition.head;
  while (first !== undefined && isSettled(first)) {
    left -= 1;
    first = first.next;
  }
  const offset = first?.record.offset ?? partition.nextOffset;
  return { offset, beyond: doneFrom(partition, first, left) };
}

/** @param count how many are done, or are being committed, from the entry given on */
function doneFrom(partition: Partition, first: Entry | undefined, count: number): OffsetRange[] {
  const ranges: OffsetRange[] = [];
  let left = count;
  let [from, to] = [-1, -1];
  for (let entry = first; entry !== undefined && left > 0; entry = entry.next) {
    if (isSettled(entry)) {
      left -= 1;
      to = entry.record.offset + 1;
      if (from === -1) from = entry.record.offset;
    } else if (from !== -1) {
      ranges.push({ from, to });
      from = -1;
    }
  }
  for (const range of partition.resumed) {
    if (range.to <= partition.nextOffset) continue;
    const start = Math.max(range.from, partition.nextOffset);
    if (from !== -1 && start > to) {
      ranges.push({ from, to });
      from = -1;
    }
    if (from === -1) from = start;
    to = range.to;
  }
  if (from !== -1) ranges.push({ from, to });
  return ranges;
}
