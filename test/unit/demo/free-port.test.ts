import { expect, test } from 'vitest';
import { findFreePort } from '../../../src/demo/free-port.ts';

test('a free port lies below those that outgoing connections get', async () => {
  expect(await findFreePort()).toBeLessThan(32_768);
});

test('no port is given out twice, though nobody listens on it yet', async () => {
  const ports = await Promise.all(Array.from({ length: 1_000 }, findFreePort));
  expect(new Set(ports).size).toBe(1_000);
});
