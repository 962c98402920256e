import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const documented = readFileSync('docs/kafkajs-faults.md', 'utf8');
const sources = (readdirSync('test', { recursive: true }) as string[])
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(`test/${name}`, 'utf8'))
  .join('\n');

test('docs/kafkajs-faults.md names tests that exist', () => {
  const shown = documented.split('\n').map((line) => line.split('|')[3] ?? '');
  const named = shown.flatMap((cell) => [...cell.matchAll(/"([^"]+)"/g)].map(([, name]) => name));
  expect(named.length).toBeGreaterThan(30);
  const exists = (name: string | undefined) =>
    ["'", '"'].some((quote) => sources.includes(`${quote}${name}${quote}`));
  expect(named.filter((name) => !exists(name))).toEqual([]);
});
