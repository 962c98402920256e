import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OffsetRange } from '../../../src/delivery/acked-offsets.ts';
import {
  createPartition,
  type Entry,
  enqueue,
  markDone,
  type Partition,
  position,
  takeReleasable,
} from '../../../src/delivery/partition.ts';
import { doneBeyond, standingOnceCommitted } from '../../../src/delivery/standing.ts';
import { mayGoFurther, takeNext } from '../../../src/delivery/take-next.ts';
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
    partition.ready.push(first);
    expect(takeNext(partition)).toBe(first);
    expect(takeNext(partition)?.record.offset).toBe(1);
    expect([partition.queued, partition.ahead]).toEqual([1, 2]);
  });
});

describe('what an earlier owner has answered', () => {
  const acked = [
    { from: 12, to: 14 },
    { from: 16, to: 18 },
  ];

  it('is not run, and counts as done', () => {
    const partition = createPartition(topic, 0, 10, acked);
    expect(enqueue(partition, records(0, range(10, 20)), 20)).toBe(4);
    expect(doneBeyond(partition)).toEqual(acked);
    const taken = takeAll(partition);
    expect(offsetsOf(taken)).toEqual([10, 11, 14, 15, 18, 19]);
    for (const entry of taken) markDone(entry);
    expect([position(partition), partition.ahead, partition.beyond]).toEqual([20, 0, 0]);
    expect(partition.resumed).toEqual([]);
  });

  it('is part of the prefix where nothing before it is open', () => {
    const partition = createPartition(topic, 0, 12, acked);
    expect(enqueue(partition, records(0, [12, 13]), 14)).toBe(2);
    expect([position(partition), partition.head]).toEqual([14, undefined]);
    expect(doneBeyond(partition)).toEqual([{ from: 16, to: 18 }]);
  });

  it('and what we answer ourselves are told together, as far as fetched and beyond', () => {
    const offsets = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 30 });
    const plan = fc.record({
      before: offsets,
      order: orderOf(31),
      fetches: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 8 }),
      finished: fc.integer({ min: 0, max: 31 }),
    });
    fc.assert(
      fc.property(plan, ({ before, order, fetches, finished }) => {
        const done = new Set(before.filter((offset) => offset > 0));
        const partition = createPartition(topic, 0, 0, rangesOf(done));
        let next = 0;
        const entries = new Map<number, Entry>();
        for (const count of fetches) {
          const to = Math.min(31, next + count);
          enqueue(partition, records(0, range(next, to)), to);
          next = to;
          for (const entry of takeAll(partition)) entries.set(entry.record.offset, entry);
        }
        for (const offset of order.slice(0, finished)) {
          const entry = entries.get(offset);
          if (entry !== undefined) markDone(entry);
          if (entry !== undefined) done.add(offset);
        }
        const at = position(partition);
        for (const before of range(0, at)) expect(done.has(before)).toBe(true);
        const beyond = doneBeyond(partition).flatMap(({ from, to }) => range(from, to));
        expect(beyond).toEqual(range(at, 31).filter((offset) => done.has(offset)));
        expect(partition.ahead - partition.unanswered).toBeLessThanOrEqual(partition.beyond);
      }),
    );
  });

  const rangesOf = (offsets: ReadonlySet<number>): OffsetRange[] => {
    const ranges: { from: number; to: number }[] = [];
    for (const offset of [...offsets].sort((a, b) => a - b)) {
      const last = ranges.at(-1);
      if (last?.to === offset) last.to += 1;
      else ranges.push({ from: offset, to: offset + 1 });
    }
    return ranges;
  };
});

describe('how far may be looked ahead', () => {
  it('is so many records beyond the first one not done, whatever is done between', () => {
    const partition = createPartition(topic, 0, 0);
    enqueue(partition, records(0, range(0, 10)), 10);
    const taken: Entry[] = [];
    while (mayGoFurther(partition, 4)) {
      const entry = takeNext(partition);
      if (entry !== undefined) taken.push(entry);
    }
    expect(offsetsOf(taken)).toEqual([0, 1, 2, 3]);
    for (const entry of taken.slice(1)) markDone(entry);
    expect(mayGoFurther(partition, 4)).toBe(false);
    for (const entry of taken.slice(0, 1)) markDone(entry);
    expect(mayGoFurther(partition, 4)).toBe(true);
  });

  it('never keeps the only record from running, however large the offsets between', () => {
    const partition = createPartition(topic, 0, 0);
    enqueue(partition, records(0, [2 ** 50]), 2 ** 50 + 1);
    expect(mayGoFurther(partition, 1)).toBe(true);
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

  it('is held up by what is on its way to the error topic, not by what was skipped or is being written', () => {
    const partition = createPartition(topic, 0, 0);
    enqueue(partition, records(0, range(0, 4)), 4);
    const [diverted, skipped, answered, running] = takeAll(partition);
    if (!diverted || !skipped || !answered || !running) throw new Error('no entry');
    answered.state = 'answered';
    expect(takeReleasable(partition)).toEqual([]);
    diverted.state = 'diverting';
    markDone(skipped);
    expect(takeReleasable(partition)).toEqual([]);
    markDone(diverted);
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

describe('where a partition will stand once a transaction is committed', () => {
  it('is where it stands when its entries are done, whatever else is', () => {
    const subsets = fc.tuple(fc.nat(), fc.nat(), fc.boolean());
    fc.assert(
      fc.property(gappy, subsets, (offsets, [done, committing, resumed]) => {
        const end = (offsets.at(-1) ?? 0) + 1;
        const acked = resumed ? [{ from: end + 1, to: end + 4 }] : [];
        const partition = createPartition(topic, 0, 9, acked);
        enqueue(partition, records(0, offsets), end);
        const entries = takeAll(partition);
        entries.forEach((entry, i) => {
          if ((done >> (i % 30)) % 2 === 1) markDone(entry);
        });
        const under = entries.filter(
          ({ state }, i) => state !== 'done' && (committing >> (i % 30)) % 2 === 1,
        );
        for (const entry of under) entry.state = 'committing';
        const expected = standingOnceCommitted(partition, under.length);
        for (const entry of under) markDone(entry);
        expect(expected).toEqual({ offset: position(partition), beyond: doneBeyond(partition) });
        expect(standingOnceCommitted(partition, 0)).toEqual(expected);
      }),
    );
  });
});
