import { describe, expect, test } from 'vitest';
import { createCopyQueue } from '../../../src/delivery/copy-queue.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

interface Rig {
  readonly maxCopies?: number;
  readonly maxBytes?: number;
  readonly concurrency?: number;
  readonly sends?: (copy: string) => Promise<void>;
}

function queueOf({ maxCopies = 4, maxBytes = 100, concurrency = 2, sends }: Rig = {}) {
  const clock = createFakeClock();
  const ends: string[] = [];
  const begun: string[] = [];
  const warnings: object[] = [];
  let [underWay, most] = [0, 0];
  const queue = createCopyQueue<string>(
    { sink: 'http://sink', maxCopies, maxBytes, concurrency },
    {
      send: async (copy) => {
        begun.push(copy);
        underWay += 1;
        most = Math.max(most, underWay);
        try {
          await (sends ?? (() => clock.sleep(100)))(copy);
        } finally {
          underWay -= 1;
        }
      },
      sizeOf: (copy) => copy.length,
      now: clock.now,
      schedule: clock.schedule,
      count: (end) => ends.push(end),
      log: {
        debug: () => undefined,
        info: () => undefined,
        warn: (fields) => warnings.push(fields),
        error: () => undefined,
      },
    },
  );
  return { clock, queue, ends, begun, warnings, most: () => most };
}

describe('a queue of copies', () => {
  test('sends nothing within the call that adds, and then in order, so many at once', async () => {
    const { clock, queue, ends, begun, most } = queueOf();
    for (const copy of ['a', 'b', 'c', 'd']) queue.add(copy);
    expect(begun).toEqual([]);
    await clock.advance(0);
    expect(begun).toEqual(['a', 'b']);
    expect(queue.size()).toBe(4);
    await clock.advance(200);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    expect([most(), queue.size(), ends]).toEqual([2, 0, Array(4).fill('sent')]);
  });

  test('drops and counts what is beyond its bounds, of number and of bytes', async () => {
    const many = queueOf();
    for (const copy of ['a', 'b', 'c', 'd', 'e', 'f']) many.queue.add(copy);
    expect(many.ends).toEqual(['dropped', 'dropped']);
    const large = queueOf({ maxBytes: 10 });
    for (const copy of ['123456', '12345', '1234']) large.queue.add(copy);
    expect(large.ends).toEqual(['dropped']);
    // What was sent makes room again.
    await large.clock.advance(200);
    large.queue.add('1234567890');
    expect(large.queue.size()).toBe(1);
  });

  test('counts what fails, sends it not again, and tells it once in a while', async () => {
    const sends = () => Promise.reject(new Error('the sink answered 503'));
    const { clock, queue, ends, begun, warnings } = queueOf({ sends });
    for (let i = 0; i < 3; i += 1) {
      queue.add(`a${i}`);
      await clock.advance(1_000);
    }
    expect(ends).toEqual(['failed', 'failed', 'failed']);
    expect(begun).toHaveLength(3);
    expect(warnings).toEqual([{ sink: 'http://sink', lost: 1, reason: 'the sink answered 503' }]);
    await clock.advance(10_000);
    queue.add('b');
    await clock.advance(1_000);
    expect(warnings[1]).toMatchObject({ lost: 3 });
  });

  test('sends at its close what there is, for so long, and takes no more', async () => {
    const quick = queueOf();
    quick.queue.add('a');
    let closed = false;
    const closing = quick.queue.close(1_000).then(() => {
      closed = true;
    });
    quick.queue.add('late');
    await quick.clock.advance(100);
    await closing;
    expect([closed, quick.ends]).toEqual([true, ['dropped', 'sent']]);

    const slow = queueOf({ concurrency: 1, sends: () => new Promise(() => undefined) });
    for (const copy of ['a', 'b', 'c']) slow.queue.add(copy);
    const given = slow.queue.close(1_000);
    await slow.clock.advance(1_000);
    await given;
    expect(slow.ends).toEqual(['dropped', 'dropped']);
    await queueOf().queue.close(1_000);
  });
});
