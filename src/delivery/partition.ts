/**
 * The records of one input partition, from fetched to answered.
 *
 *   fetched ─▶ queued ─▶ running ─▶ answered ─▶ released (being written) ─▶ done
 *                 ▲         └─▶ resting (before a retry) ─┐
 *                 └───────────────────────────────────────┘
 *
 * P1 Records stand in offset order; `position` is the offset before which all are done, so
 *    committing it never skips a record (contiguous prefix).
 * P2 Once `lost`, a partition belongs to another member: nothing of it is written or committed.
 */

import type { InputRecord, OutputRecord } from './record.ts';

export interface Entry {
  readonly record: InputRecord;
  readonly partition: Partition;
  state: 'queued' | 'running' | 'resting' | 'answered' | 'released' | 'done';
  /** All attempts made. */
  attempts: number;
  /** Those that count against the record (design.md §3.3). */
  counted: number;
  /** What is written to the output topic, once answered; undefined for the error topic. */
  output: OutputRecord | undefined;
  next: Entry | undefined;
}

export interface Partition {
  readonly topic: string;
  readonly id: number;
  /** The oldest record that is not done. */
  head: Entry | undefined;
  tail: Entry | undefined;
  /** The next record never run. */
  nextToRun: Entry | undefined;
  /** The next record to release, in offset order. */
  nextToRelease: Entry | undefined;
  /** Records whose rest is over, to be run again before any new one. */
  readonly rested: Entry[];
  /** Records between a failure and the end of their retry. */
  retrying: number;
  /** Fetched and never run: how many, and the bytes of their values. */
  queued: number;
  queuedBytes: number;
  /** Run and not done: the distance that a crash repeats. */
  ahead: number;
  /** The offset after the last record fetched. */
  nextOffset: number;
  /** The offset last known to be committed. */
  committed: number;
  lost: boolean;
  /** We asked the client not to fetch it. */
  paused: boolean;
}

/** An empty partition whose next record is at `start`. */
export function createPartition(topic: string, id: number, start: number): Partition {
  return {
    topic,
    id,
    head: undefined,
    tail: undefined,
    nextToRun: undefined,
    nextToRelease: undefined,
    rested: [],
    retrying: 0,
    queued: 0,
    queuedBytes: 0,
    ahead: 0,
    nextOffset: start,
    committed: start,
    lost: false,
    paused: false,
  };
}

/** Takes fetched records in; those already known (fetched again after a rejoin) are left out. */
export function enqueue(
  partition: Partition,
  records: readonly InputRecord[],
  nextOffset: number,
): void {
  for (const record of records) {
    if (record.offset < partition.nextOffset) continue;
    const entry: Entry = {
      record,
      partition,
      state: 'queued',
      attempts: 0,
      counted: 0,
      output: undefined,
      next: undefined,
    };
    if (partition.tail === undefined) partition.head = entry;
    else partition.tail.next = entry;
    partition.tail = entry;
    partition.nextToRun ??= entry;
    partition.nextToRelease ??= entry;
    partition.queued += 1;
    partition.queuedBytes += sizeOf(record);
  }
  partition.nextOffset = Math.max(partition.nextOffset, nextOffset);
}

const sizeOf = (record: InputRecord): number => record.value?.byteLength ?? 0;

/** Takes the next record to run off the queue. */
export function takeNext(partition: Partition): Entry | undefined {
  const entry = partition.rested.shift() ?? partition.nextToRun;
  if (entry === undefined) return undefined;
  if (entry === partition.nextToRun) {
    partition.nextToRun = entry.next;
    partition.queued -= 1;
    partition.queuedBytes -= sizeOf(entry.record);
    partition.ahead += 1;
  }
  entry.state = 'running';
  return entry;
}

/** The offset to commit: everything before it is done (P1). */
export const position = (partition: Partition): number =>
  partition.head === undefined ? partition.nextOffset : partition.head.record.offset;

/** Marks an entry done and drops the done prefix. */
export function markDone(entry: Entry): void {
  const { partition } = entry;
  entry.state = 'done';
  partition.ahead -= 1;
  for (let head = partition.head; head?.state === 'done'; head = partition.head) {
    // The release pointer may stand on an entry that never needed releasing.
    if (partition.nextToRelease === head) partition.nextToRelease = head.next;
    partition.head = head.next;
    // Else one old entry would keep all that came after it from young garbage collections.
    head.next = undefined;
  }
  if (partition.head === undefined) partition.tail = undefined;
}

/**
 * Takes the answered entries that may be written now, in offset order: up to the first that has
 * no verdict yet. Entries on their way to the error topic do not hold up those behind them.
 */
export function takeReleasable(partition: Partition): Entry[] {
  const released: Entry[] = [];
  for (let entry = partition.nextToRelease; entry !== undefined; entry = entry.next) {
    if (entry.state === 'answered') {
      entry.state = 'released';
      released.push(entry);
    } else if (entry.state !== 'released' && entry.state !== 'done') {
      break;
    }
    partition.nextToRelease = entry.next;
  }
  return released;
}
