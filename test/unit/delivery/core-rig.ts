/**
 * Pipeline, releaser, committer, assignment and batched sender, joined as kafka-adapter.ts joins
 * them, over a fake clock; the predictor, the output topics and the group are scripted.
 *
 * Moving the clock fails where meanwhile one of these did not hold:
 * V1 A commit never goes back, is alone, in a partition of ours, over acknowledged records only;
 *    so is what its metadata says to be answered beyond.
 * V2 Outputs of a partition are written in offset order (ordering `partition`).
 * V3 At most `workers` predictions run, none `maxAhead` or more beyond the first record not done.
 * V4 Predictions of a key are alone, and made in offset order; so are its outputs (ordering `key`).
 * V5 What a commit said to be answered is not tried again; and no output is written once a commit
 *    said that a later one of its key (ordering `key`) or partition (`partition`) is there.
 */

import { expect } from 'vitest';
import { decodeAcked, maxMetadataBytes } from '../../../src/delivery/acked-offsets.ts';
import { createAssignment } from '../../../src/delivery/assignment.ts';
import { createAvailability } from '../../../src/delivery/availability.ts';
import { type CommitOffsets, createCommitter } from '../../../src/delivery/committer.ts';
import { type Partition, position } from '../../../src/delivery/partition.ts';
import {
  createPipeline,
  type Pipeline,
  type PipelineOptions,
} from '../../../src/delivery/pipeline.ts';
import type { Verdict } from '../../../src/delivery/process-record.ts';
import type { InputRecord, OutputRecord } from '../../../src/delivery/record.ts';
import { createReleaser } from '../../../src/delivery/releaser.ts';
import { AdapterError } from '../../../src/errors.ts';
import { createBatchedSender } from '../../../src/kafka/batched-sender.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { range, record, topic } from './records.ts';

export const commitIntervalMs = 200;

export interface Rig {
  readonly clock: FakeClock;
  readonly pipeline: Pipeline;
  /** Everything acknowledged, in order: `output 0/5`, `diverted 0/6`, `skipped 0/7`. */
  readonly log: string[];
  /** Offsets in the output topic by input partition, in the order written. */
  readonly outputs: (partition: number) => number[];
  readonly diverted: (partition: number) => number[];
  /** Attempts begun: `0/5`. */
  readonly attempts: string[];
  readonly commits: { readonly at: number; readonly offsets: Readonly<Record<number, number>> }[];
  /** What the group has, by partition. */
  readonly committed: Map<number, number>;
  /** What it has to be answered beyond that. */
  readonly acked: (partition: number) => number[];
  /** Most predictions that ran at once. */
  readonly mostRunning: () => number;
  /** Appends so many records to a partition. */
  readonly append: (partition: number, count: number) => void;
  /** Another member takes the partition, and hands it back after `awayMs`. */
  readonly lose: (partition: number, awayMs: number) => void;
  readonly partition: (id: number) => Partition;
  readonly flush: () => Promise<void>;
}

export interface Script {
  readonly partitions?: number;
  readonly options?: Partial<PipelineOptions>;
  /** The key of the record at an offset. */
  readonly keyOf?: (offset: number) => Uint8Array | null;
  /** The prediction; attempts count from 1. */
  readonly process?: (record: InputRecord, attempt: number, clock: FakeClock) => Promise<Verdict>;
  readonly ready?: () => boolean;
  /** An output may be too large once and fit later: then its error record does not hold up its key. */
  readonly sizesVary?: boolean;
  /** Before a batch is written; a throw fails it. */
  readonly writing?: (batch: readonly number[], clock: FakeClock) => Promise<void>;
  /** What becomes of a commit; a throw fails it. */
  readonly committing?: (clock: FakeClock) => Promise<'committed' | 'dropped'>;
  readonly failingInputs?: number;
}

export const answered = (record: InputRecord): Verdict => ({
  kind: 'output',
  output: {
    key: null,
    value: new Uint8Array(1),
    headers: { offset: String(record.offset) },
    inputPartition: record.partition,
  },
});
export const failedWith = (error: AdapterError): Verdict => ({ kind: 'failed', error });
export const transient = (): Verdict => failedWith(new AdapterError('PREDICTOR_FAILED', '500'));
export const refusedPayload = (): Verdict =>
  failedWith(new AdapterError('PREDICTOR_REFUSED', '400'));
export const unreachable = (): Verdict =>
  failedWith(new AdapterError('PREDICTOR_UNREACHABLE', 'refused', { reached: false }));

const offsetOf = (output: OutputRecord): number => Number(output.headers['offset']);
export const tooLarge = new Error('too large');
const ignore = (): void => undefined;
const quiet = { debug: ignore, info: ignore, warn: ignore, error: ignore };

