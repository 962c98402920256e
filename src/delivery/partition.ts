/**
 * The records of one input partition, from fetched to answered.
 *
 *   fetched ─▶ queued ─▶ running ─▶ answered ─▶ released (being written) ─▶ done
 *                 ▲         ├─▶ diverting (to the error topic) ───────────────▲
 *                 │         └─▶ resting (before a retry) ─┐
 *                 └───────────────────────────────────────┘
 *
 * Exactly once (transactional-writer.ts): released ─▶ committing (in the transaction under way) ─▶
 * done; what goes to the error topic takes the same way.
 *
 * P1 Records stand in offset order; `position` is the offset before which all are done, so
 *    committing it never skips a record (contiguous prefix).
 * P2 Once `lost`, a partition belongs to another member: nothing of it is written or committed.
 */

import { holds, type OffsetRange } from './acked-offsets.ts';
import { createLanes, type LaneKey, type Lanes } from './lanes.ts';
import type { InputRecord, OutputRecord } from './record.ts';

export interface Entry {
  /** Without what it holds once it is done. */
  record: InputRecord;
  readonly partition: Partition;
  state:
    | 'queued'
    | 'running'
    | 'resting'
    | 'answered'
    | 'released'
    | 'committing'
    | 'diverting'
    | 'done';
  /** All attempts made. */
  attempts: number;
  /** Those that count against the record (design.md §3.3). */
  counted: number;
  /** What is written to the output topic, once answered; undefined for the error topic. */
  output: OutputRecord | undefined;
  next: Entry | undefined;
  /** The lane that it is in (ordering `key`). */
  lane: LaneKey | undefined;
  /** The next one in its lane. */
  behind: Entry | undefined;
}

export interface Partition {
  readonly topic: string;
  readonly id: number;
  /** The oldest record that is not done. */
  head: Entry | undefined;
  tail: Entry | undefined;
  /** The next record never looked at. */
  nextToRun: Entry | undefined;
  /** The next record to release, in offset order. */
  nextToRelease: Entry | undefined;
  /** To be run before any other: their rest is over, or their lane is free. */
  readonly ready: Entry[];
  readonly lanes: Lanes<Entry>;
  /** Records between a failure and the end of their retry. */
  retrying: number;
  /** Fetched and never run: how many, and the bytes of their values. */
  queued: number;
  queuedBytes: number;
  /** Looked at and not behind the position, done or not. */
  ahead: number;
  /** Of those, the ones not done. */
  unanswered: number;
  /** Run at least once and not done. */
  inFlight: number;
  /** Done beyond the position. */
  beyond: number;
  /** What is done beyond the position is not what was last committed. */
  beyondChanged: boolean;
  /** What an earlier owner left done beyond the committed offset, as far as it is ahead of us. */
  resumed: readonly OffsetRange[];
  /** The offset after the last record fetched. */
  nextOffset: number;
  /** The offset last known to be committed. */
  committed: number;
  /** The offset of the next record to be written to it, as far as we heard. */
  high: number;
  lost: boolean;
  /** We asked the client not to fetch it. */
  paused: boolean;
}

/**
 * An empty partition whose next record is at `start`.
 * @param acked what is answered beyond `start`, ascending
 */
export function createPartition(
  topic: string,
  id: number,
  start: number,
  acked: readonly OffsetRange[] = [],
): Partition {
  return {
    topic,
    id,
    head: undefined,
    tail: undefined,
    nextToRun: undefined,
    nextToRelease: undefined,
    ready: [],
    lanes: createLanes(),
    retrying: 0,
    queued: 0,
    queuedBytes: 0,
    ahead: 0,
    unanswered: 0,
    inFlight: 0,
    beyond: 0,
    beyondChanged: false,
    resumed: acked,
    nextOffset: start,
    committed: start,
    high: start,
    lost: false,
    paused: false,
  };
}

