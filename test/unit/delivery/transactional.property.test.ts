/**
 * Releaser and writers of exactly-once delivery over a fake clock, before a group and topics that
 * take transactions as Kafka does: under the last claim only, whole or not at all, and now and then
 * without telling.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeAcked, encodeAcked, holds } from '../../../src/delivery/acked-offsets.ts';
import type { CommittedOffset } from '../../../src/delivery/committer.ts';
import { createPartition, enqueue, type Partition } from '../../../src/delivery/partition.ts';
import type { InputRecord, OutputRecord } from '../../../src/delivery/record.ts';
import { type Ordering, orderings } from '../../../src/delivery/releaser.ts';
import { fillLanes, mayGoFurther, takeNext } from '../../../src/delivery/take-next.ts';
import type { Claim, Transaction } from '../../../src/delivery/transaction.ts';
import { createTransactionalRelease } from '../../../src/delivery/transactional-releaser.ts';
import {
  createTransactionalWriter,
  type TransactionalWriter,
  type TransactionEnd,
} from '../../../src/delivery/transactional-writer.ts';
import { AdapterError } from '../../../src/errors.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { range, record, topic } from './records.ts';

const kinds = ['output', 'output', 'output', 'divert', 'skip', 'large'] as const;
const plans = fc.record({
  ordering: fc.constantFrom(...orderings),
  kinds: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 60 }),
  latencies: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 10 }),
  commits: fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 200 }),
      fc.oneof(
        { weight: 3, arbitrary: fc.constant('taken' as const) },
        fc.constantFrom('lost' as const, 'taken in silence' as const),
      ),
    ),
    { minLength: 1, maxLength: 8 },
  ),
  claims: fc.array(fc.constantFrom('granted', 'granted', 'refused'), {
    minLength: 1,
    maxLength: 5,
  }),
  /** Somebody else claims the partition, answers so many, and goes. */
  others: fc.array(
    fc.record({ at: fc.integer({ min: 0, max: 5_000 }), count: fc.nat({ max: 5 }) }),
    { maxLength: 3 },
  ),
  members: fc.boolean(),
  workers: fc.integer({ min: 1, max: 8 }),
  maxItems: fc.integer({ min: 1, max: 10 }),
});
type Plan = typeof plans extends fc.Arbitrary<infer T> ? T : never;

const inputAt = (offset: number): InputRecord =>
  record(0, offset, { key: Uint8Array.of(offset % 3) });

/** What of the outputs stands in order. */
const lanesOf = (ordering: Ordering): ((offset: number) => boolean)[] => {
  if (ordering === 'partition') return [() => true];
  return ordering === 'none' ? [] : [0, 1, 2].map((key) => (offset) => offset % 3 === key);
};

const refusedByGroup = new Error('fenced');
const tooLarge = new Error('too large');