export function createRig(script: Script = {}): Rig {
  const clock = createFakeClock();
  const ids = range(0, script.partitions ?? 1);
  const log: string[] = [];
  const attempts: string[] = [];
  const commits: Rig['commits'] = [];
  const committed = new Map<number, number>();
  const ends = new Map<number, number>();
  /** Records answered, diverted or skipped, at any time, by anybody of us. */
  const done = new Set<string>();
  const tried = new Map<string, number>();
  /** The metadata of the last commit, by partition. */
  const metadata = new Map<number, string>();
  /** What a commit said to be answered. */
  const settled = new Set<string>();
  /** The last offset tried and the predictions that run, by key; the last output that settled. */
  const tries = new Map<string, { last: number; running: number }>();
  const settledOutput = new Map<string, number>();
  const outputs = new Set<string>();
  let running = 0;
  let mostRunning = 0;
  let committing = false;
  let generation = 0;
  const violations: string[] = [];
  const check = (holds: boolean, what: string): void => {
    if (!holds) violations.push(`${what} at ${clock.now()} ms`);
  };
  /** How often a partition was opened, and what was last written of each opening. */
  const sessions = new Map<number, number>();
  const lastWritten = new Map<string, number>();

  const options: PipelineOptions = {
    workers: 4,
    ordering: 'partition',
    maxAttempts: 3,
    maxAhead: 100,
    retry: { baseMs: 100, maxMs: 1_000 },
    ...script.options,
  };
  const assignment = createAssignment(topic);
  const keyOf = script.keyOf ?? (() => null);
  /** What stays in order together. */
  const laneOf = (partition: number, offset: number): string =>
    options.ordering === 'partition'
      ? String(partition)
      : `${partition} ${String(keyOf(offset) ?? 'none')}`;
  const ackedOf = (id: number): number[] =>
    decodeAcked(metadata.get(id) ?? '', committed.get(id) ?? 0).flatMap(({ from, to }) =>
      range(from, to),
    );
  const write = (what: string, partition: number, offset: number): void => {
    log.push(`${what} ${partition}/${offset}`);
    done.add(`${partition}/${offset}`);
  };

  const writeOutput = (output: OutputRecord): void => {
    const offset = offsetOf(output);
    const id = output.inputPartition;
    write('output', id, offset);
    outputs.add(`${id}/${offset} ${String(output.headers['session'])}`);
    if (options.ordering === 'none') return;
    const lane = laneOf(id, offset);
    if (script.sizesVary !== true) {
      check((settledOutput.get(lane) ?? -1) < offset, `${id}/${offset} after a settled one`);
    }
    const session = `${lane} ${String(output.headers['session'])}`;
    check((lastWritten.get(session) ?? -1) < offset, `${session}: ${offset} out of order`);
    lastWritten.set(session, offset);
  };

  const process = async (record: InputRecord): Promise<Verdict> => {
    const name = `${record.partition}/${record.offset}`;
    const attempt = (tried.get(name) ?? 0) + 1;
    tried.set(name, attempt);
    attempts.push(name);
    running += 1;
    mostRunning = Math.max(mostRunning, running);
    check(running <= options.workers, 'too many workers');
    const partition = assignment.get(record.partition);
    const first = partition === undefined ? record.offset : position(partition);
    check(record.offset - first < options.maxAhead, 'too far ahead');
    check(!settled.has(name), `${name} tried again`);
    const session = String(sessions.get(record.partition));
    const key = `${laneOf(record.partition, record.offset)} ${session}`;
    const lane = tries.get(key) ?? { last: -1, running: 0 };
    tries.set(key, lane);
    if (options.ordering === 'key') {
      check(lane.running === 0 && lane.last <= record.offset, `${name} out of its lane`);
    }
    lane.running += 1;
    lane.last = record.offset;
    const verdict = await (script.process?.(record, attempt, clock) ?? answered(record));
    running -= 1;
    lane.running -= 1;
    if (verdict.kind !== 'output') return verdict;
    const headers = { ...verdict.output.headers, session };
    return { ...verdict, output: { ...verdict.output, headers } };
  };

  const commit: CommitOffsets = async (offsets) => {
    check(!committing, 'two commits');
    committing = true;
    try {
      for (const { partition, offset, metadata: beyond } of offsets) {
        const from = committed.get(partition) ?? 0;
        check(offset >= from, `commit of ${partition} back from ${from} to ${offset}`);
        for (const before of range(from, offset)) {
          check(done.has(`${partition}/${before}`), `commit over ${partition}/${before}`);
        }
        check(beyond.length <= maxMetadataBytes, 'metadata too large');
        for (const { from: start, to } of decodeAcked(beyond, offset)) {
          for (const acked of range(start, to)) {
            check(done.has(`${partition}/${acked}`), `${partition}/${acked} is not answered`);
          }
        }
        check(assignment.isAssigned(partition), `commit of ${partition}, which is lost`);
      }
      const at = clock.now();
      const mine = generation;
      const result = (await script.committing?.(clock)) ?? 'committed';
      // The group takes nothing from an old generation.
      if (result === 'dropped' || mine !== generation) return 'dropped';
      commits.push({
        at,
        offsets: Object.fromEntries(offsets.map((o) => [o.partition, o.offset])),
      });
      for (const { partition, offset, metadata: beyond } of offsets) {
        const before = committed.get(partition) ?? 0;
        committed.set(partition, offset);
        metadata.set(partition, beyond);
        for (const now of [...range(before, offset), ...ackedOf(partition)]) {
          const name = `${partition}/${now}`;
          settled.add(name);
          // One that an earlier opening wrote late may have gone elsewhere since.
          if (!outputs.has(`${name} ${String(sessions.get(partition))}`)) continue;
          const lane = laneOf(partition, now);
          settledOutput.set(lane, Math.max(settledOutput.get(lane) ?? -1, now));
        }
      }
      return result;
    } finally {
      committing = false;
    }
  };

  const sender = createBatchedSender<OutputRecord>(
    { maxItems: 5, maxBytes: 1_000, lingerMs: 0 },
    {
      send: async (batch) => {
        await script.writing?.(batch.map(offsetOf), clock);
        for (const output of batch) writeOutput(output);
      },
      sizeOf: () => 1,
      isTooLarge: (error) => error === tooLarge,
      tooLarge: () => new AdapterError('OUTPUT_TOO_LARGE', 'too large'),
      failed: ignore,
      schedule: clock.schedule,
      random: () => 0.5,
    },
  );
  const committer = createCommitter(commitIntervalMs, {
    now: clock.now,
    commit,
    schedule: clock.schedule,
    idle: () => pipeline.idle(),
    log: quiet,
  });
  const releaser = createReleaser(options.ordering, {
    publish: sender.send,
    divert: async (record, _error, _attempts, wanted) => {
      await clock.sleep(3);
      if (wanted()) write('diverted', record.partition, record.offset);
    },
    committer,
    count: ignore,
    wrote: () => pipeline.pump(),
  });
  const pipeline: Pipeline = createPipeline(options, {
    process,
    releaser: {
      ...releaser,
      skip: (entry, reason) => {
        write('skipped', entry.record.partition, entry.record.offset);
        releaser.skip(entry, reason);
      },
    },
    availability: createAvailability(
      {
        failingInputs: script.failingInputs ?? 5,
        probeBaseMs: 250,
        probeMaxMs: 5_000,
        failingProbeMaxMs: 10_000,
      },
      {
        now: clock.now,
        random: () => 0.5,
        predictorReady: script.ready ?? (() => true),
        changed: ignore,
      },
    ),
    schedule: clock.schedule,
    random: () => 0.5,
    log: quiet,
    count: ignore,
    taken: ignore,
  });

  const join = (assigned: readonly number[]): void => {
    generation += 1;
    for (const id of assignment.rejoined(assigned, true)) {
      const start = committed.get(id) ?? 0;
      assignment.open(id, start, decodeAcked(metadata.get(id) ?? '', start));
      sessions.set(id, (sessions.get(id) ?? 0) + 1);
      fetch(id, start);
    }
    pipeline.assign(assignment.opened());
    for (const partition of assignment.opened()) committer.moved(partition);
    pipeline.pump();
  };
  const fetch = (id: number, from: number): void => {
    const to = ends.get(id) ?? 0;
    const batch = {
      partition: id,
      askedFor: from,
      next: to,
      records: range(from, to).map((offset) => record(id, offset, { key: keyOf(offset) })),
    };
    if (from < to) expect(assignment.receive(batch)).toBe('taken');
  };
  join(ids);

  const logged = (what: string, id: number): number[] =>
    log.flatMap((line) => (line.startsWith(`${what} ${id}/`) ? [Number(line.split('/')[1])] : []));

  const checked = async (move: Promise<void>): Promise<void> => {
    await move;
    expect(violations).toEqual([]);
  };

  return {
    clock: {
      ...clock,
      advance: (ms) => checked(clock.advance(ms)),
      drain: (limitMs) => checked(clock.drain(limitMs)),
    },
    pipeline,
    log,
    attempts,
    commits,
    committed,
    acked: ackedOf,
    outputs: (id) => logged('output', id),
    diverted: (id) => logged('diverted', id),
    mostRunning: () => mostRunning,
    append: (id, count) => {
      const from = ends.get(id) ?? 0;
      ends.set(id, from + count);
      const partition = assignment.get(id);
      if (partition === undefined) return;
      fetch(id, partition.nextOffset);
      pipeline.pump();
    },
    lose: (id, awayMs) => {
      const without = assignment.opened().flatMap((p) => (p.id === id ? [] : [p.id]));
      join(without);
      clock.schedule(awayMs, () => {
        join([...new Set([...assignment.opened().map((p) => p.id), id])]);
      });
    },
    partition: (id) => {
      const partition = assignment.get(id);
      if (partition === undefined) throw new Error(`partition ${id} is not ours`);
      return partition;
    },
    flush: committer.flush,
  };
}
