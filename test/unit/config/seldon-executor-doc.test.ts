/** docs/seldon-executor.md and the settings say the same. */

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { adapterSettings } from '../../../src/config/adapter-settings.ts';
import { executorFlags } from '../../../src/config/executor-flags.ts';
import { flagsOf } from '../../../src/config/parse.ts';
import type { Setting } from '../../../src/config/setting.ts';

const document = await readFile(
  new URL('../../../docs/seldon-executor.md', import.meta.url),
  'utf8',
);
/** The rows under a heading, split into cells. */
const rowsOf = (heading: string): string[][] =>
  (document.split(`## ${heading}\n`)[1] ?? '')
    .split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('|---'))
    .slice(1)
    .map((line) => line.split('|').map((cell) => cell.trim())) ?? [];
const namesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`…]+)`/g)].map(([, n = '']) => n);

const settings: readonly Setting[] = Object.values(adapterSettings);
const settingOf = (flag: string) =>
  settings.find((setting) => flagsOf(setting).includes(flag.replaceAll('_', '-')));

describe('the table of flags', () => {
  const rows = rowsOf('Flags').flatMap((row) =>
    namesIn(row[1]).map((flag, i) => ({ flag, row, i })),
  );

  it.each(rows)('--$flag is what it says', ({ flag, row, i }) => {
    const setting = settingOf(flag);
    const [, , , ours = ''] = row;
    if (setting === undefined) {
      expect(Object.keys(executorFlags)).toContain(flag.replaceAll('_', '-'));
      expect(ours).toMatch(/^(?:not heeded|taken)/);
    } else {
      expect(namesIn(ours)[i]).toBe(setting.env);
    }
  });

  it('has every flag that is taken for the executor alone', () => {
    const named = rows.map(({ flag }) => flag.replaceAll('_', '-'));
    expect(named).toEqual(expect.arrayContaining(Object.keys(executorFlags)));
    expect(new Set(named).size).toBe(named.length);
  });
});

describe('the table of variables', () => {
  const known = new Set(settings.flatMap(({ env, aliases = [] }) => [env, ...aliases]));
  const rows = rowsOf('Variables').flatMap((row) =>
    namesIn(row[1]).map((name) => ({ name, ours: row[2] ?? '' })),
  );

  it.each(rows)('$name is what it says', ({ name, ours }) => {
    if (known.has(name)) expect(ours).toMatch(/^taken/);
    else expect(ours).toMatch(/^(?:not heeded|not read|refused|taken$)/);
  });

  it('has every variable that is not heeded', () => {
    const named = new Set(rows.map(({ name }) => name));
    for (const { env } of Object.values(executorFlags)) {
      if (env !== undefined) expect(named).toContain(env);
    }
  });
});
