import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AdaptiveLimit, createAdaptiveLimit } from '../../../src/delivery/adaptive-limit.ts';

const targetMs = 500;
const make = (max = 64) => createAdaptiveLimit({ max, targetMs });

/**
 * A predictor in a steady state: `inFlight` calls under way at any time, each taking `callMs`, for
 * `forMs`; what has begun before is over.
 */
function run(
  limit: AdaptiveLimit,
  from: number,
  load: { readonly callMs: number; readonly inFlight?: number; readonly forMs: number },
  dropped = false,
): number {
  const { callMs, forMs } = load;
  let at = from;
  while (at < from + forMs) {
    const inFlight = load.inFlight ?? limit.limit();
    at += callMs / inFlight;
    limit.sample({ startedAt: at - callMs, endedAt: at, inFlight, dropped });
  }
  return at;
}

describe('the adaptive limit', () => {
  it('grows to its maximum while all of it is used and calls are fast', () => {
    const limit = make(200);
    run(limit, 0, { callMs: 10, forMs: 2_000 });
    expect(limit.limit()).toBe(200);
  });

  it('stays where it is while little of it is used', () => {
    const limit = make(200);
    const start = limit.limit();
    run(limit, 0, { callMs: 10, inFlight: 2, forMs: 10_000 });
    expect(limit.limit()).toBe(start);
  });

  it('forgets what is not used any more', () => {
    const limit = make(200);
    const start = limit.limit();
    const at = run(limit, 0, { callMs: 10, forMs: 2_000 });
    run(limit, at, { callMs: 10, inFlight: 2, forMs: 10_000 });
    expect(limit.limit()).toBe(start);
  });

  it('comes back to where it started, also where little of it is used', () => {
    const limit = make();
    const start = limit.limit();
    const at = run(limit, 0, { callMs: 100, forMs: 60_000 }, true);
    run(limit, at, { callMs: 10, inFlight: 1, forMs: 10_000 });
    expect(limit.limit()).toBe(start);
  });

  it('falls until calls take the target time: of a predictor of 25 calls a second, to about 12', () => {
    const limit = make();
    let at = run(limit, 0, { callMs: 10, forMs: 2_000 });
    // However many are under way, one ends each 40 ms.
    for (let round = 0; round < 200; round += 1) {
      const inFlight = limit.limit();
      at = run(limit, at, { callMs: inFlight * 40, inFlight, forMs: 400 });
    }
    expect(limit.limit()).toBeGreaterThanOrEqual(8);
    expect(limit.limit()).toBeLessThanOrEqual(17);
    expect(limit.callMs()).toBeLessThan(700);
  });

  it('falls before any call has taken the target time, where those under way will', () => {
    const limit = make();
    const before = limit.limit();
    // 16 are under way, one ends each 100 ms: the last will take 1,600 ms, the first took 100.
    for (let i = 1; i <= 8; i += 1) {
      limit.sample({ startedAt: 0, endedAt: i * 100, inFlight: before, dropped: false });
    }
    expect(limit.limit()).toBeLessThan(before);
  });

  it('is not lowered by bursts far apart: idle time is no slowness', () => {
    const limit = make();
    const start = limit.limit();
    for (let burst = 1; burst <= 50; burst += 1) {
      const at = burst * 60_000;
      for (let inFlight = 5; inFlight > 0; inFlight -= 1) {
        limit.sample({ startedAt: at, endedAt: at + 10, inFlight, dropped: false });
      }
    }
    expect(limit.limit()).toBe(start);
  });

  it('is lowered by calls turned away, once for those that were under way together', () => {
    const limit = make();
    const start = limit.limit();
    for (let i = 0; i < start; i += 1) {
      limit.sample({ startedAt: 0, endedAt: 100 + i, inFlight: start, dropped: true });
    }
    expect(limit.limit()).toBe(start / 2);
  });

  it('reaches 1 where all is turned away, and leaves it when the predictor answers again', () => {
    const limit = make();
    const at = run(limit, 0, { callMs: 100, forMs: 60_000 }, true);
    expect(limit.limit()).toBe(1);
    run(limit, at, { callMs: 10, forMs: 2_000 });
    expect(limit.limit()).toBe(64);
  });

  it('is not stuck at 1 before a predictor that is slower than the target even alone', () => {
    const limit = make();
    const servers = 8;
    let at = 0;
    for (let round = 0; round < 400; round += 1) {
      const inFlight = limit.limit();
      const callMs = 2_000 * Math.max(1, inFlight / servers);
      at = run(limit, at, { callMs, inFlight, forMs: 4_000 });
    }
    expect(limit.limit()).toBeGreaterThanOrEqual(servers - 2);
    expect(limit.limit()).toBeLessThanOrEqual(2 * servers);
  });

  it('is a whole number from 1 to its maximum, whatever it is told', () => {
    const sample = fc.record({
      startedAt: fc.double({ min: 0, max: 1e6, noNaN: true }),
      tookMs: fc.double({ min: 0, max: 1e5, noNaN: true }),
      inFlight: fc.integer({ min: 0, max: 1_000 }),
      dropped: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.array(sample), (max, samples) => {
        const limit = make(max);
        for (const { startedAt, tookMs, inFlight, dropped } of samples) {
          limit.sample({ startedAt, endedAt: startedAt + tookMs, inFlight, dropped });
          expect(Number.isInteger(limit.limit())).toBe(true);
          expect(limit.limit()).toBeGreaterThanOrEqual(1);
          expect(limit.limit()).toBeLessThanOrEqual(max);
          expect(Number.isFinite(limit.callMs())).toBe(true);
        }
      }),
    );
  });
});
