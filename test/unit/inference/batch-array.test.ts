import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanArray, scanElements } from '../../../src/inference/batch-array.ts';
import { leafKinds, skipValue } from '../../../src/inference/batch-scan.ts';

const numberText = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => JSON.stringify(n)),
  fc.constantFrom(
    '0',
    '-0',
    '0.5',
    '-0.50',
    '1e5',
    '1E-5',
    '1.5e+5',
    '10.25',
    '123456789012345678',
  ),
);
const gap = fc.constantFrom('', ' ', '\n', '  ');

describe('an array of numbers', () => {
  it('is found with its shape and its elements, however it is written', () => {
    const nested = fc
      .record({
        shape: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
        gap,
      })
      .chain(({ shape, gap: g }) => {
        const size = shape.reduce((product, axis) => product * axis, 1);
        const leaves = fc.array(numberText, { minLength: size, maxLength: size });
        return leaves.map((texts) => ({ shape, text: write(shape, texts, g) }));
      });
    fc.assert(
      fc.property(nested, ({ shape, text }) => {
        const bytes = Buffer.from(text);
        const array = scanArray(bytes, 0, true);
        expect(array?.shape).toEqual(shape);
        expect(array?.end).toBe(bytes.length);
        expect(scanArray(bytes, 0, false)).toEqual({ ...array, starts: [], ends: [] });
        const elements = array?.starts.map((start, i) =>
          JSON.parse(bytes.toString('utf8', start, array.ends[i])),
        );
        expect(elements).toEqual(JSON.parse(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['[1,2]', leafKinds.integer],
    ['[1,2.0]', leafKinds.integer | leafKinds.float],
    ['[1e1]', leafKinds.float],
    ['[0.5]', leafKinds.float],
    ['[0.5e1]', leafKinds.float],
    ['[1234567890123456789]', leafKinds.huge],
    ['[1, NaN,-Infinity]', leafKinds.integer | leafKinds.nonFinite],
    ['["a",true,null]', leafKinds.string | leafKinds.boolean | leafKinds.null],
  ])('tells what is in %s', (text, kinds) => {
    expect(scanArray(Buffer.from(text), 0, false)?.kinds).toBe(kinds);
  });

  it.each([
    ...[
      '[01]',
      '[-]',
      '[.5]',
      '[1.]',
      '[1.e5]',
      '[1e]',
      '[1e+]',
      '[0.]',
      '[0.5e]',
      '[00.5]',
      '[+1]',
    ],
    ...[
      '[1,]',
      '[,1]',
      '[1 2]',
      '[1',
      '[1,',
      '[',
      '1',
      '',
      '["a]',
      '["\\x"]',
      '["\\u12g4"]',
      '["\n"]',
    ],
    ...[
      '[tru]',
      '[nul]',
      '[--1]',
      '[1,-]',
      '[1, ,2]',
      '[Infinit]',
      '[0x1]',
      '[1}',
      '[[1],[2]',
      '[]',
    ],
  ])('%s is none', (text) => {
    expect(scanArray(Buffer.from(text), 0, false)).toBeUndefined();
    expect(scanElements(Buffer.from(text), 0)).toBeUndefined();
  });
});

describe('a value', () => {
  it('ends where it ends, whatever it is', () => {
    fc.assert(
      fc.property(fc.json(), gap, (text, after) => {
        const bytes = Buffer.from(text + after);
        expect(skipValue(bytes, 0)).toBe(Buffer.byteLength(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is not followed for ever', () => {
    const deep = Buffer.from('['.repeat(100_000));
    expect(skipValue(deep, 0)).toBe(-1);
    expect(scanArray(deep, 0, false)).toBeUndefined();
    expect(skipValue(Buffer.from('{"a":'.repeat(100_000)), 0)).toBe(-1);
  });
});

/** A nested array of these leaves, with `g` wherever white space may stand. */
function write(shape: readonly number[], leaves: readonly string[], g: string): string {
  const [, ...inner] = shape;
  const count = shape[0] ?? 0;
  const share = leaves.length / count;
  const elements = Array.from({ length: count }, (_, i) =>
    inner.length === 0
      ? (leaves[i] ?? '')
      : write(inner, leaves.slice(i * share, (i + 1) * share), g),
  );
  return `[${g}${elements.join(`${g},${g}`)}${g}]`;
}
