import { describe, expect, it } from 'vitest';
import { commitOnce, withoutRefusedMetadata } from '../../../src/kafka/offset-commit.ts';

const offsets = [
  { topic: 'a', partition: 0, offset: 5, metadata: 'x' },
  { topic: 'b', partition: 3, offset: 2 ** 52, metadata: '' },
  { topic: 'a', partition: 1, offset: 7, metadata: 'y' },
];
const failing = (type: string | undefined) =>
  commitOnce(async () => {
    throw Object.assign(new Error('refused'), { type });
  });

describe('commitOnce', () => {
  it('commits all offsets in one request, by topic, as kafkajs wants them', async () => {
    const requests: unknown[] = [];
    const commit = commitOnce(async (request) => {
      requests.push(request);
    });
    expect(await commit(offsets)).toBe('committed');
    expect(requests).toEqual([
      {
        topics: [
          {
            topic: 'a',
            partitions: [
              { partition: 0, offset: '5', metadata: 'x' },
              { partition: 1, offset: '7', metadata: 'y' },
            ],
          },
          { topic: 'b', partitions: [{ partition: 3, offset: '4503599627370496', metadata: '' }] },
        ],
      },
    ]);
  });

  it.each([
    'REBALANCE_IN_PROGRESS',
    'ILLEGAL_GENERATION',
    'UNKNOWN_MEMBER_ID',
    'FENCED_INSTANCE_ID',
  ])('drops it where the group answers %s', async (type) => {
    expect(await failing(type)(offsets)).toBe('dropped');
  });

  it.each(['COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR_FOR_GROUP', undefined])(
    'fails where it may succeed yet: %s',
    async (type) => {
      await expect(failing(type)(offsets)).rejects.toThrow('refused');
    },
  );
});

describe('withoutRefusedMetadata', () => {
  it('commits offsets alone from the first refusal of their metadata on, and tells it once', async () => {
    const commits: string[][] = [];
    let told = 0;
    const commit = withoutRefusedMetadata(
      async (all) => {
        commits.push(all.map(({ metadata }) => metadata));
        if (all.every(({ metadata }) => metadata === '')) return 'committed';
        throw Object.assign(new Error('too large'), { type: 'OFFSET_METADATA_TOO_LARGE' });
      },
      () => {
        told += 1;
      },
    );
    expect(await commit(offsets)).toBe('committed');
    expect(await commit(offsets)).toBe('committed');
    expect(commits).toEqual([
      ['x', '', 'y'],
      ['', '', ''],
      ['', '', ''],
    ]);
    expect(told).toBe(1);
  });

  it('passes every other failure on', async () => {
    const commit = withoutRefusedMetadata(failing('COORDINATOR_NOT_AVAILABLE'), () => undefined);
    await expect(commit(offsets)).rejects.toThrow('refused');
  });
});
