import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../../src/delivery/retry-after.ts';

const now = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');

describe('retryAfterMs', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
    ['Wed, 21 Oct 2026 07:27:30 GMT', 0],
    [undefined, undefined],
    ['', undefined],
    ['soon', undefined],
  ])('%s is %s ms', (value, expected) => {
    expect(retryAfterMs(value, now)).toBe(expected);
  });

  it('is never negative and always finite', () => {
    for (const value of ['-1', '1.5', '9'.repeat(40), '1e9', 'Infinity']) {
      const ms = retryAfterMs(value, now) ?? 0;
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(ms)).toBe(true);
    }
  });
});
