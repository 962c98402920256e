import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createPartition,
  type Entry,
  enqueue,
  markDone,
  type Partition,
  position,
  takeNext,
  takeReleasable,
} from '../../../src/delivery/partition.ts';
import { range, record, records, topic } from './records.ts';

const offsetsOf = (entries: readonly Entry[]): number[] => entries.map((e) => e.record.offset);

function takeAll(partition: Partition): Entry[] {
  const taken: Entry[] = [];
  for (let entry = takeNext(partition); entry !== undefined; entry = takeNext(partition)) {
    taken.push(entry);
  }
  return taken;
}

/** Offsets that grow with gaps, as compaction and control records leave them. */
const gappy = fc
  .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 })
  .map((steps) => {
    let offset = 9;
    return steps.map((step) => {
      offset += step;
      return offset;
    });
  });
/** An order in which that many entries are finished. */
const orderOf = (length: number) =>
  fc.shuffledSubarray(range(0, length), { minLength: length, maxLength: length });

describe('the position', () => {
  it('is where the partition began while nothing was fetched', () => {
    expect(position(createPartition(topic, 0, 42))).toBe(42);
  });

  it('is the contiguous prefix at any time, in any order of completion, with any gaps (P1)', () => {
    const plan = gappy.chain((offsets) => fc.tuple(fc.constant(offsets), orderOf(offsets.length)));
    fc.assert(
      fc.property(plan, fc.integer({ min: 1, max: 4 }), ([offsets, order], trailing) => {
        const partition = createPartition(topic, 0, 10);
        const next = (offsets.at(-1) ?? 0) + trailing;
        enqueue(partition, records(0, offsets), next);
        const entries = takeAll(partition);
        const done = new Set<number>();
        for (const index of order) {
          const firstOpen = offsets.find((offset) => !done.has(offset));
          expect(position(partition)).toBe(firstOpen ?? next);
          const entry = entries[index];
          if (entry === undefined) throw new Error('no entry');
          markDone(entry);
          done.add(entry.record.offset);
        }
        expect(position(partition)).toBe(next);
        expect([partition.head, partition.tail, partition.ahead]).toEqual([
          undefined,
          undefined,
          0,
        ]);
      }),
    );
  });

  it('follows a batch that holds nothing for us', () => {
    const partition = createPartition(topic, 0, 0);
    enqueue(partition, [], 7);
    expect(position(partition)).toBe(7);
  });

  it('does not pass an open record because a batch without records came after it', () => {
    const partition = createPartition(topic, 0, 0);
    enqueue(partition, records(0, [0]), 1);
    enqueue(partition, [], 7);
    expect(position(partition)).toBe(0);
  });

  it('never goes back, whatever is fetched again', () => {
    const partition = createPartition(topic, 0, 0);
    enqueue(partition, records(0, [0, 1, 2]), 3);
    for (const entry of takeAll(partition)) markDone(entry);
    enqueue(partition, records(0, [0, 1]), 2);
    expect(position(partition)).toBe(3);
    expect(takeAll(partition)).toEqual([]);
  });
});

describe('the queue', () => {
  it('holds every fetched record once, in offset order, however fetches overlap', () => {
    const fetches = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 10 })),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(fetches, (all) => {
        const partition = createPartition(topic, 0, 0);
        const taken: number[] = [];
        for (const [back, count] of all) {
          // A client asks at most for what we expect next.
          const from = Math.max(0, partition.nextOffset - back);
          enqueue(partition, records(0, range(from, from + count)), from + count);
          const entry = takeNext(partition);
          if (entry !== undefined) taken.push(entry.record.offset);
        }
        taken.push(...offsetsOf(takeAll(partition)));
        expect(taken).toEqual(range(0, partition.nextOffset));
      }),
    );
  });

  it('counts the records and bytes never run, and those run and not done', () => {
    const partition = createPartition(topic, 0, 0);
    enqueue(
      partition,
      [record(0, 0, { value: new Uint8Array(7) }), record(0, 1, { value: null })],
      2,
    );
    expect([partition.queued, partition.queuedBytes, partition.ahead]).toEqual([2, 7, 0]);
    const first = takeNext(partition);
    expect([partition.queued, partition.queuedBytes, partition.ahead]).toEqual([1, 0, 1]);
    takeNext(partition);
    if (first !== undefined) markDone(first);
    expect([partition.queued, partition.queuedBytes, partition.ahead]).toEqual([0, 0, 1]);
  });

  it('runs a rested record before any new one, without counting it as new', () => {
    const partition = createPartition(topic, 0, 0);
    enqueue(partition, records(0, [0, 1, 2]), 3);
    const first = takeNext(partition);
    if (first === undefined) throw new Error('no entry');
    partition.rested.push(first);
    expect(takeNext(partition)).toBe(first);
    expect(takeNext(partition)?.record.offset).toBe(1);
    expect([partition.queued, partition.ahead]).toEqual([1, 2]);
  });
});

describe('what may be released', () => {
  it('is always the next in offset order, in any order of answers', () => {
    const count = 12;
    fc.assert(
      fc.property(orderOf(count), (order) => {
        const partition = createPartition(topic, 0, 0);
        enqueue(partition, records(0, range(0, count)), count);
        const entries = takeAll(partition);
        const released: number[] = [];
        for (const index of order) {
          const entry = entries[index];
          if (entry !== undefined) entry.state = 'answered';
          released.push(...offsetsOf(takeReleasable(partition)));
          expect(released).toEqual(range(0, released.length));
        }
        expect(released).toHaveLength(count);
      }),
    );
  });

  it('is not held up by what went to the error topic, was skipped or was done before', () => {
    const partition = createPartition(topic, 0, 0);
    enqueue(partition, records(0, range(0, 4)), 4);
    const [diverted, skipped, answered, running] = takeAll(partition);
    if (!diverted || !skipped || !answered || !running) throw new Error('no entry');
    answered.state = 'answered';
    expect(takeReleasable(partition)).toEqual([]);
    diverted.state = 'released';
    markDone(skipped);
    expect(takeReleasable(partition)).toEqual([answered]);
    running.state = 'answered';
    expect(takeReleasable(partition)).toEqual([running]);
    expect(takeReleasable(partition)).toEqual([]);
  });

  it('goes on after everything was done and more was fetched', () => {
    const partition = createPartition(topic, 0, 0);
    for (const offset of range(0, 3)) {
      enqueue(partition, records(0, [offset]), offset + 1);
      const [entry] = takeAll(partition);
      if (entry === undefined) throw new Error('no entry');
      entry.state = 'answered';
      expect(takeReleasable(partition)).toEqual([entry]);
      markDone(entry);
    }
  });

  it('is not held up where entries are done without having been released (ordering none)', () => {
    const partition = createPartition(topic, 0, 0);
    enqueue(partition, records(0, range(0, 3)), 3);
    for (const entry of takeAll(partition)) markDone(entry);
    expect(partition.nextToRelease).toBeUndefined();
    enqueue(partition, records(0, [3]), 4);
    const [entry] = takeAll(partition);
    if (entry !== undefined) entry.state = 'answered';
    expect(takeReleasable(partition)).toHaveLength(1);
  });
});
