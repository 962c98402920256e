/** What the documents claim names the tests that hold it; a renamed test would leave a claim bare. */

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const sources = (readdirSync('test', { recursive: true }) as string[])
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(`test/${name}`, 'utf8'))
  .join('\n');

const exists = (name: string | undefined): boolean =>
  ["'", '"'].some((quote) => sources.includes(`${quote}${name}${quote}`));

/** @param column of the tables, in which tests are named in quotes */
const namedIn = (document: string, column: number): (string | undefined)[] => {
  const cells = document.split('\n').map((line) => line.split('|')[column] ?? '');
  return cells.flatMap((cell) => [...cell.matchAll(/"([^"]+)"/g)].map(([, name]) => name));
};

test.each([
  ['docs/kafkajs-faults.md', 3, 30],
  ['docs/comparison.md', 4, 20],
])('%s names tests that exist', (file, column, atLeast) => {
  const named = namedIn(readFileSync(file, 'utf8'), column);
  expect(named.length).toBeGreaterThan(atLeast);
  expect(named.filter((name) => !exists(name))).toEqual([]);
});
