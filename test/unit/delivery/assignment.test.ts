import { describe, expect, it } from 'vitest';
import { createAssignment, type FetchedBatch } from '../../../src/delivery/assignment.ts';
import { type Entry, markDone, position } from '../../../src/delivery/partition.ts';
import { takeNext } from '../../../src/delivery/take-next.ts';
import { range, records, topic } from './records.ts';

const batch = (partition: number, from: number, to: number): FetchedBatch => ({
  partition,
  askedFor: from,
  next: to,
  records: records(partition, range(from, to)),
});

/** Partitions 0 and 1, opened at 10. */
function setUp() {
  const assignment = createAssignment(topic);
  expect(assignment.rejoined([0, 1], false)).toEqual([0, 1]);
  const [zero, one] = [assignment.open(0, 10), assignment.open(1, 10)];
  return { assignment, zero, one };
}
const take = (assignment: ReturnType<typeof createAssignment>, id: number): Entry => {
  const partition = assignment.get(id);
  const entry = partition && takeNext(partition);
  if (entry === undefined) throw new Error('nothing to take');
  return entry;
};

describe('a batch', () => {
  it('of a partition that is not ours, or not opened yet, is not taken', () => {
    const { assignment } = setUp();
    expect(assignment.receive(batch(7, 0, 1))).toBe('unknown');
    assignment.rejoined([0, 1, 2], true);
    expect(assignment.isAssigned(2)).toBe(true);
    expect(assignment.receive(batch(2, 0, 1))).toBe('unknown');
  });

  it('that skips over records which were never seen is not taken (A2)', () => {
    const { assignment, zero } = setUp();
    expect(assignment.receive(batch(0, 11, 12))).toBe('ahead');
    expect([zero.queued, position(zero)]).toEqual([0, 10]);
  });

  it('from before what is committed is not taken: the client was thrown back', () => {
    const { assignment, zero } = setUp();
    expect(assignment.receive(batch(0, 9, 12))).toBe('behind');
    expect([zero.queued, position(zero)]).toEqual([0, 10]);
  });

  it('is taken where it was asked for right, though its first offset lies beyond (compaction)', () => {
    const { assignment, zero } = setUp();
    const compacted = { partition: 0, askedFor: 10, next: 20, records: records(0, [15, 18]) };
    expect(assignment.receive(compacted)).toBe('taken');
    expect(position(zero)).toBe(15);
    for (const _ of [1, 2]) markDone(take(assignment, 0));
    expect(position(zero)).toBe(20);
  });

  it('that repeats what is under way adds only what is new', () => {
    const { assignment, zero } = setUp();
    assignment.receive(batch(0, 10, 13));
    take(assignment, 0);
    expect(assignment.receive(batch(0, 10, 15))).toBe('taken');
    expect([zero.queued, zero.nextOffset]).toEqual([4, 15]);
    expect(take(assignment, 0).record.offset).toBe(11);
  });
});

describe('a new assignment', () => {
  it('keeps what came back to the same member, with the work under way (A1)', () => {
    const { assignment, zero } = setUp();
    assignment.receive(batch(0, 10, 12));
    const entry = take(assignment, 0);
    expect(assignment.rejoined([0, 1], true)).toEqual([]);
    expect(assignment.get(0)).toBe(zero);
    expect([zero.lost, entry.partition.lost]).toEqual([false, false]);
    expect(assignment.receive(batch(0, 10, 13))).toBe('taken');
    expect(offsets(assignment)).toEqual([11, 12]);
  });

  const offsets = (assignment: ReturnType<typeof createAssignment>): number[] => {
    const found: number[] = [];
    const partition = assignment.get(0);
    for (let e = partition && takeNext(partition); e; e = takeNext(e.partition)) {
      found.push(e.record.offset);
    }
    return found;
  };

  it('loses what went to another, for good, even when it comes back later', () => {
    const { assignment, zero, one } = setUp();
    expect(assignment.rejoined([1], true)).toEqual([]);
    expect([zero.lost, one.lost, assignment.isAssigned(0)]).toEqual([true, false, false]);
    expect(assignment.rejoined([0, 1], true)).toEqual([0]);
    const fresh = assignment.open(0, 30);
    expect(fresh).not.toBe(zero);
    expect([zero.lost, fresh.lost]).toEqual([true, false]);
  });

  it('starts everything afresh for a new member, though the partitions are the same', () => {
    const { assignment, zero, one } = setUp();
    expect(assignment.rejoined([0, 1], false)).toEqual([0, 1]);
    expect([zero.lost, one.lost]).toEqual([true, true]);
    expect(assignment.opened()).toEqual([]);
    expect(assignment.receive(batch(0, 10, 11))).toBe('unknown');
  });

  it('opened again elsewhere loses what was there', () => {
    const { assignment, zero } = setUp();
    const moved = assignment.open(0, 99);
    expect([zero.lost, moved.lost, assignment.get(0)]).toEqual([true, false, moved]);
  });

  it('of nobody loses everything', () => {
    const { assignment, zero, one } = setUp();
    assignment.clear();
    expect([zero.lost, one.lost, assignment.isAssigned(1)]).toEqual([true, true, false]);
    expect(assignment.opened()).toEqual([]);
  });
});
