import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchFormats } from '../../../src/inference/batch-formats.ts';
import { createRequestReader } from '../../../src/inference/batch-reader.ts';

const parts = [
  '{"data":{"ndarray":',
  '{"data":{"names":["é","b"],"ndarray": ',
  '{"data":{"tensor":{"shape":[1,2],"values":',
  '{"instances":',
  '{"signature_name":"s","instances":',
];
const rows = ['[[1,2]]', '[ [1,2]]', '[[3, 4],[5,6]]', '[[1.5,2]]', '[[1,2,3]]', '[1]', '[["é"]]'];
const odd = ['[[1,2]', '[[1,2]]]', '[[NaN,2]]', '[["\xff"]]', '[[1],[1,2]]', '', '[[1,2]] x', '[]'];
const ends = ['}}', '}', '}}}', '}} ', '},"meta":{}}', '},"meta":{"tags":{"a":1}}}'];

describe('a reader of requests', () => {
  it.each(['seldon', 'tensorflow'] as const)(
    'finds the same in a %s request whatever came before it',
    (protocol) => {
      const format = batchFormats[protocol];
      const body = fc
        .tuple(
          fc.constantFrom(...parts),
          fc.oneof(
            { weight: 3, arbitrary: fc.constantFrom(...rows) },
            { weight: 1, arbitrary: fc.constantFrom(...odd) },
          ),
          fc.constantFrom(...ends),
        )
        .map((texts) => Buffer.from(texts.join(''), 'latin1'));
      let taken = 0;
      fc.assert(
        fc.property(fc.array(body, { maxLength: 8 }), (bodies) => {
          const read = createRequestReader(format);
          for (const one of bodies) {
            const found = read(one);
            expect(found).toEqual(createRequestReader(format)(one));
            if (found !== undefined) taken += 1;
          }
        }),
        { numRuns: 2_000 },
      );
      expect(taken).toBeGreaterThan(100);
    },
  );

  it('does not mix up requests that differ only before or after their rows', () => {
    const read = createRequestReader(batchFormats.tensorflow);
    const of = (name: string) =>
      read(Buffer.from(`{"instances":[[1]],"signature_name":"${name}"}`))?.skeleton;
    expect(of('a')).toBe(of('a'));
    expect(of('b')).not.toBe(of('a'));
  });
});
