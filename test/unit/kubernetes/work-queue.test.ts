import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KubernetesApiError } from '../../../src/kubernetes/api-error.ts';
import { createWorkQueue, type Requeue } from '../../../src/kubernetes/work-queue.ts';
import { createFakeClock, settle } from '../../support/fake-clock.ts';
import { createQuietLog } from './quiet-log.ts';

type Process = (key: string, nth: number) => Promise<Requeue | undefined>;

function setUp(concurrency = 1, process: Process = async () => undefined) {
  const clock = createFakeClock();
  const { log, lines } = createQuietLog();
  const begun: string[] = [];
  const counted: [string, number, number][] = [];
  const now = new Set<string>();
  let most = 0;
  const queue = createWorkQueue(
    { concurrency, backoff: { baseMs: 100, maxMs: 1_000 } },
    {
      process: async (key) => {
        expect(now.has(key)).toBe(false);
        now.add(key);
        most = Math.max(most, now.size);
        begun.push(key);
        try {
          return await process(key, begun.filter((other) => other === key).length);
        } finally {
          now.delete(key);
        }
      },
      schedule: clock.schedule,
      now: clock.now,
      random: () => 1,
      log,
      count: (result, spentMs, waitedMs) => counted.push([result, spentMs, waitedMs]),
    },
  );
  return { clock, queue, begun, lines, counted, most: () => most };
}

const failing = async (): Promise<undefined> => {
  throw new Error('not now');
};

