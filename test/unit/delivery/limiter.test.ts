import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLimiter, inPlace, type Limiter } from '../../../src/delivery/limiter.ts';
import { AdapterError } from '../../../src/errors.ts';
import { createFakeClock, settle } from '../../support/fake-clock.ts';

function setUp(maxConcurrent: number, maxWaiting: number, deadlineFraction?: number) {
  const clock = createFakeClock();
  return { clock, limiter: createLimiter({ maxConcurrent, maxWaiting, deadlineFraction }, clock) };
}

/** The refusal that taking a place meets at once. */
function refusalOf(limiter: Limiter): AdapterError {
  try {
    void limiter.acquire(Infinity);
  } catch (error) {
    return AdapterError.from(error);
  }
  throw new Error('there was a place');
}

/** Keeps every place taken and one waiter, while a place changes hands every `everyMs`. */
async function saturate(everyMs: number, rounds = 100, maxWaiting = 5) {
  const { clock, limiter } = setUp(2, maxWaiting);
  for (let place = 0; place < 2 + maxWaiting; place += 1) void limiter.acquire(1e9);
  for (let round = 0; round < rounds; round += 1) {
    await clock.advance(everyMs);
    limiter.release();
    void limiter.acquire(1e9);
  }
  return { clock, limiter };
}

describe('the limiter', () => {
  it('gives places at once while there are any', () => {
    const { limiter } = setUp(2, 0);
    expect(limiter.acquire(100)).toBeUndefined();
    expect(limiter.acquire(100)).toBeUndefined();
    expect(limiter.running()).toBe(2);
  });

  it('gives a place back when the work in it has ended, well or badly, and runs none without one', async () => {
    const { limiter } = setUp(1, 0);
    const places: number[] = [];
    const double = async (n: number): Promise<number> => {
      places.push(limiter.running());
      if (n < 0) throw new Error('the work failed');
      return 2 * n;
    };
    expect(await inPlace(limiter, 100, double, 21)).toBe(42);
    await expect(inPlace(limiter, 100, double, -1)).rejects.toThrow('the work failed');
    expect(limiter.running()).toBe(0);
    void limiter.acquire(100);
    await expect(inPlace(limiter, 100, double, 1)).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect([places, limiter.running()]).toEqual([[1, 1], 1]);
  });

  it('refuses at once, with a time to come back, where nobody may wait any more', () => {
    const { limiter } = setUp(1, 1);
    void limiter.acquire(100);
    void limiter.acquire(100);
    const refusal = refusalOf(limiter);
    expect(refusal).toMatchObject({ code: 'OVERLOADED', status: 429, fault: 'overload' });
    expect(refusal.retryAfterMs).toBeGreaterThanOrEqual(1_000);
    expect([limiter.running(), limiter.waiting()]).toEqual([1, 1]);
  });

  it('gives places in the order of asking', async () => {
    const { limiter } = setUp(1, 10);
    void limiter.acquire(1e9);
    const order: number[] = [];
    for (const who of [1, 2, 3, 4]) void limiter.acquire(1e9)?.then(() => order.push(who));
    for (const expected of [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]) {
      limiter.release();
      await settle();
      expect(order).toEqual(expected);
    }
  });

  it('lets nobody wait past the deadline, and forgets who gave up', async () => {
    const { clock, limiter } = setUp(1, 10);
    void limiter.acquire(1e9);
    const refused = limiter.acquire(50)?.catch((error: AdapterError) => error.code);
    let served = false;
    void limiter.acquire(1e9)?.then(() => {
      served = true;
    });
    await clock.advance(49);
    expect(limiter.waiting()).toBe(2);
    await clock.advance(1);
    expect(await refused).toBe('OVERLOADED');
    expect(limiter.waiting()).toBe(1);
    limiter.release();
    await settle();
    expect([served, limiter.running(), limiter.waiting()]).toEqual([true, 1, 0]);
  });

  it('refuses a waiter whose deadline has passed before it asked', async () => {
    const { clock, limiter } = setUp(1, 10);
    await clock.advance(100);
    void limiter.acquire(1e9);
    const refused = limiter.acquire(10)?.catch((error: AdapterError) => error.code);
    await clock.advance(0);
    expect(await refused).toBe('OVERLOADED');
  });

  it('leaves no timer behind for who was served', async () => {
    const { clock, limiter } = setUp(1, 10);
    void limiter.acquire(1e9);
    const served = limiter.acquire(1e9);
    limiter.release();
    await served;
    expect(clock.pending()).toBe(0);
  });
});

