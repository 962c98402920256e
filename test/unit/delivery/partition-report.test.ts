import { describe, expect, it } from 'vitest';
import { createPartition, enqueue, markDone } from '../../../src/delivery/partition.ts';
import { reportOf } from '../../../src/delivery/partition-report.ts';
import { takeNext } from '../../../src/delivery/take-next.ts';
import { range, record, topic } from './records.ts';

describe('the report of a partition', () => {
  it('tells what lies from the committed offset on, how old it is and where it stands', () => {
    const partition = createPartition(topic, 3, 100);
    partition.high = 150;
    const at = (offset: number) => record(3, offset, { timestamp: String(1_000 + offset) });
    enqueue(partition, range(100, 110).map(at), 110);
    const [first, second] = [takeNext(partition), takeNext(partition)];
    if (first === undefined || second === undefined) throw new Error('nothing to take');
    markDone(second);
    expect(reportOf(partition, 2_100)).toEqual({
      partition: 3,
      lag: 50,
      oldestAgeMs: 1_000,
      inFlight: 1,
      retrying: 0,
      doneBeyond: 1,
      paused: false,
    });
  });

  it('of an empty partition is all zero, whatever clock its writers have', () => {
    const partition = createPartition(topic, 0, 7);
    expect(reportOf(partition, 5)).toMatchObject({ lag: 0, oldestAgeMs: 0, inFlight: 0 });
    enqueue(partition, [record(0, 7, { timestamp: '99' })], 8);
    expect(reportOf(partition, 5)).toMatchObject({ lag: 1, oldestAgeMs: 0 });
  });
});
