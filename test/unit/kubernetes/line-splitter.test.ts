import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineSplitter } from '../../../src/kubernetes/line-splitter.ts';

function split(chunks: readonly Buffer[], maxBytes: number) {
  const lines: string[] = [];
  let tooLong = 0;
  const splitter = createLineSplitter(
    maxBytes,
    (line) => lines.push(line.toString('utf8')),
    () => {
      tooLong += 1;
    },
  );
  for (const chunk of chunks) splitter.push(chunk);
  return { lines, tooLong, pending: splitter.pending() };
}

describe('the line splitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((s) => s.replaceAll('\n', ''));
    fc.assert(
      fc.property(fc.array(text), text, fc.array(fc.nat({ max: 7 })), (whole, rest, cuts) => {
        const bytes = Buffer.from(`${whole.map((line) => `${line}\n`).join('')}${rest}`);
        const chunks: Buffer[] = [];
        let from = 0;
        for (const size of cuts) {
          chunks.push(bytes.subarray(from, from + size));
          from += size;
        }
        chunks.push(bytes.subarray(from));
        const { lines, pending } = split(chunks, 1_000);
        expect(lines).toEqual(whole.filter((line) => line !== ''));
        expect(pending).toBe(Buffer.byteLength(rest));
      }),
    );
  });

  it('tells once of each line beyond the limit, keeps nothing of it, and takes the next', () => {
    const chunks = ['12345', '6789', '\n', 'ok\n', '1234567890\n', '12345678\n'].map((c) =>
      Buffer.from(c),
    );
    expect(split(chunks, 8)).toEqual({ lines: ['ok', '12345678'], tooLong: 2, pending: 0 });
  });
});
