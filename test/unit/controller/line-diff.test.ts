import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unifiedDiff } from '../../../src/controller/line-diff.ts';

const lines = (...texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('');

/** What `patch` makes of it. */
function patched(before: string, hunks: readonly string[]): string {
  const old = before === '' ? [] : before.replace(/\n$/, '').split('\n');
  const out: string[] = [];
  let at = 0;
  for (const line of hunks) {
    const [, start] = /^@@ -(\d+)/.exec(line) ?? [];
    if (start !== undefined) {
      while (at < Number(start) - 1) out.push(old[at++] ?? '');
    } else if (line.startsWith('-')) at += 1;
    else {
      if (line.startsWith(' ')) at += 1;
      out.push(line.slice(1));
    }
  }
  return lines(...out, ...old.slice(at));
}

describe('the difference of two texts', () => {
  it('of equal texts is nothing', () => {
    expect(unifiedDiff(lines('a', 'b'), lines('a', 'b'))).toEqual([]);
    expect(unifiedDiff('', '')).toEqual([]);
  });

  it('is written as diff -u writes it, with three lines around', () => {
    const before = lines('1', '2', '3', '4', '5', '6', '7', '8', '9');
    expect(unifiedDiff(before, before.replace('5', 'five'))).toEqual([
      '@@ -2,7 +2,7 @@',
      ...[' 2', ' 3', ' 4', '-5', '+five', ' 6', ' 7', ' 8'],
    ]);
  });

  it('of something and nothing is all of it', () => {
    expect(unifiedDiff('', lines('a', 'b'))).toEqual(['@@ -1,0 +1,2 @@', '+a', '+b']);
    expect(unifiedDiff(lines('a'), '')).toEqual(['@@ -1,1 +1,0 @@', '-a']);
  });

  it('makes the one of the other, whatever they are', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [before, after] = [lines(...one), lines(...other)];
        expect(patched(before, unifiedDiff(before, after))).toBe(after);
      }),
    );
  });
});
