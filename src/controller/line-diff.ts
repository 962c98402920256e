/** The difference of two texts by lines, as `diff -u` writes it. */

interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

const contextLines = 3;

/** @returns hunks without file headers; empty where the texts are equal */
export function unifiedDiff(before: string, after: string): string[] {
  const lines = align(linesOf(before), linesOf(after));
  const near = lines.map((_, i) =>
    lines
      .slice(Math.max(0, i - contextLines), i + contextLines + 1)
      .some(({ sign }) => sign !== ' '),
  );
  const out: string[] = [];
  const at = { before: 1, after: 1 };
  lines.forEach((line, i) => {
    if (near[i] && !near[i - 1]) {
      const length = near.slice(i).findIndex((isNear) => !isNear);
      const hunk = lines.slice(i, length < 0 ? undefined : i + length);
      const count = (sign: '-' | '+') => hunk.filter((it) => it.sign !== sign).length;
      out.push(`@@ -${at.before},${count('+')} +${at.after},${count('-')} @@`);
    }
    if (near[i]) out.push(line.sign + line.text);
    if (line.sign !== '+') at.before += 1;
    if (line.sign !== '-') at.after += 1;
  });
  return out;
}

const linesOf = (text: string): string[] =>
  text === '' ? [] : text.replace(/\n$/, '').split('\n');

/** By the longest common subsequence; manifests have hundreds of lines, so a plain table will do. */
function align(before: readonly string[], after: readonly string[]): Line[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      common[i * width + j] =
        before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, fresh] = [before[i], after[j]];
    if (old !== undefined && old === fresh) {
      lines.push({ sign: ' ', text: old });
      i += 1;
      j += 1;
    } else if (old !== undefined && (fresh === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ sign: '-', text: old });
      i += 1;
    } else {
      lines.push({ sign: '+', text: fresh ?? '' });
      j += 1;
    }
  }
  return lines;
}
