import { expect, test } from 'vitest';
import { createSweep } from '../../../src/grpc/sweep.ts';

test('what is late is told until it is removed; what is not, or was removed, is left alone', async () => {
  let time = 0;
  const sweep = createSweep(() => time);
  const told: string[] = [];
  const timed = (name: string, endsAt: number) => ({ endsAt, expire: () => void told.push(name) });
  const [late, early, removed] = [timed('late', 10), timed('early', 30), timed('removed', 10)];
  for (const one of [late, early, removed]) sweep.add(one);
  sweep.remove(removed);
  time = 20;
  await new Promise<void>((resolve) => {
    const look = { endsAt: 0, expire: () => (told.length > 2 ? resolve() : undefined) };
    sweep.add(look);
  });
  expect(new Set(told)).toEqual(new Set(['late']));
  sweep.remove(late);
  told.length = 0;
  time = 40;
  await new Promise<void>((resolve) => {
    sweep.add({ endsAt: 0, expire: resolve });
  });
  expect(told).toEqual(['early']);
});
