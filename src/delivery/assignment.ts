/**
 * Which partitions of the input topic are ours, and whether what was fetched fits what we expect.
 *
 * A1 A partition that comes back to the same member keeps its state: work under way goes on.
 *    Any other is started afresh, and the state that was there is lost (P2).
 * A2 A batch is taken only if it was asked for at or before the next offset expected: a client
 *    that skipped ahead by mistake must not make us commit over what we never saw.
 */

import type { OffsetRange } from './acked-offsets.ts';
import { createPartition, enqueue, type Partition } from './partition.ts';
import type { InputRecord } from './record.ts';

/** What a fetched batch is to us. */
export type Reception =
  | 'taken'
  /** Not ours, or not opened yet. */
  | 'unknown'
  /** Asked for beyond what we expect: records between were never seen. */
  | 'ahead'
  /** Asked for before what is committed: the client was thrown back. */
  | 'behind';

export interface FetchedBatch {
  readonly partition: number;
  /** The offset that the client asked for. */
  readonly askedFor: number;
  /** The offset after the last one in the batch, control records included. */
  readonly next: number;
  /** The offset of the next record to be written to the partition; undefined where not told. */
  readonly high?: number;
  readonly records: readonly InputRecord[];
}

export interface Assignment {
  /** Takes a new assignment; returns the partitions whose start is not known. */
  readonly rejoined: (ids: readonly number[], sameMember: boolean) => number[];
  /**
   * Begins a partition at the offset from which its records are to be answered.
   * @param acked what is answered beyond it, ascending
   */
  readonly open: (id: number, start: number, acked?: readonly OffsetRange[]) => Partition;
  readonly receive: (batch: FetchedBatch) => Reception;
  readonly get: (id: number) => Partition | undefined;
  readonly isAssigned: (id: number) => boolean;
  readonly opened: () => Partition[];
  /** What we have of a partition is lost, though it is ours. */
  readonly forget: (id: number) => void;
  /** Everything is lost: the member left its group. */
  readonly clear: () => void;
}

/**
 * Makes an assignment without partitions.
 * @param already told how many records of a batch an earlier owner has answered
 */
export function createAssignment(
  topic: string,
  already: (records: number) => void = () => undefined,
): Assignment {
  const opened = new Map<number, Partition>();
  let assigned = new Set<number>();

  const lose = (id: number): void => {
    const partition = opened.get(id);
    if (partition !== undefined) partition.lost = true;
    opened.delete(id);
  };

  const receive = (batch: FetchedBatch): Reception => {
    const partition = opened.get(batch.partition);
    if (partition === undefined) return 'unknown';
    if (batch.askedFor > partition.nextOffset) return 'ahead';
    if (batch.askedFor < partition.committed) return 'behind';
    partition.high = Math.max(partition.high, batch.high ?? 0);
    already(enqueue(partition, batch.records, batch.next));
    return 'taken';
  };

  return {
    rejoined: (ids, sameMember) => {
      assigned = new Set(ids);
      for (const id of opened.keys()) if (!sameMember || !assigned.has(id)) lose(id);
      return ids.filter((id) => !opened.has(id));
    },
    open: (id, start, acked) => {
      lose(id);
      const partition = createPartition(topic, id, start, acked);
      opened.set(id, partition);
      return partition;
    },
    receive,
    get: (id) => opened.get(id),
    isAssigned: (id) => assigned.has(id),
    opened: () => [...opened.values()],
    forget: lose,
    clear: () => {
      for (const id of [...opened.keys()]) lose(id);
      assigned = new Set();
    },
  };
}
