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
 * What is written is acknowledged by all in-sync replicas or no longer wanted; or it is refused for
 * ever, and this is why. A callback and no promise: one for each record of a full pipeline outlives
 * the young generation.
 */
export type Settled = (refused?: Error) => void;

/**
 * Writes to the output topic. Calls made one after another are written in that order.
 * @param settled called once, after this has returned; refused with OUTPUT_TOO_LARGE, everything
 *   else is tried again inside
 */
export type Publish = (output: OutputRecord, wanted: StillWanted, settled: Settled) => void;

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

  /** In one step a write is no longer under way, and its record is done. */
  const written = (entry: Entry, what: RecordCount, detail: string): void => {
    writing -= 1;
    finish(entry, what, detail);
    deps.wrote();
  };

  const divert = async (entry: Entry, error: AdapterError): Promise<void> => {
    await deps.divert(entry.record, error, entry.attempts, () => !entry.partition.lost);
    written(entry, 'diverted', error.code);
  };

  const publish = (entry: Entry, output: OutputRecord): void => {
    writing += 1;
    deps.publish(
      output,
      () => !entry.partition.lost,
      (refused) => {
        if (refused === undefined) written(entry, 'answered', '');
        else void divert(entry, AdapterError.from(refused));
      },
    );
  };

  const releaseInOrder = (partition: Partition): void => {
    for (const entry of takeReleasable(partition)) {
      const { output } = entry;
      entry.output = undefined;
      if (output !== undefined) publish(entry, output);
    }
  };

  return {
    answer: (entry, output) => {
      if (ordering !== 'partition') {
        entry.state = 'released';
        publish(entry, output);
        leaveLane(entry);
        return;
      }
      entry.output = output;
      entry.state = 'answered';
      releaseInOrder(entry.partition);
    },
    divert: (entry, error) => {
      entry.state = 'diverting';
      writing += 1;
      void divert(entry, error);
    },
    skip: (entry, reason) => finish(entry, 'skipped', reason),
    writing: () => writing,
  };
}
