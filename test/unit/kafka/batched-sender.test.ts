import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatchLimits, createBatchedSender } from '../../../src/kafka/batched-sender.ts';
import { createFakeClock, settle } from '../../support/fake-clock.ts';

const tooLarge = new Error('MESSAGE_TOO_LARGE');
const always = (): boolean => true;

interface Script {
  readonly limits?: BatchLimits;
  /** Before a batch is acknowledged; a throw fails it. */
  readonly sending?: (batch: readonly number[], call: number) => Promise<void> | void;
  readonly sizeOf?: (item: number) => number;
}

function setUp({ limits, sending, sizeOf }: Script = {}) {
  const clock = createFakeClock();
  const batches: number[][] = [];
  const written: number[] = [];
  const delays: number[] = [];
  let calls = 0;
  let underWay = 0;
  const sender = createBatchedSender<number>(
    limits ?? { maxItems: 100, maxBytes: 1e9, lingerMs: 0 },
    {
      send: async (items) => {
        underWay += 1;
        expect(underWay).toBe(1);
        calls += 1;
        batches.push([...items]);
        try {
          await sending?.(items, calls);
          written.push(...items);
        } finally {
          underWay -= 1;
        }
      },
      sizeOf: sizeOf ?? (() => 1),
      isTooLarge: (error) => error === tooLarge,
      tooLarge: (item) => new Error(`${item} is too large`),
      failed: (_error, _waiting, delay) => delays.push(delay),
      schedule: clock.schedule,
      random: () => 1,
    },
  );
  const ends = new Map<number, string>();
  const send = (item: number, wanted = always): void => {
    sender.send(item, wanted, (refused) => ends.set(item, refused?.message ?? 'settled'));
  };
  return { clock, sender, send, batches, written, delays, ends };
}

