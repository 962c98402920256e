/**
 * The way of a record from its verdict to done: written in the order that was asked for,
 * acknowledged, counted, committed.
 *
 * R1 A record is done only when its output or error record is acknowledged, or it needs none.
 * R2 `partition` ordering: outputs are released in offset order. `key`: the next record of a key
 *    may run once the output before it is on its way. The error topic promises no order, but an
 *    error record is acknowledged before any output behind it is written: else a crash in between
 *    could have its record answered after all, out of order.
 * R3 Nothing is dropped: what cannot be written stays undone, and its partition's position stays.
 */

import { AdapterError } from '../errors.ts';
import type { Committer } from './committer.ts';
import { type Entry, markDone, type Partition, takeReleasable } from './partition.ts';
import type { InputRecord, OutputRecord } from './record.ts';
import { leaveLane } from './take-next.ts';

export const orderings = ['partition', 'key', 'none'] as const;
export type Ordering = (typeof orderings)[number];

/** Whether a record's partition is still ours: asked again right before it is written. */
export type StillWanted = () => boolean;

/**
 * Writes to the output topic; acknowledged by all in-sync replicas when it resolves.
 * Calls made one after another are written in that order.
 * @throws AdapterError OUTPUT_TOO_LARGE; everything else is tried again inside
 */
export type Publish = (output: OutputRecord, wanted: StillWanted) => Promise<void>;

/** Writes to the error topic, trying until it succeeds or is no longer wanted. */
export type Divert = (
  record: InputRecord,
  error: AdapterError,
  attempts: number,
  wanted: StillWanted,
) => Promise<void>;

export type RecordCount = 'answered' | 'diverted' | 'skipped' | 'attempt-failed';

export interface ReleaserDeps {
  readonly publish: Publish;
  readonly divert: Divert;
  readonly committer: Committer;
  readonly count: (what: RecordCount, detail: string) => void;
  /** A write ended: there may be room for more. */
  readonly wrote: () => void;
}

export interface Releaser {
  readonly answer: (entry: Entry, output: OutputRecord) => void;
  readonly divert: (entry: Entry, error: AdapterError) => void;
  readonly skip: (entry: Entry, reason: string) => void;
  /** Writes under way. */
  readonly writing: () => number;
}

/** What to count, and its detail. */
type Written = readonly [what: RecordCount, detail: string];

/** Makes a releaser for one ordering. */
export function createReleaser(ordering: Ordering, deps: ReleaserDeps): Releaser {
  let writing = 0;

  const finish = (entry: Entry, what: RecordCount, detail: string): void => {
    if (entry.partition.lost) return;
    deps.count(what, detail);
    leaveLane(entry);
    const heldUpOthers = what !== 'answered' && ordering === 'partition';
    markDone(entry);
    if (heldUpOthers) releaseInOrder(entry.partition);
    deps.committer.moved(entry.partition);
  };

  const divert = async (entry: Entry, error: AdapterError): Promise<Written> => {
    await deps.divert(entry.record, error, entry.attempts, () => !entry.partition.lost);
    return ['diverted', error.code];
  };

  const publish = async (entry: Entry, output: OutputRecord): Promise<Written> => {
    try {
      await deps.publish(output, () => !entry.partition.lost);
    } catch (error) {
      return divert(entry, AdapterError.from(error));
    }
    return ['answered', ''];
  };

  /** Follows a write to its end: in one step it is no longer under way, and its record is done. */
  const track = async (entry: Entry, write: Promise<Written>): Promise<void> => {
    writing += 1;
    const [what, detail] = await write;
    writing -= 1;
    finish(entry, what, detail);
    deps.wrote();
  };

  const releaseInOrder = (partition: Partition): void => {
    for (const entry of takeReleasable(partition)) {
      const { output } = entry;
      entry.output = undefined;
      if (output !== undefined) void track(entry, publish(entry, output));
    }
  };

  return {
    answer: (entry, output) => {
      if (ordering !== 'partition') {
        entry.state = 'released';
        void track(entry, publish(entry, output));
        leaveLane(entry);
        return;
      }
      entry.output = output;
      entry.state = 'answered';
      releaseInOrder(entry.partition);
    },
    divert: (entry, error) => {
      entry.state = 'diverting';
      void track(entry, divert(entry, error));
    },
    skip: (entry, reason) => finish(entry, 'skipped', reason),
    writing: () => writing,
  };
}
