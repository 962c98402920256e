import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeAcked,
  encodeAcked,
  fitsMetadata,
  holds,
  maxMetadataBytes,
  type OffsetRange,
  rangesBefore,
} from '../../../src/delivery/acked-offsets.ts';

/** Gaps and lengths, most of them short. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 300 }) },
  fc.integer({ min: 1, max: 2 ** 32 }),
);
const committed = fc.integer({ min: 0, max: 2 ** 52 });
const rangesFrom = (
  start: number,
  steps: readonly (readonly [number, number])[],
): OffsetRange[] => {
  let end = start;
  return steps.map(([gap, length]) => {
    const from = end + gap;
    end = from + length;
    return { from, to: end };
  });
};
const numbersOf = (ranges: readonly OffsetRange[]): number => ranges.length * 2;

describe('acknowledged offsets', () => {
  it('come back as they were, where they fit', () => {
    fc.assert(
      fc.property(committed, fc.array(fc.tuple(step, step), { maxLength: 300 }), (at, steps) => {
        const ranges = rangesFrom(at, steps);
        expect(decodeAcked(encodeAcked(at, ranges), at)).toEqual(ranges);
      }),
    );
  });

  it('never take more than the bound, and what comes back is the beginning of what was', () => {
    const many = fc.array(fc.tuple(step, step), { minLength: 1_000, maxLength: 3_000 });
    fc.assert(
      fc.property(committed, many, (at, steps) => {
        const ranges = rangesFrom(at, steps);
        const metadata = encodeAcked(at, ranges);
        expect(metadata.length).toBeLessThanOrEqual(maxMetadataBytes);
        const back = decodeAcked(metadata, at);
        expect(back.length).toBeGreaterThan(300);
        expect(ranges.slice(0, back.length)).toEqual(back);
      }),
      { numRuns: 20 },
    );
  });

  it('are all there whenever they were foreseen to fit', () => {
    const any = fc.array(fc.tuple(step, step), { minLength: 1, maxLength: 2_500 });
    fc.assert(
      fc.property(any, (steps) => {
        const ranges = rangesFrom(0, steps);
        fc.pre(fitsMetadata(numbersOf(ranges), ranges.at(-1)?.to ?? 0));
        expect(decodeAcked(encodeAcked(0, ranges), 0)).toEqual(ranges);
      }),
      { numRuns: 50 },
    );
  });

  it('are foreseen to fit by the hundreds, however sparse, and by the thousand where they are dense', () => {
    expect(fitsMetadata(360, 2 ** 52)).toBe(true);
    expect(fitsMetadata(2_000, 10_000)).toBe(true);
    expect(fitsMetadata(2_000, 10_000_000)).toBe(false);
    expect(fitsMetadata(4_000, 4_000)).toBe(false);
  });

  it('need no metadata where there are none', () => {
    expect(encodeAcked(7, [])).toBe('');
  });

  it('may begin at the committed offset itself', () => {
    const ranges = [{ from: 7, to: 9 }];
    expect(decodeAcked(encodeAcked(7, ranges), 7)).toEqual(ranges);
  });
});

describe('metadata', () => {
  const ours = encodeAcked(10, [{ from: 12, to: 20 }]);

  it('of another committed offset is not believed', () => {
    expect(decodeAcked(ours, 10)).toEqual([{ from: 12, to: 20 }]);
    for (const offset of [9, 11, 12, 0, -1]) expect(decodeAcked(ours, offset)).toEqual([]);
  });

  it.each([
    ['nothing', null],
    ['an empty text', ''],
    ['another client', 'consumer-1-7d3f'],
    ['a later version', ours.replace('se1', 'se2')],
    ['JSON', '{"offset":10}'],
    ['no numbers', 'se1.a.'],
    ['one number', `se1.a.${Buffer.from([3]).toString('base64url')}`],
    ['half a number', `se1.a.${Buffer.from([3, 0x85]).toString('base64url')}`],
    ['an empty range', `se1.a.${Buffer.from([3, 0]).toString('base64url')}`],
    ['ranges without a gap', `se1.a.${Buffer.from([3, 1, 0, 1]).toString('base64url')}`],
    ['a number past all offsets', `se1.a.${Buffer.alloc(40, 0xff).toString('base64url')}`],
    [
      'a sum past all offsets',
      `se1.a.${Buffer.from([1, 1, 1, ...Array(7).fill(0xff), 0x0f]).toString('base64url')}`,
    ],
    ['more than a broker takes', `se1.a.${'AQEB'.repeat(2_000)}`],
  ])('of %s is ignored', (_what, metadata) => {
    expect(decodeAcked(metadata, 10)).toEqual([]);
  });

  it('of any kind never throws, and tells ascending ranges that lie apart', () => {
    const near = fc.tuple(committed, fc.uint8Array({ maxLength: 40 })).map(([at, bytes]) => ({
      at,
      metadata: `se1.${at.toString(36)}.${Buffer.from(bytes).toString('base64url')}`,
    }));
    const far = fc.record({ at: fc.integer(), metadata: fc.string({ unit: 'binary' }) });
    fc.assert(
      fc.property(fc.oneof(near, far), ({ at, metadata }) => {
        let end = at - 1;
        for (const { from, to } of decodeAcked(metadata, at)) {
          expect(from).toBeGreaterThan(end);
          expect(to).toBeGreaterThan(from);
          expect(to).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
          end = to;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('ranges', () => {
  const ranges = [
    { from: 2, to: 4 },
    { from: 7, to: 8 },
  ];

  it('hold their offsets and no others', () => {
    const held = Array.from({ length: 10 }, (_, offset) => offset).filter((o) => holds(ranges, o));
    expect(held).toEqual([2, 3, 7]);
    expect(holds([], 0)).toBe(false);
  });

  it('are cut off at an end', () => {
    expect(rangesBefore(ranges, 9)).toEqual(ranges);
    expect(rangesBefore(ranges, 7)).toEqual([{ from: 2, to: 4 }]);
    expect(rangesBefore(ranges, 3)).toEqual([{ from: 2, to: 3 }]);
    expect(rangesBefore(ranges, 0)).toEqual([]);
  });
});
