/**
 * The way of a record from its verdict to done, exactly once: its answer, be it an output or an
 * error record, and the offset become visible in one transaction (transactional-writer.ts).
 *
 * X1 A record is done only when the transaction with its answer is committed, or it needs none.
 * X2 Answers of a partition stand in one queue and are written in its order. `partition`: outputs
 *    enter it in offset order. `key`: the next record of a key may run once the answer before it is
 *    in the queue.
 * X3 Positions that move without an answer are committed through the same queue: a plain commit
 *    could overtake a transaction.
 */

import type { AdapterError } from '../errors.ts';
import type { Answer } from './answer-queue.ts';
import type { Committer } from './committer.ts';
import type { Omission } from './error-record.ts';
import { omissions } from './error-record.ts';
import { type Entry, markDone, type Partition, takeReleasable } from './partition.ts';
import type { Schedule } from './ports.ts';
import type { InputRecord, OutputRecord } from './record.ts';
import type { Ordering, RecordCount, Releaser } from './releaser.ts';
import { leaveLane } from './take-next.ts';
import type { TransactionalWriter, TransactionalWriterDeps } from './transactional-writer.ts';

/** An answer that goes to the error topic, and why. */
interface Diversion extends Answer {
  readonly to: 'errors';
  readonly error: AdapterError;
  readonly omit: Omission;
}

export type TransactionalReleaserParts = Pick<TransactionalWriterDeps, 'instead' | 'done'>;

export interface TransactionalReleaserDeps {
  /** The writer of a partition that is ours; makes it when it is first asked for. */
  readonly writer: (partition: Partition) => TransactionalWriter | undefined;
  readonly writers: () => Iterable<TransactionalWriter>;
  readonly errorRecord: (
    record: InputRecord,
    error: AdapterError,
    attempts: number,
    omit: Omission,
  ) => OutputRecord;
  readonly outputTooLarge: (record: OutputRecord) => AdapterError;
  readonly sizeOf: (record: OutputRecord) => number;
  /** Whether nothing is left to do but to commit. */
  readonly idle: () => boolean;
  readonly count: (what: RecordCount, detail: string) => void;
  readonly schedule: Schedule;
}

export interface TransactionalRelease {
  readonly releaser: Releaser;
  readonly committer: Committer;
  /** What its writers need of it. */
  readonly forWriters: TransactionalReleaserParts;
}

/** {@link Committer.flush} waits no longer for brokers that are away, in ms. */
const flushMs = 5_000;

/** Makes the releaser, and the committer that goes with it, for one ordering. */
export function createTransactionalRelease(
  ordering: Ordering,
  deps: TransactionalReleaserDeps,
): TransactionalRelease {
  const moved = (partition: Partition): void => {
    deps.writer(partition)?.moved(deps.idle());
  };

  const diversion = (entry: Entry, error: AdapterError, omit: Omission): Diversion => {
    const record = deps.errorRecord(entry.record, error, entry.attempts, omit);
    return { entry, to: 'errors', record, bytes: deps.sizeOf(record), alone: false, error, omit };
  };

  const write = (answer: Answer): void => deps.writer(answer.entry.partition)?.write(answer);

  const writeOutput = (entry: Entry, record: OutputRecord): void =>
    write({ entry, to: 'outputs', record, bytes: deps.sizeOf(record), alone: false });

  const releaseInOrder = (partition: Partition): void => {
    for (const entry of takeReleasable(partition)) {
      const { output } = entry;
      entry.output = undefined;
      if (output !== undefined) writeOutput(entry, output);
    }
  };

  const finish = (answer: Answer): void => {
    if (answer.to === 'outputs') deps.count('answered', '');
    else deps.count('diverted', (answer as Diversion).error.code);
    markDone(answer.entry);
  };

  const instead = (answer: Answer): Answer | undefined => {
    if (answer.to === 'outputs') {
      return diversion(answer.entry, deps.outputTooLarge(answer.record), 'nothing');
    }
    const { entry, error, omit } = answer as Diversion;
    const next = omissions[omissions.indexOf(omit) + 1];
    return next && diversion(entry, error, next);
  };

  const releaser: Releaser = {
    answer: (entry, output) => {
      if (ordering === 'partition') {
        entry.output = output;
        entry.state = 'answered';
        releaseInOrder(entry.partition);
        return;
      }
      entry.state = 'released';
      writeOutput(entry, output);
      leaveLane(entry);
    },
    divert: (entry, error) => {
      entry.state = 'released';
      write(diversion(entry, error, 'nothing'));
      leaveLane(entry);
      if (ordering === 'partition') releaseInOrder(entry.partition);
    },
    skip: (entry, reason) => {
      if (entry.partition.lost) return;
      deps.count('skipped', reason);
      leaveLane(entry);
      markDone(entry);
      if (ordering === 'partition') releaseInOrder(entry.partition);
      moved(entry.partition);
    },
    writing: () => {
      let sum = 0;
      for (const writer of deps.writers()) sum += writer.writing();
      return sum;
    },
  };

  const flush = async (): Promise<void> => {
    const all = Promise.all([...deps.writers()].map((writer) => writer.flush(false)));
    let callOff = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      callOff = deps.schedule(flushMs, resolve);
    });
    await Promise.race([all, late]);
    callOff();
  };

  return {
    releaser,
    committer: { moved, flush },
    forWriters: {
      instead,
      done: (answers) => {
        for (const answer of answers) finish(answer);
      },
    },
  };
}
