/**
 * The Kafka path's core: which record runs next, and what its verdict leads to.
 *
 * G1 At most `workers` predictions run, whatever the number of partitions.
 * G2 `partition` ordering: predictions overlap, and a retry holds back new records of its own
 *    partition only. `key`: predictions of a key go one after another, so a retry holds back its
 *    key. `none`: it holds back nothing.
 * G3 Records of a partition that is lost meanwhile are forgotten: the new owner answers them. How
 *    often they failed is known when they come back.
 */

import type { AdapterError } from '../errors.ts';
import { createAttemptMemory } from './attempt-memory.ts';
import type { Availability, Permission } from './availability.ts';
import { type BackoffOptions, backoffMs } from './backoff.ts';
import { failureFields } from './failure-line.ts';
import type { Entry, Partition } from './partition.ts';
import type { Log, Random, Schedule } from './ports.ts';
import type { ProcessRecord, Verdict } from './process-record.ts';
import { headerText } from './record-headers.ts';
import type { Ordering, RecordCount, Releaser } from './releaser.ts';
import { fillLanes, mayGoFurther, takeNext, takeProbe } from './take-next.ts';

export interface PipelineOptions {
  readonly workers: number;
  readonly ordering: Ordering;
  /** Attempts that count before a record goes to the error topic. */
  readonly maxAttempts: number;
  /** Most records of one partition that are looked at beyond the first one not done. */
  readonly maxAhead: number;
  readonly retry: BackoffOptions;
  /** For messages: where records go that are given up. */
  readonly errorTopic?: string;
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
  const { ordering, maxAhead, errorTopic } = options;
  const { releaser, availability } = deps;
  let partitions: readonly Partition[] = [];
  let cursor = 0;
  let running = 0;
  let halted = false;
  let wakeUpPlanned = false;
  const waiters = new Set<() => void>();
  const memory = createAttemptMemory();

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
      const entry =
        permission === 'probe' ? takeProbe(partition, ordering, maxAhead) : takeNext(partition);
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
    const isRetry = entry.attempts > 0;
    if (!isRetry) memory.recall(entry);
    entry.attempts += 1;
    const verdict = await deps.process(entry.record);
    running -= 1;
    if (isRetry) entry.partition.retrying -= 1;
    const counts = judge(entry, permission, verdict);
    if (counts) {
      entry.counted += 1;
      memory.remember(entry);
    }
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
    if (verdict.kind === 'failed') {
      const { error } = verdict;
      const over = error.fault === 'record' || entry.counted >= options.maxAttempts;
      if (!over) {
        retry(entry, error, counts);
        return;
      }
      tellDiverted(entry, error);
      releaser.divert(entry, error);
    } else if (verdict.kind === 'output') releaser.answer(entry, verdict.output);
    else releaser.skip(entry, verdict.reason);
    if (entry.attempts > 1) memory.forget(entry);
  };

  const retry = (entry: Entry, error: AdapterError, counts: boolean): void => {
    const { partition } = entry;
    // One that does not count waits for the predictor, not for a time of its own.
    const backoff = counts ? backoffMs(entry.counted, options.retry, deps.random) : 0;
    const delayMs = Math.max(backoff, Math.min(error.retryAfterMs ?? 0, options.retry.maxMs));
    tellRetry(entry, error, counts, delayMs);
    entry.state = 'resting';
    partition.retrying += 1;
    deps.schedule(delayMs, () => {
      partition.ready.push(entry);
      pump();
    });
  };

  const tellDiverted = (entry: Entry, error: AdapterError): void => {
    const next = `goes to the error topic${errorTopic === undefined ? '' : ` ${errorTopic}`}`;
    deps.log.warn(fieldsOf(entry, error, next), 'the record goes to the error topic');
  };

  const tellRetry = (entry: Entry, error: AdapterError, counts: boolean, delayMs: number): void => {
    const { maxAttempts } = options;
    if (counts) {
      const attempt = `attempt ${entry.counted + 1} of ${maxAttempts}`;
      const next = `is tried again in ${Math.round(delayMs)} ms, ${attempt}`;
      deps.log.warn(fieldsOf(entry, error, next), 'the prediction failed and is tried again');
      return;
    }
    const next = 'waits until the predictor serves; the attempt does not count';
    deps.log.debug(
      fieldsOf(entry, error, next),
      'the predictor serves nobody; the record waits, uncounted',
    );
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

/** An event's own words on who it is stand in its headers, unless they stand in its value. */
function fieldsOf({ record, attempts }: Entry, error: AdapterError, next: string): object {
  const { topic, partition, offset, headers } = record;
  const id = headerText(headers, 'ce_id');
  const event =
    id === undefined ? undefined : { id, source: headerText(headers, 'ce_source') ?? '' };
  const traceparent = headerText(headers, 'traceparent') ?? headerText(headers, 'ce_traceparent');
  const told = failureFields(error, { event, traceparent, next });
  return { topic, partition, offset, attempts, ...told };
}