describe('Retry-After', () => {
  it('is the time that the queue takes to drain, as measured', async () => {
    const { limiter } = await saturate(1_000);
    // Five wait, and whoever comes back is the sixth; the average needs a while to get there.
    const { retryAfterMs } = refusalOf(limiter);
    expect(retryAfterMs).toBeGreaterThan(5_500);
    expect(retryAfterMs).toBeLessThanOrEqual(6_000);
  });

  it('grows with the queue', async () => {
    const lengths = [1, 5, 20];
    const waits: number[] = [];
    for (const length of lengths) {
      const { limiter } = await saturate(1_000, 50, length);
      waits.push(refusalOf(limiter).retryAfterMs ?? 0);
    }
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(new Set(waits).size).toBe(3);
  });

  it('stays between one second and one minute', async () => {
    expect(refusalOf((await saturate(1)).limiter).retryAfterMs).toBe(1_000);
    expect(refusalOf((await saturate(1e6)).limiter).retryAfterMs).toBe(60_000);
  });

  it('does not take a quiet hour for a slow predictor', async () => {
    const { clock, limiter } = setUp(2, 5);
    for (let place = 0; place < 2; place += 1) void limiter.acquire(1e9);
    limiter.release();
    await clock.advance(3_600_000);
    limiter.release();
    await clock.advance(3_600_000);
    for (let place = 0; place < 7; place += 1) void limiter.acquire(1e9);
    await clock.advance(10);
    limiter.release();
    void limiter.acquire(1e9);
    expect(refusalOf(limiter).retryAfterMs).toBe(1_000);
  });
});

describe('the deadline', () => {
  /** Two places that change hands once every 100 ms, and five who wait. */
  async function busy(deadlineFraction: number) {
    const { clock, limiter } = setUp(2, 100, deadlineFraction);
    for (let place = 0; place < 7; place += 1) void limiter.acquire(1e9);
    for (let round = 0; round < 20; round += 1) {
      await clock.advance(100);
      limiter.release();
      void limiter.acquire(1e9);
    }
    return { clock, limiter };
  }

  it('of who would have to wait longer than it allows: refused at once, not when it comes', async () => {
    const { clock, limiter } = await busy(1);
    // The sixth in the queue: 600 ms.
    expect(() => limiter.acquire(clock.now() + 500)).toThrow(/longer than the deadline allows/);
    expect(limiter.acquire(clock.now() + 700)).toBeInstanceOf(Promise);
    expect([limiter.waiting(), limiter.refused()]).toEqual([6, 1]);
  });

  it('counts by the fraction of it that is set', async () => {
    const { clock, limiter } = await busy(0.5);
    expect(() => limiter.acquire(clock.now() + 1_000)).toThrow(/longer than the deadline allows/);
    expect(limiter.acquire(clock.now() + 1_400)).toBeInstanceOf(Promise);
  });

  it('leaves the time that a call takes', async () => {
    const { clock, limiter } = await busy(1);
    limiter.resize(2, 400);
    expect(() => limiter.acquire(clock.now() + 900)).toThrow(/longer than the deadline allows/);
    expect(limiter.acquire(clock.now() + 1_100)).toBeInstanceOf(Promise);
  });

  it('never refuses who finds a free place, however slow the calls are', () => {
    const { limiter } = setUp(2, 0, 0.01);
    limiter.resize(1, 1e9);
    expect(limiter.acquire(1)).toBeUndefined();
  });

  it('ends the waiting of who waits in vain for its fraction', async () => {
    const { clock, limiter } = setUp(1, 10, 0.5);
    void limiter.acquire(1e9);
    const refused = limiter.acquire(100)?.catch((error: AdapterError) => error);
    await clock.advance(50);
    expect(await refused).toMatchObject({ code: 'OVERLOADED', status: 429 });
    expect([limiter.waiting(), limiter.refused()]).toEqual([0, 1]);
  });

  it('is not judged by how slow things were before a pause', async () => {
    const { clock, limiter } = await busy(1);
    while (limiter.running() > 0) limiter.release();
    await clock.advance(10_000);
    for (let place = 0; place < 2; place += 1) void limiter.acquire(1e9);
    expect(limiter.acquire(clock.now() + 50)).toBeInstanceOf(Promise);
  });
});

