import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPace } from '../../../src/produce/pace.ts';

/** Takes whatever is due, every `stepMs` until `untilMs`. */
function takeAll(pace: ReturnType<typeof createPace>, fromMs: number, untilMs: number, stepMs = 1) {
  let taken = 0;
  for (let at = fromMs; at <= untilMs; at += stepMs) taken += pace.take(Infinity, at);
  return taken;
}

describe('the pace', () => {
  test('lets the first event go at once, and then one whenever it is due', () => {
    const pace = createPace(2, 1_000);
    expect(pace.take(10, 1_000)).toBe(1);
    expect(pace.take(10, 1_499)).toBe(0);
    expect(pace.waitMs(1_499)).toBeCloseTo(1);
    expect(pace.take(10, 1_500)).toBe(1);
  });

  test.each([
    [0.1, 60_000, 7],
    [1, 10_000, 11],
    [3, 10_000, 31],
    [10_000, 1_000, 10_001],
  ])('of %d per second lets as many go in %d ms', (rate, ms, expected) => {
    expect(takeAll(createPace(rate, 0), 0, ms)).toBe(expected);
  });

  test('of 0 lets nothing go, and has nothing to wait for', () => {
    const pace = createPace(0, 0);
    expect(takeAll(pace, 0, 100_000, 100)).toBe(0);
    expect(pace.waitMs(100_000)).toBeUndefined();
  });

  test('does not make up for a pause', () => {
    const pace = createPace(100, 0);
    takeAll(pace, 0, 1_000);
    pace.setRate(0, 1_000);
    pace.setRate(100, 61_000);
    expect(pace.take(Infinity, 61_000)).toBeLessThanOrEqual(1);
    expect(pace.behind(61_000)).toBe(0);
  });

  test('does not make up for what was owed at another rate, and counts it', () => {
    const pace = createPace(100, 0);
    expect(pace.take(0, 500)).toBe(0);
    pace.setRate(1, 500);
    expect(pace.take(Infinity, 500)).toBe(1);
    expect(pace.behind(500)).toBe(50);
  });

  test('makes up for no more than a second after a halt, and counts the rest', () => {
    const pace = createPace(100, 0);
    expect(pace.take(Infinity, 0)).toBe(1);
    expect(pace.take(Infinity, 60_000)).toBe(101);
    expect(pace.behind(60_000)).toBe(6_000 - 101);
  });

  test('loses nothing to ticks that come late', () => {
    const pace = createPace(1, 0);
    let taken = 0;
    for (let at = 0; at < 100_000; at += 1_003.7) taken += pace.take(Infinity, at);
    expect(taken).toBe(100);
  });

  test('takes what there is room for, and owes the rest', () => {
    const pace = createPace(10, 0);
    expect(pace.take(3, 1_000)).toBe(3);
    expect(pace.behind(1_000)).toBe(8);
    expect(pace.take(-1, 1_000)).toBe(0);
  });
});

const step = fc.oneof(
  fc.record({
    kind: fc.constant('wait' as const),
    ms: fc.double({ min: 0, max: 5_000, noNaN: true }),
  }),
  fc.record({
    kind: fc.constant('rate' as const),
    rate: fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 20_000, noNaN: true })),
  }),
  fc.record({ kind: fc.constant('take' as const), room: fc.nat(2_000) }),
);

describe('whatever happens', () => {
  test('no more goes than the rate allows, all else is behind, and no wait is too long', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now = 0;
        let rate = 10;
        let allowed = 1;
        let taken = 0;
        const pace = createPace(rate, now);
        for (const each of steps) {
          if (each.kind === 'rate') {
            rate = each.rate;
            pace.setRate(rate, now);
            expect(pace.take(0, now)).toBe(0);
          } else if (each.kind === 'wait') {
            now += each.ms;
            allowed += (rate * each.ms) / 1_000;
          } else {
            const count = pace.take(each.room, now);
            expect(count).toBeLessThanOrEqual(Math.min(each.room, 1 + rate + 1e-3));
            taken += count;
          }
          expect(taken).toBeLessThanOrEqual(allowed + 1e-3);
          if (rate > 0) expect(taken + pace.behind(now)).toBeGreaterThan(allowed - 1 - 1e-3);
          const wait = pace.waitMs(now);
          expect(wait === undefined).toBe(rate === 0);
          if (wait !== undefined) expect(wait).toBeLessThanOrEqual((1_000 / rate) * (1 + 1e-5));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('right after a change of rate at most one event is due', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 10_000, noNaN: true }),
        fc.double({ min: 0, max: 100_000, noNaN: true }),
        fc.double({ min: 0, max: 10_000, noNaN: true }),
        (before, ms, after) => {
          const pace = createPace(before, 0);
          pace.setRate(after, ms);
          expect(pace.take(Infinity, ms)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