async function run(plan: Plan): Promise<void> {
  const clock = createFakeClock();
  const count = plan.kinds.length;
  let epoch = 0;
  let committed: CommittedOffset = { offset: -1, metadata: null };
  const visible: { readonly offset: number; readonly to: string }[] = [];
  let [commits, claims, latencies] = [0, 0, 0];
  let faulty = true;

  const offsetOf = (record: OutputRecord): number => Number(record.headers['offset']);
  const taken = new Set<readonly OutputRecord[]>();
  /** What was told of the end of each transaction that was begun. */
  const ends = new Map<readonly OutputRecord[], TransactionEnd[]>();
  const begun = (outputs: readonly OutputRecord[]) => {
    const told: TransactionEnd[] = [];
    ends.set(outputs, told);
    return (end: TransactionEnd): void => {
      told.push(end);
    };
  };
  const apply = ({ outputs, errors, standing }: Transaction): void => {
    taken.add(outputs);
    for (const record of outputs) visible.push({ offset: offsetOf(record), to: 'outputs' });
    for (const record of errors) visible.push({ offset: offsetOf(record), to: 'errors' });
    committed = { offset: standing.offset, metadata: standing.metadata };
  };
  const claim = async (): Promise<Claim> => {
    const how = plan.claims[claims++ % plan.claims.length];
    await clock.sleep(5);
    if (faulty && how === 'refused') throw new Error('no coordinator');
    epoch += 1;
    const mine = epoch;
    const commit = async (transaction: Transaction): Promise<void> => {
      const [ms, how] = plan.commits[commits++ % plan.commits.length] ?? [0, 'taken'];
      await clock.sleep(ms);
      if (mine !== epoch) throw refusedByGroup;
      if (transaction.outputs.some((r) => plan.kinds[offsetOf(r)] === 'large')) throw tooLarge;
      if (faulty && how === 'lost') throw new Error('connection lost');
      apply(transaction);
      if (faulty && how === 'taken in silence') throw new Error('connection lost');
    };
    return { session: { commit, close: async () => undefined }, committed };
  };

  let current: Partition | undefined;
  const writers = new Map<Partition, TransactionalWriter>();
  let running = 0;

  const output = (offset: number): OutputRecord => ({
    key: null,
    value: null,
    headers: { offset: String(offset) },
    inputPartition: 0,
  });
  const release = createTransactionalRelease(plan.ordering, {
    writer: (partition) => writers.get(partition),
    writers: () => writers.values(),
    errorRecord: (record) => output(record.offset),
    outputTooLarge: () => new AdapterError('OUTPUT_TOO_LARGE', 'too large'),
    sizeOf: () => 1,
    idle: () => false,
    count: () => undefined,
    schedule: clock.schedule,
  });

  const pump = (): void => {
    const partition = current;
    while (partition !== undefined && running < plan.workers) {
      if (plan.ordering === 'key') fillLanes(partition, 20);
      else if (!mayGoFurther(partition, 20)) return;
      if (plan.ordering === 'key' && partition.ready.length === 0) return;
      const entry = takeNext(partition);
      if (entry === undefined) return;
      running += 1;
      clock.schedule(plan.latencies[latencies++ % plan.latencies.length] ?? 0, () => {
        running -= 1;
        const { offset } = entry.record;
        if (partition.lost) return pump();
        const kind = plan.kinds[offset];
        if (kind === 'skip') release.releaser.skip(entry, 'unwanted');
        else if (kind === 'divert') {
          release.releaser.divert(entry, new AdapterError('PREDICTOR_REFUSED', '400'));
        } else release.releaser.answer(entry, output(offset));
        pump();
      });
    }
  };

  const open = async (): Promise<void> => {
    if (current !== undefined) current.lost = true;
    current = undefined;
    let claimed: Claim | undefined;
    while (claimed === undefined) {
      claimed = await claim().catch(() => undefined);
      await clock.sleep(10);
    }
    const start = Math.max(0, claimed.committed.offset);
    const acked = decodeAcked(claimed.committed.metadata, start);
    const partition = createPartition(topic, 0, start, acked);
    for (const old of writers.values()) void old.close();
    writers.clear();
    const writer = createTransactionalWriter(
      partition,
      claimed,
      {
        intervalMs: 200,
        fencedRestMs: 3_000,
        limits: { maxItems: plan.maxItems, maxBytes: 100, lingerMs: 10 },
      },
      {
        ...release.forWriters,
        ...{ claim, begun },
        judge: (error) => {
          if (error === tooLarge) return 'too-large';
          return error === refusedByGroup ? 'fenced' : 'passing';
        },
        elsewhere: () => void open(),
        isMember: async () => {
          await clock.sleep(500);
          return plan.members;
        },
        eased: pump,
        failed: () => undefined,
        schedule: clock.schedule,
        random: () => 0.5,
      },
    );
    writers.set(partition, writer);
    current = partition;
    enqueue(partition, range(start, count).map(inputAt), count);
    void writer.flush(true);
    pump();
  };

  const other = async (some: number): Promise<void> => {
    epoch += 1;
    const mine = epoch;
    const start = Math.max(0, committed.offset);
    const acked = decodeAcked(committed.metadata, start);
    await clock.sleep(20);
    if (mine !== epoch) return;
    let [offset, left] = [start, some];
    for (; offset < count && left > 0; offset += 1) {
      if (holds(acked, offset)) continue;
      left -= 1;
      const kind = plan.kinds[offset];
      if (kind !== 'skip') visible.push({ offset, to: kind === 'output' ? 'outputs' : 'errors' });
    }
    const beyond = acked.filter(({ to }) => to > offset);
    const ranges = beyond.map(({ from, to }) => ({ from: Math.max(from, offset), to }));
    committed = { offset, metadata: encodeAcked(offset, ranges) };
  };

  for (const { at, count: some } of plan.others) {
    clock.schedule(at, () => void other(some));
  }
  void open();
  await clock.advance(30_000);
  faulty = false;
  await clock.advance(200_000);

  const offsets = visible.map(({ offset }) => offset).toSorted((a, b) => a - b);
  expect(offsets).toEqual(range(0, count).filter((n) => plan.kinds[n] !== 'skip'));
  for (const { offset, to } of visible) {
    expect(to).toBe(plan.kinds[offset] === 'output' ? 'outputs' : 'errors');
  }
  const outputs = visible.flatMap(({ offset, to }) => (to === 'outputs' ? [offset] : []));
  for (const lane of lanesOf(plan.ordering)) {
    const inLane = outputs.filter(lane);
    expect(inLane).toEqual(inLane.toSorted((a, b) => a - b));
  }
  expect(committed.offset).toBe(count);
  expect(release.releaser.writing()).toBe(0);
  for (const [outputs, told] of ends) {
    expect(told.length).toBe(1);
    const [end] = told;
    if (end === 'aborted') expect(taken.has(outputs)).toBe(false);
    // Who answers the same records in our place cannot be told from us.
    if (end === 'committed' && plan.others.length === 0) expect(taken.has(outputs)).toBe(true);
  }
}

it('whatever becomes of transactions and claims, and whoever else claims the partition, each input is answered exactly once', async () => {
  await fc.assert(fc.asyncProperty(plans, run), { numRuns: 300 });
}, 60_000);
