import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseRate } from '../../../src/config/produce.ts';
import { watchRateFile } from '../../../src/produce/rate-file.ts';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rate-file-'));
  path = join(dir, 'rate');
});
afterEach(() => rm(dir, { recursive: true }));

/** A watch that looks only when told. */
async function watch() {
  const rates: number[] = [];
  const lines: string[] = [];
  let next: (() => void) | undefined;
  let looked = (): void => undefined;
  const file = await watchRateFile(
    { path, parseRate },
    {
      onRate: (rate) => rates.push(rate),
      print: (line) => lines.push(line),
      schedule: (delayMs, action) => {
        expect(delayMs).toBe(500);
        next = action;
        looked();
        return () => {
          next = undefined;
        };
      },
    },
  );
  const look = () =>
    new Promise<void>((resolve) => {
      looked = resolve;
      next?.();
    });
  return { rates, lines, look, file, pending: () => next !== undefined };
}

test('a rate file counts at the start, and whenever it changes', async () => {
  await writeFile(path, '5\n');
  const { rates, look, lines } = await watch();
  expect(rates).toEqual([5]);
  await look();
  expect(rates).toEqual([5]);
  await writeFile(path, '  0.5 ');
  await look();
  expect(rates).toEqual([5, 0.5]);
  expect(lines).toEqual([]);
});

test('a rate file that is written anew with the same rate counts again', async () => {
  await writeFile(path, '5');
  const { rates, look } = await watch();
  await utimes(path, 1, 1);
  await look();
  expect(rates).toEqual([5, 5]);
});

test('a rate file that is missing keeps the rate, and says so once', async () => {
  const { rates, lines, look } = await watch();
  for (let round = 0; round < 5; round += 1) await look();
  expect(lines).toEqual([`The rate file ${path} does not exist. The rate stays as it is.`]);
  await writeFile(path, '7');
  await look();
  expect(rates).toEqual([7]);
  await rm(path);
  for (let round = 0; round < 5; round += 1) await look();
  expect(lines).toHaveLength(2);
  expect(rates).toEqual([7]);
});

test.each([
  ['', /is empty, not a number/],
  ['fast', /holds "fast", not a number/],
  ['9'.repeat(2_000), /too large/],
])('a rate file with %j keeps the rate, and says so once', async (content, told) => {
  await writeFile(path, '3');
  const { rates, lines, look } = await watch();
  await writeFile(path, content);
  await look();
  expect(lines).toEqual([]);
  for (let round = 0; round < 3; round += 1) await look();
  expect(lines).toEqual([expect.stringMatching(told)]);
  expect(rates).toEqual([3]);
});

test('a rate file that is a folder is told of', async () => {
  path = dir;
  const { lines, look } = await watch();
  await look();
  expect(lines).toEqual([expect.stringMatching(/is not a file/)]);
});

test('a closed watch looks no more', async () => {
  const { file, pending } = await watch();
  file.close();
  expect(pending()).toBe(false);
});
