import type { Admin } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { createPositions, type OffsetReset, validStart } from '../../../src/kafka/positions.ts';

describe('validStart', () => {
  const bounds = { low: 10, high: 20 };
  const rows: [wanted: number, reset: OffsetReset, start: number][] = [
    [10, 'latest', 10],
    [15, 'latest', 15],
    [20, 'latest', 20],
    [20, 'earliest', 20],
    [9, 'earliest', 10],
    [9, 'latest', 20],
    [21, 'earliest', 10],
    [21, 'latest', 20],
    [-1, 'earliest', 10],
    [-1, 'latest', 20],
    [-2, 'earliest', 10],
  ];
  it.each(rows)(
    'of %i with reset %s is %i in a partition from 10 to 20',
    (wanted, reset, start) => {
      expect(validStart(wanted, bounds, reset)).toBe(start);
    },
  );

  it.each(['earliest', 'latest'] as const)('of an empty partition is its one offset', (reset) => {
    expect(validStart(-1, { low: 7, high: 7 }, reset)).toBe(7);
    expect(validStart(0, { low: 7, high: 7 }, reset)).toBe(7);
  });
});

describe('positions', () => {
  const admin = {
    fetchOffsets: async () => [
      {
        topic: 'in',
        partitions: [
          { partition: 0, offset: '9007199254740991', metadata: 'se1' },
          { partition: 1, offset: '-1', metadata: null },
        ],
      },
    ],
    fetchTopicOffsets: async () => [
      { partition: 0, offset: '20', high: '20', low: '10' },
      { partition: 1, offset: '0', high: '0', low: '0' },
    ],
  } as unknown as Admin;

  it('tell committed offsets, what stands beside them, and bounds, by partition', async () => {
    const positions = createPositions({ groupId: 'g', topic: 'in' }, admin);
    expect([...(await positions.committed())]).toEqual([
      [0, { offset: Number.MAX_SAFE_INTEGER, metadata: 'se1' }],
      [1, { offset: -1, metadata: null }],
    ]);
    expect([...(await positions.bounds())]).toEqual([
      [0, { low: 10, high: 20 }],
      [1, { low: 0, high: 0 }],
    ]);
  });

  it('are none where the group knows nothing of the topic', async () => {
    const none = { fetchOffsets: async () => [] } as unknown as Admin;
    const positions = createPositions({ groupId: 'g', topic: 'in' }, none);
    expect((await positions.committed()).size).toBe(0);
  });
});
