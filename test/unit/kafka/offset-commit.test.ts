import { describe, expect, it } from 'vitest';
import { commitOnce } from '../../../src/kafka/offset-commit.ts';

const offsets = [
  { topic: 'a', partition: 0, offset: 5 },
  { topic: 'b', partition: 3, offset: 2 ** 52 },
  { topic: 'a', partition: 1, offset: 7 },
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
              { partition: 0, offset: '5' },
              { partition: 1, offset: '7' },
            ],
          },
          { topic: 'b', partitions: [{ partition: 3, offset: '4503599627370496' }] },
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