/**
 * Takes fetched records in; those already known (fetched again after a rejoin) are left out.
 * @returns how many of them an earlier owner has answered
 */
export function enqueue(
  partition: Partition,
  records: readonly InputRecord[],
  nextOffset: number,
): number {
  let already = 0;
  for (const record of records) {
    if (record.offset < partition.nextOffset) continue;
    const answered = partition.resumed.length > 0 && holds(partition.resumed, record.offset);
    if (answered) already += 1;
    // Nothing before it is open: it is part of the prefix.
    if (answered && partition.head === undefined) continue;
    append(partition, record, answered);
  }
  partition.nextOffset = Math.max(partition.nextOffset, nextOffset);
  return already;
}

function append(partition: Partition, record: InputRecord, answered: boolean): void {
  const entry: Entry = {
    record: answered ? emptied(record) : record,
    partition,
    state: answered ? 'done' : 'queued',
    attempts: 0,
    counted: 0,
    output: undefined,
    next: undefined,
    lane: undefined,
    behind: undefined,
  };
  if (partition.tail === undefined) partition.head = entry;
  else partition.tail.next = entry;
  partition.tail = entry;
  partition.nextToRelease ??= entry;
  if (answered) {
    partition.beyond += 1;
    if (partition.nextToRun === undefined) partition.ahead += 1;
    return;
  }
  partition.nextToRun ??= entry;
  partition.queued += 1;
  partition.queuedBytes += sizeOf(record);
}

/** What is done may wait long for an older record, and must not hold on to its batch meanwhile. */
const emptied = ({ topic, partition, offset, timestamp }: InputRecord): InputRecord => ({
  topic,
  partition,
  offset,
  timestamp,
  key: null,
  value: null,
  headers: noHeaders,
});

const noHeaders = {};

/** Bytes of a record's value. */
export const sizeOf = (record: InputRecord): number => record.value?.byteLength ?? 0;

/** The offset to commit: everything before it is done (P1). */
export const position = (partition: Partition): number =>
  partition.head === undefined ? partition.nextOffset : partition.head.record.offset;

/** Nothing is to be done for it any more, or will not be once the transaction under way ends. */
export const isSettled = ({ state }: Entry): boolean => state === 'done' || state === 'committing';

/** Marks an entry done and drops the done prefix. */
export function markDone(entry: Entry): void {
  const { partition } = entry;
  entry.state = 'done';
  partition.unanswered -= 1;
  partition.inFlight -= 1;
  partition.beyond += 1;
  const isHead = entry === partition.head;
  if (isHead) dropDone(partition);
  else {
    partition.beyondChanged = true;
    entry.record = emptied(entry.record);
  }
}

function dropDone(partition: Partition): void {
  for (let head = partition.head; head?.state === 'done'; head = partition.head) {
    // The release pointer may stand on an entry that never needed releasing.
    if (partition.nextToRelease === head) partition.nextToRelease = head.next;
    partition.head = head.next;
    partition.ahead -= 1;
    partition.beyond -= 1;
    // Else one old entry would keep all that came after it from young garbage collections.
    head.next = undefined;
  }
  if (partition.head === undefined) partition.tail = undefined;
  const [first] = partition.resumed;
  if (first !== undefined && first.to <= position(partition)) {
    partition.resumed = partition.resumed.filter(({ to }) => to > position(partition));
  }
}

/**
 * Takes the answered entries that may be written now, in offset order: up to the first that has
 * no verdict yet, or is on its way to the error topic.
 */
export function takeReleasable(partition: Partition): Entry[] {
  const released: Entry[] = [];
  for (let entry = partition.nextToRelease; entry !== undefined; entry = entry.next) {
    if (entry.state === 'answered') {
      entry.state = 'released';
      released.push(entry);
    } else if (entry.state !== 'released' && !isSettled(entry)) {
      break;
    }
    partition.nextToRelease = entry.next;
  }
  return released;
}