describe('the work queue', () => {
  it('processes a key once, however often it was added before (Q1)', async () => {
    const { queue, begun } = setUp();
    for (const key of ['a', 'b', 'a', 'b', 'a']) queue.add(key);
    await settle();
    expect(begun).toEqual(['a', 'b']);
    expect(queue.depth()).toBe(0);
  });

  it('never processes a key twice at once, and once more if it was added meanwhile (Q1, Q2)', async () => {
    const clock = createFakeClock();
    const { queue, begun } = setUp(4, () => clock.sleep(10).then(() => undefined));
    queue.add('a');
    await settle();
    for (let i = 0; i < 3; i += 1) queue.add('a');
    expect([begun, queue.running()]).toEqual([['a'], 1]);
    await clock.advance(10);
    expect(begun).toEqual(['a', 'a']);
    await clock.advance(100);
    expect(begun).toEqual(['a', 'a']);
  });

  it('processes so many at once as it may, in the order they became due', async () => {
    const clock = createFakeClock();
    const { queue, begun, most } = setUp(2, () => clock.sleep(10).then(() => undefined));
    for (const key of ['a', 'b', 'c', 'd', 'e']) queue.add(key);
    await settle();
    expect([begun, queue.depth(), queue.running()]).toEqual([['a', 'b'], 3, 2]);
    await clock.advance(30);
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(most()).toBe(2);
  });

  it('tries a failed key later and later, for ever, without holding up others (Q3)', async () => {
    const { queue, begun, clock, lines } = setUp(1, async (key) =>
      key === 'bad' ? failing() : undefined,
    );
    queue.add('bad');
    queue.add('good');
    await clock.advance(100 + 200 + 400 + 800 + 1_000 + 1_000);
    expect(begun).toEqual(['bad', 'good', ...Array(6).fill('bad')]);
    expect(lines.map(({ fields }) => fields['retryInMs'])).toEqual([
      100, 200, 400, 800, 1_000, 1_000, 1_000,
    ]);
  });

  it('forgets failures with a success (Q3)', async () => {
    const { queue, clock, lines } = setUp(1, async (_key, nth) =>
      nth === 3 ? undefined : failing(),
    );
    queue.add('a');
    await clock.advance(300);
    queue.add('a');
    await settle();
    expect(lines.map(({ fields }) => fields['retryInMs'])).toEqual([100, 200, 100]);
  });

  it('waits as long as the API server asks', async () => {
    const { queue, begun, clock } = setUp(1, async (_key, nth) => {
      if (nth === 1)
        throw new KubernetesApiError(429, 'TooManyRequests', '', { retryAfterMs: 7_000 });
      return undefined;
    });
    queue.add('a');
    await clock.advance(6_999);
    expect(begun).toEqual(['a']);
    await clock.advance(1);
    expect(begun).toEqual(['a', 'a']);
  });

  it('survives a process function that throws before its first await', async () => {
    const clock = createFakeClock();
    const { log } = createQuietLog();
    let calls = 0;
    const queue = createWorkQueue(
      { concurrency: 1, backoff: { baseMs: 10, maxMs: 10 } },
      {
        process: () => {
          calls += 1;
          if (calls === 1) throw new Error('at once');
          return Promise.resolve(undefined);
        },
        ...clock,
        random: () => 1,
        log,
      },
    );
    queue.add('a');
    await clock.advance(10);
    expect([calls, queue.running()]).toEqual([2, 0]);
  });

  it('an addition is processed at once, whatever backoff the key has', async () => {
    const { queue, begun, clock } = setUp(1, failing);
    queue.add('a');
    await clock.advance(10_000);
    const before = begun.length;
    queue.add('a');
    await settle();
    expect(begun).toHaveLength(before + 1);
  });

  it('of several delays the earliest counts, and none after an addition', async () => {
    const { queue, begun, clock } = setUp();
    queue.addAfter('a', 500);
    queue.addAfter('a', 100);
    queue.addAfter('a', 300);
    await clock.advance(99);
    expect(begun).toEqual([]);
    await clock.advance(1);
    expect(begun).toEqual(['a']);
    await clock.advance(1_000);
    expect(begun).toEqual(['a']);
    queue.addAfter('a', 100);
    queue.add('a');
    await clock.advance(1_000);
    expect(begun).toEqual(['a', 'a']);
  });

  it.each([0, -1, Number.NaN])('a delay of %s is none', async (ms) => {
    const { queue, begun } = setUp();
    queue.addAfter('a', ms);
    await settle();
    expect(begun).toEqual(['a']);
  });

  it('a key is processed again when it asked to be', async () => {
    const { queue, begun, clock } = setUp(1, async (_key, nth) =>
      nth < 3 ? { requeueAfterMs: 50 } : undefined,
    );
    queue.add('a');
    await clock.advance(1_000);
    expect(begun).toEqual(['a', 'a', 'a']);
  });

  it('closed: waits for what runs, begins nothing more, leaves no timer', async () => {
    const clock = createFakeClock();
    const { queue, begun, clock: own } = setUp(1, () => clock.sleep(10).then(failing));
    for (const key of ['a', 'b']) queue.add(key);
    queue.addAfter('c', 5);
    await settle();
    let closed = false;
    const closing = queue.close().then(() => {
      closed = true;
    });
    queue.add('d');
    queue.add('a');
    queue.addAfter('e', 1);
    await settle();
    expect(closed).toBe(false);
    await clock.advance(10);
    await closing;
    await queue.close();
    await own.advance(10_000);
    expect([begun, queue.depth(), own.pending()]).toEqual([['a'], 0, 0]);
  });

  it('counts how long a key took and had waited', async () => {
    const { queue, clock, counted } = setUp(1, async () => {
      await clock.sleep(10);
      return undefined;
    });
    queue.add('a');
    queue.add('b');
    await clock.advance(100);
    expect(counted).toEqual([
      ['processed', 10, 0],
      ['processed', 10, 10],
    ]);
  });

  it('whatever is added when: every key is processed after its last addition, never twice at once', async () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), wait: fc.nat({ max: 40 }) });
    const fails = fc.array(fc.boolean(), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fails, async (steps, failing) => {
        let calls = 0;
        const lastBegun = new Map<string, number>();
        const lastAdded = new Map<string, number>();
        const rig = setUp(2, async (key) => {
          const call = calls++;
          lastBegun.set(key, call);
          await rig.clock.sleep((call * 7) % 30);
          if (failing[call]) throw new Error('no');
          return undefined;
        });
        for (const { key, wait } of steps) {
          lastAdded.set(key, calls);
          rig.queue.add(key);
          await rig.clock.advance(wait);
        }
        await rig.clock.advance(60_000);
        for (const [key, at] of lastAdded) expect(lastBegun.get(key)).toBeGreaterThanOrEqual(at);
        expect([rig.queue.depth(), rig.queue.running()]).toEqual([0, 0]);
      }),
      { numRuns: 50 },
    );
  });
});
