import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseDurationMs } from '../../src/duration.ts';

it('a duration is the sum of its parts, in any order, as Go reads it', () => {
  const units = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1e3, m: 6e4, h: 36e5 };
  const part = fc.tuple(
    fc.integer({ min: 0, max: 9_999 }),
    fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      const ms = parts.reduce((sum, [number, unit]) => sum + number * units[unit], 0);
      const read = parseDurationMs(parts.map(([number, unit]) => `${number}${unit}`).join(''));
      expect(Math.abs((read ?? Number.NaN) - ms)).toBeLessThanOrEqual(0.5 + 1e-6);
    }),
  );
});

it.each([
  '',
  ' ',
  's',
  '1',
  '1.5',
  '0',
  '15 s',
  '-1s',
  '+1s',
  '1s1',
  '1S',
  '1e3',
  '.5s',
  '1.s',
  '1d',
  '∞',
])('what Go does not take is none, but a number alone is milliseconds: %j', (text) => {
  const plain = /^\d+(?:\.\d+)?$/.test(text) ? Math.round(Number(text)) : undefined;
  expect(parseDurationMs(text)).toBe(plain);
});

it('whatever the text is, it is read without a throw and in no time', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseDurationMs(text)));
  expect(parseDurationMs('1'.repeat(1_000_000))).toBeUndefined();
  expect(parseDurationMs(`${'1ms'.repeat(1_000_000)}x`)).toBeUndefined();
});