describe('a limit that is moved', () => {
  it('lets as many more in as it grew by, in their order', async () => {
    const { limiter } = setUp(8, 10);
    limiter.resize(1, 0);
    void limiter.acquire(1e9);
    const served: number[] = [];
    for (const who of [1, 2, 3]) void limiter.acquire(1e9)?.then(() => served.push(who));
    limiter.resize(3, 0);
    await settle();
    expect([served, limiter.running(), limiter.waiting(), limiter.places]).toEqual([
      [1, 2],
      3,
      1,
      3,
    ]);
  });

  it('takes nobody its place, and fills none before few enough run', async () => {
    const { limiter } = setUp(8, 10);
    for (let place = 0; place < 4; place += 1) void limiter.acquire(1e9);
    limiter.resize(2, 0);
    void limiter.acquire(1e9);
    limiter.release();
    limiter.release();
    expect([limiter.running(), limiter.waiting()]).toEqual([2, 1]);
    limiter.release();
    expect([limiter.running(), limiter.waiting()]).toEqual([2, 0]);
  });

  it('is never above what HTTP may have', () => {
    const { limiter } = setUp(2, 10);
    limiter.resize(50, 0);
    for (let place = 0; place < 3; place += 1) void limiter.acquire(1e9);
    expect([limiter.running(), limiter.waiting(), limiter.places]).toEqual([2, 1, 2]);
  });
});

describe('guests', () => {
  it('share the limit, and go in at once as long as there is none', () => {
    const { limiter } = setUp(1, 10);
    for (let guest = 0; guest < 100; guest += 1) expect(limiter.guests.enter()).toBeUndefined();
    expect(limiter.acquire(1e9)).toBeUndefined();
    limiter.resize(2, 0);
    expect(limiter.guests.enter()).toBeInstanceOf(Promise);
    expect(limiter.guests.running()).toBe(100);
  });

  it('and HTTP take turns while both wait: neither starves the other', async () => {
    const { limiter } = setUp(8, 100);
    limiter.resize(1, 0);
    void limiter.acquire(1e9);
    const order: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      void limiter.acquire(1e9)?.then(() => order.push('http'));
      void limiter.guests.enter()?.then(() => order.push('guest'));
    }
    for (let i = 0; i < 8; i += 1) {
      if (limiter.running() > 0) limiter.release();
      else limiter.guests.leave();
      await settle();
      expect(limiter.running() + limiter.guests.running()).toBe(1);
    }
    expect(order.filter((who) => who === 'guest')).toHaveLength(4);
    expect(order.join(' ')).not.toMatch(/http http|guest guest/);
  });

  it('are let in while HTTP is at its own maximum', async () => {
    const { limiter } = setUp(1, 10);
    limiter.resize(2, 0);
    for (let i = 0; i < 2; i += 1) void limiter.acquire(1e9);
    expect(limiter.guests.enter()).toBeUndefined();
    const next = limiter.guests.enter();
    limiter.guests.leave();
    await next;
    expect([limiter.running(), limiter.waiting(), limiter.guests.running()]).toEqual([1, 1, 1]);
  });
});

describe('under any order of asking, giving back and giving up', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('acquire' as const), patience: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ kind: fc.constant('release' as const) }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 30 }) }),
  );
  const sizes = fc.record({
    maxConcurrent: fc.integer({ min: 1, max: 4 }),
    maxWaiting: fc.integer({ min: 0, max: 4 }),
  });

  it('never too many run or wait, nobody overtakes, and every place comes back', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.array(step, { maxLength: 60 }), async (size, steps) => {
        const { clock, limiter } = setUp(size.maxConcurrent, size.maxWaiting);
        const served: number[] = [];
        let held = 0;
        let asked = 0;
        const take = (who: number): void => {
          served.push(who);
          held += 1;
        };
        const ask = (patience: number): void => {
          asked += 1;
          const who = asked;
          try {
            const place = limiter.acquire(clock.now() + patience);
            if (place === undefined) take(who);
            else
              place.then(
                () => take(who),
                () => undefined,
              );
          } catch {
            expect(limiter.waiting()).toBe(size.maxWaiting);
          }
        };
        for (const next of steps) {
          if (next.kind === 'acquire') ask(next.patience);
          else if (next.kind === 'wait') await clock.advance(next.ms);
          else if (held > 0) {
            held -= 1;
            limiter.release();
          }
          await settle();
          expect(limiter.running()).toBe(held);
          expect(held).toBeLessThanOrEqual(size.maxConcurrent);
          expect(limiter.waiting()).toBeLessThanOrEqual(size.maxWaiting);
          // Nobody waits while a place is free.
          if (held < size.maxConcurrent) expect(limiter.waiting()).toBe(0);
          expect(served).toEqual([...served].sort((a, b) => a - b));
        }
        for (; held > 0; held -= 1) {
          limiter.release();
          await settle();
        }
        expect([limiter.running(), limiter.waiting()]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});
