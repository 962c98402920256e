import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const suite = (name: string, testTimeout: number) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout },
});

export default defineConfig({
  test: {
    // Integration tests mostly wait for brokers and API servers: on two cores, two files at a time
    // take two thirds of the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [suite('unit', 30_000), suite('conformance', 30_000), suite('integration', 180_000)],
  },
});
