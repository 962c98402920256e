import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isSampled,
  parseTraceparent,
  traceIdOf,
  withTraceparent,
} from '../../../src/delivery/tracing.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const text = `00-${traceId}-${spanId}-01`;

const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map((digits) => digits.join(''))
    .filter((digits) => /[^0]/.test(digits));

describe('a traceparent', () => {
  test('is read: ids and whether it is sampled', () => {
    expect(parseTraceparent(text)).toEqual({ traceId, spanId, isSampled: true });
    expect(traceIdOf(text)).toBe(traceId);
    expect(traceIdOf(undefined)).toBe(undefined);
  });

  test('of a later version may hold more', () => {
    expect(parseTraceparent(`cc-${traceId}-${spanId}-01-what-else`)?.traceId).toBe(traceId);
  });

  test.each([
    '',
    '00',
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId}-${spanId}-01-more`,
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    ` ${text}`,
    `${text}\n`,
    `00-${traceId}-${spanId}-0g`,
  ])('is none: %j', (wrong) => {
    expect(parseTraceparent(wrong)).toBe(undefined);
    expect(isSampled(wrong)).toBe(false);
  });

  test('of any ids and flags is read back, and sampled where its last bit says so', () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.integer({ min: 0, max: 255 }), (trace, span, flags) => {
        const made = `00-${trace}-${span}-${flags.toString(16).padStart(2, '0')}`;
        const sampled = flags % 2 === 1;
        expect(parseTraceparent(made)).toEqual({
          ...{ traceId: trace, spanId: span },
          isSampled: sampled,
        });
        expect(isSampled(made)).toBe(sampled);
      }),
    );
  });

  test('of any text: never a throw, and sampled only what is one', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (given) => {
        expect(isSampled(given)).toBe(parseTraceparent(given)?.isSampled ?? false);
      }),
    );
  });
});

test('a new traceparent takes the place of every one that was there', () => {
  expect(
    withTraceparent(['a', '1', 'traceparent', 'x', 'b', '2', 'traceparent', 'y'], text),
  ).toEqual(['a', '1', 'b', '2', 'traceparent', text]);
});
