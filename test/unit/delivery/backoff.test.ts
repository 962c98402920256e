import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../src/delivery/backoff.ts';

const options = { baseMs: 200, maxMs: 10_000 };

describe('backoffMs', () => {
  it('doubles with each attempt up to the longest delay', () => {
    const longest = [1, 2, 3, 4, 7, 1_000].map((attempt) => backoffMs(attempt, options, () => 1));
    expect(longest).toEqual([200, 400, 800, 1_600, 10_000, 10_000]);
  });

  it('lies between half and all of that, for any attempt', () => {
    const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), unit, (attempt, random) => {
        const whole = backoffMs(attempt, options, () => 1);
        const delay = backoffMs(attempt, options, () => random);
        expect(delay).toBeGreaterThanOrEqual(whole / 2);
        expect(delay).toBeLessThanOrEqual(whole);
      }),
    );
  });
});