describe('the batched sender', () => {
  it('gathers for a moment behind a batch, unless there is enough; after a pause it never waits', async () => {
    const limits = { maxItems: 3, maxBytes: 1e9, lingerMs: 5 };
    const { clock, send, batches } = setUp({ limits });
    send(1);
    await settle();
    expect(batches).toEqual([[1]]);
    send(2);
    await clock.advance(4);
    send(3);
    await settle();
    expect(batches).toEqual([[1]]);
    await clock.advance(1);
    expect(batches).toEqual([[1], [2, 3]]);
    for (const item of [4, 5, 6]) send(item);
    await settle();
    expect(batches).toEqual([[1], [2, 3], [4, 5, 6]]);
    await clock.advance(100);
    send(7);
    await settle();
    expect(batches.at(-1)).toEqual([7]);
  });

  it('sends together what was given in one turn, and what gathers while a batch is on its way (B1)', async () => {
    const clock = createFakeClock();
    const { send, batches } = setUp({ sending: () => clock.sleep(10) });
    for (const item of [1, 2, 3]) send(item);
    await settle();
    for (const item of [4, 5]) send(item);
    await clock.advance(20);
    expect(batches).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  it('resolves an item only when it is acknowledged', async () => {
    const clock = createFakeClock();
    const { send, sender, ends } = setUp({ sending: () => clock.sleep(10) });
    send(1);
    await clock.advance(9);
    expect([ends.size, sender.waiting()]).toEqual([0, 1]);
    await clock.advance(1);
    expect([ends.get(1), sender.waiting()]).toEqual(['settled', 0]);
  });

  it('respects both limits, but sends an item that is larger than they are', async () => {
    const limits = { maxItems: 3, maxBytes: 10, lingerMs: 0 };
    const { send, batches, clock } = setUp({ limits, sizeOf: (item) => item });
    for (const item of [1, 1, 1, 1, 9, 2, 50, 5, 5]) send(item);
    await clock.advance(1);
    expect(batches).toEqual([[1, 1, 1], [1, 9], [2], [50], [5, 5]]);
  });

  it('tries again for ever, later and later, in the same order (B1, B2)', async () => {
    let broken = true;
    const { send, clock, written, batches, delays, ends } = setUp({
      sending: () => {
        if (broken) throw new Error('no broker');
      },
    });
    for (const item of [1, 2]) send(item);
    await clock.advance(500);
    send(3);
    await clock.advance(60_000);
    expect([written, ends.size]).toEqual([[], 0]);
    expect(delays.slice(0, 5)).toEqual([400, 800, 1_600, 2_000, 2_000]);
    expect(batches.at(-1)).toEqual([1, 2, 3]);
    broken = false;
    await clock.advance(2_000);
    expect(written).toEqual([1, 2, 3]);
    expect([...ends.values()]).toEqual(['settled', 'settled', 'settled']);
  });

  it('starts with the shortest delay after a success', async () => {
    const { send, clock, delays } = setUp({
      sending: (_batch, call) => {
        if (call !== 4) throw new Error('no broker');
      },
    });
    send(1);
    await clock.advance(2_000);
    send(2);
    await clock.advance(300);
    expect(delays).toEqual([400, 800, 400]);
  });

  it('tells of a failure only where the next attempt fails too (B4)', async () => {
    const { send, clock, delays, written } = setUp({
      sending: (_batch, call) => {
        if (call % 2 === 1) throw new Error('the leader moved');
      },
    });
    for (const item of [1, 2, 3]) {
      send(item);
      await clock.advance(1_000);
    }
    expect(written).toEqual([1, 2, 3]);
    expect(delays).toEqual([]);
  });

  it('of a batch that is too large sends each by itself, at once and in order, and refuses only the one too large', async () => {
    const { send, clock, written, batches, ends } = setUp({
      sending: (batch) => {
        if (batch.includes(3)) throw tooLarge;
      },
    });
    for (const item of [1, 2, 3, 4, 5]) send(item);
    await settle();
    expect(written).toEqual([1, 2, 4, 5]);
    expect(batches.slice(1)).toEqual([[1], [2], [3], [4], [5]]);
    expect(Object.fromEntries(ends)).toEqual({
      1: 'settled',
      2: 'settled',
      3: '3 is too large',
      4: 'settled',
      5: 'settled',
    });
    expect(clock.now()).toBe(0);
  });

  it('keeps the order where one of those alone fails for another reason', async () => {
    const { send, clock, written } = setUp({
      sending: (batch, call) => {
        if (batch.length > 2) throw tooLarge;
        if (call === 3) throw new Error('no broker');
      },
    });
    for (const item of [1, 2, 3]) send(item);
    await clock.advance(10);
    send(4);
    await clock.advance(1_000);
    expect(written).toEqual([1, 2, 3, 4]);
  });

  it('does not write what is no longer wanted, and resolves it (B3)', async () => {
    const wanted = new Set([1, 2, 3]);
    let broken = true;
    const { send, clock, written, ends } = setUp({
      sending: () => {
        if (broken) throw new Error('no broker');
      },
    });
    for (const item of wanted) send(item, () => wanted.has(item));
    await settle();
    wanted.delete(2);
    broken = false;
    await clock.advance(1_000);
    expect(written).toEqual([1, 3]);
    expect(ends.get(2)).toBe('settled');
  });

  it('writes nothing more once closed', async () => {
    let broken = true;
    const { send, sender, clock, batches, ends } = setUp({
      sending: () => {
        if (broken) throw new Error('no broker');
      },
    });
    send(1);
    await settle();
    sender.close();
    broken = false;
    send(2);
    await clock.advance(60_000);
    expect([batches, ends.size]).toEqual([[[1]], 0]);
    // Neither was acknowledged: nobody may commit over them.
    expect(sender.waiting()).toBe(2);
  });

  it('under any failures writes every wanted item once, in order, but those too large', async () => {
    const item = fc.record({ wait: fc.nat({ max: 300 }), large: fc.boolean() });
    const failures = fc.array(fc.boolean(), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 25 }), failures, async (items, failing) => {
        const { send, clock, written, batches, ends } = setUp({
          limits: { maxItems: 4, maxBytes: 6, lingerMs: 0 },
          sizeOf: (n) => (n % 3) + 1,
          sending: async (batch, call) => {
            await clock.sleep(call % 40);
            if (failing[call - 1]) throw new Error('no broker');
            if (batch.some((n) => items[n]?.large)) throw tooLarge;
          },
        });
        for (const [index, { wait }] of items.entries()) {
          send(index);
          await clock.advance(wait);
        }
        await clock.advance(100_000);
        const small = items.flatMap(({ large }, index) => (large ? [] : [index]));
        expect(written).toEqual(small);
        for (const [index, { large }] of items.entries()) {
          expect(ends.get(index)).toBe(large ? `${index} is too large` : 'settled');
        }
        for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(4);
      }),
      { numRuns: 50 },
    );
  });
});
