/**
 * The Kafka path's core: which record runs next, and what its verdict leads to.
 *
 * G1 At most `workers` predictions run, whatever the number of partitions.
 * G2 `partition` ordering: predictions overlap, and a retry holds back new records of its own
 *    partition only. `key`: predictions of a key go one after another, so a retry holds back its
 *    key. `none`: it holds back nothing.
 * G3 Records of a partition that is lost meanwhile are forgotten: the new owner answers them.
 */

import type { AdapterError } from '../errors.ts';
import type { Availability, Permission } from './availability.ts';
import { type BackoffOptions, backoffMs } from './backoff.ts';
import type { Entry, Partition } from './partition.ts';
import type { Log, Random, Schedule } from './ports.ts';
import type { ProcessRecord, Verdict } from './process-record.ts';
import type { Ordering, RecordCount, Releaser } from './releaser.ts';
import { fillLanes, mayGoFurther, takeNext } from './take-next.ts';

export interface PipelineOptions {
  readonly workers: number;
  readonly ordering: Ordering;
  /** Attempts that count before a record goes to the error topic. */
  readonly maxAttempts: number;
  /** Most records of one partition that are looked at beyond the first one not done. */
  readonly maxAhead: number;
  readonly retry: BackoffOptions;
}

export interface PipelineDeps {
  readonly process: ProcessRecord;
  readonly releaser: Releaser;
  readonly availability: Availability;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly log: Log;
  readonly count: (what: RecordCount, detail: string) => void;
  /** The queue of this partition became shorter. */
  readonly taken: (partition: Partition) => void;
}

export interface Pipeline {
  /** The partitions to work on; whoever calls keeps `lost` up to date. */
  readonly assign: (partitions: readonly Partition[]) => void;
  /** Looks for records that may run: after anything changed outside. */
  readonly pump: () => void;
  /** No new predictions until {@link Pipeline.resume}. */
  readonly halt: () => void;
  readonly resume: () => void;
  /** Resolves when nothing runs and nothing is being written, at the latest after `timeoutMs`. */
  readonly settled: (timeoutMs: number) => Promise<void>;
  readonly running: () => number;
  /** Nothing runs, is being written or waits to run. */
  readonly idle: () => boolean;
}

/** The predictor may have recovered without telling: look at least so often, in ms. */
const lookAgainMs = 500;

/** Makes a pipeline without partitions. */
export function createPipeline(options: PipelineOptions, deps: PipelineDeps): Pipeline {
  const { ordering, maxAhead } = options;
  const { releaser, availability } = deps;
  let partitions: readonly Partition[] = [];
  let cursor = 0;
  let running = 0;
  let halted = false;
  let wakeUpPlanned = false;
  const waiters = new Set<() => void>();

  const mayRun = (partition: Partition): boolean => {
    if (partition.ready.length > 0) return true;
    if (ordering === 'partition' && partition.retrying > 0) return false;
    if (ordering !== 'key') return mayGoFurther(partition, maxAhead);
    fillLanes(partition, maxAhead);
    return partition.ready.length > 0;
  };

  /** Partitions take turns, so that a long backlog in one does not hold up the others. */
  const nextRunnable = (): Partition | undefined => {
    for (let tried = 0; tried < partitions.length; tried += 1) {
      cursor = (cursor + 1) % partitions.length;
      const partition = partitions[cursor];
      if (partition !== undefined && mayRun(partition)) return partition;
    }
    return undefined;
  };

  const wakeUpLater = (): void => {
    if (wakeUpPlanned) return;
    wakeUpPlanned = true;
    deps.schedule(Math.min(availability.probeInMs() ?? lookAgainMs, lookAgainMs), () => {
      wakeUpPlanned = false;
      pump();
    });
  };

  const pump = (): void => {
    while (!halted && running < options.workers) {
      const partition = nextRunnable();
      if (partition === undefined) break;
      const permission = availability.permit();
      if (permission === undefined) {
        wakeUpLater();
        break;
      }
      const entry = takeNext(partition);
      if (entry === undefined) break;
      deps.taken(partition);
      void run(entry, permission);
    }
    if (running + releaser.writing() > 0) return;
    for (const resolve of waiters) resolve();
    waiters.clear();
  };

  const run = async (entry: Entry, permission: Permission): Promise<void> => {
    running += 1;
    entry.attempts += 1;
    const verdict = await deps.process(entry.record);
    running -= 1;
    // Every attempt but the first comes out of a rest.
    if (entry.attempts > 1) entry.partition.retrying -= 1;
    const counts = judge(entry, permission, verdict);
    if (!entry.partition.lost) act(entry, verdict, counts);
    pump();
  };

  /** Tells what the attempt says of the predictor; returns whether it counts against the record. */
  const judge = (entry: Entry, permission: Permission, verdict: Verdict): boolean => {
    if (verdict.kind === 'output') availability.answered();
    else if (verdict.kind === 'skipped') availability.abandoned(permission);
    else if (verdict.error.code === 'PREDICTOR_REFUSED') availability.answered();
    else if (verdict.error.fault === 'record') availability.abandoned(permission);
    else {
      deps.count('attempt-failed', verdict.error.code);
      const input = `${entry.partition.id}/${entry.record.offset}`;
      return availability.failed(permission, verdict.error, input);
    }
    return false;
  };

  const act = (entry: Entry, verdict: Verdict, counts: boolean): void => {
    if (verdict.kind === 'output') releaser.answer(entry, verdict.output);
    else if (verdict.kind === 'skipped') releaser.skip(entry, verdict.reason);
    else {
      if (counts) entry.counted += 1;
      const { error } = verdict;
      const over = error.fault === 'record' || entry.counted >= options.maxAttempts;
      if (over) releaser.divert(entry, error);
      else retry(entry, error, counts);
      tell(entry, error, over, counts);
    }
  };

  const retry = (entry: Entry, error: AdapterError, counts: boolean): void => {
    const { partition } = entry;
    // One that does not count waits for the predictor, not for a time of its own.
    const backoff = counts ? backoffMs(entry.counted, options.retry, deps.random) : 0;
    const delayMs = Math.max(backoff, Math.min(error.retryAfterMs ?? 0, options.retry.maxMs));
    entry.state = 'resting';
    partition.retrying += 1;
    deps.schedule(delayMs, () => {
      partition.ready.push(entry);
      pump();
    });
  };

  const tell = (entry: Entry, error: AdapterError, over: boolean, counts: boolean): void => {
    const { topic, partition, offset } = entry.record;
    const { code, fault, message: reason } = error;
    const fields = { topic, partition, offset, attempts: entry.attempts, code, fault, reason };
    if (over) deps.log.warn(fields, 'the record goes to the error topic');
    else if (counts) deps.log.warn(fields, 'the prediction failed and is tried again');
    else deps.log.debug(fields, 'the predictor serves nobody; the record waits, uncounted');
  };

  return {
    assign: (assigned) => {
      partitions = assigned;
      cursor = 0;
    },
    pump,
    halt: () => {
      halted = true;
    },
    resume: () => {
      halted = false;
      pump();
    },
    settled: (timeoutMs) =>
      new Promise((resolve) => {
        waiters.add(resolve);
        deps.schedule(timeoutMs, resolve);
        pump();
      }),
    running: () => running,
    idle: () => running + releaser.writing() === 0 && partitions.every((p) => p.queued === 0),
  };
}
