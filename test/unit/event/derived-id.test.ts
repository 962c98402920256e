import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { derivedId } from '../../../src/event/derived-id.ts';

const parts = fc.array(fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }));

describe('derivedId', () => {
  it('is a version 8 UUID of the right variant', () => {
    fc.assert(
      fc.property(parts, (list) => {
        const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
        expect(derivedId(list)).toMatch(uuid);
      }),
    );
  });

  it('never changes between versions: consumers deduplicate by it', () => {
    expect(derivedId(['event', '/s', '1', 'iris', 'default', 'main', undefined])).toBe(
      'd577c803-20b9-8588-a1bb-de92a630a8fd',
    );
  });

  it('is the same for the same parts', () => {
    fc.assert(fc.property(parts, (list) => derivedId(list) === derivedId([...list])));
  });

  it('differs wherever the parts differ, however they are cut', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        fc.pre(JSON.stringify(a.map((p) => p ?? null)) !== JSON.stringify(b.map((p) => p ?? null)));
        expect(derivedId(a)).not.toBe(derivedId(b));
      }),
    );
  });

  it.each([
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [['a', undefined], ['a']],
    [
      ['a', undefined],
      ['a', ''],
    ],
    [[undefined], ['-:']],
    [['1:a'], ['1', 'a']],
  ])('tells %j from %j', (a, b) => {
    expect(derivedId(a)).not.toBe(derivedId(b));
  });
});
