/** What a document shows of a program's output, compared with what it wrote. Pure. */

/** Times and ports are those of a run. */
function normalised(text: string): readonly string[] {
  return text
    .replaceAll('\u001b', '')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, '<time>')
    .replaceAll(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, '<time>')
    .split(/\r?\n/)
    .map((line) => line.trimEnd());
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** `…` within a line stands for anything. */
const lineMatches = (shown: string, written: string): boolean =>
  new RegExp(`^${shown.split('…').map(escaped).join('.*')}$`).test(written);

/**
 * Whether the lines stand in the output, one after another; a line `…` stands for any number of them.
 *
 * @returns the lines that are not there together, or undefined where all are
 */
export function missingLines(shown: string, written: string): string | undefined {
  const lines = normalised(written);
  let at = 0;
  for (const passage of passagesOf(normalised(shown.replace(/\n+$/, '')))) {
    const from = at;
    const isHere = (start: number): boolean =>
      passage.every((line, i) => lineMatches(line, lines[start + i] ?? '\0'));
    const found = lines.findIndex((_, start) => start >= from && isHere(start));
    if (found < 0) return passage.join('\n');
    at = found + passage.length;
  }
  return undefined;
}

function passagesOf(lines: readonly string[]): readonly (readonly string[])[] {
  const passages: string[][] = [[]];
  for (const line of lines) {
    if (line === '…') passages.push([]);
    else passages.at(-1)?.push(line);
  }
  return passages.filter((passage) => passage.length > 0);
}
