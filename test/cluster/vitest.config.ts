import { defineConfig } from 'vitest/config';

/** `npm run test:cluster`: its files share one cluster, and mostly wait. */
export default defineConfig({
  test: {
    include: ['test/cluster/**/*.test.ts'],
    globalSetup: 'test/cluster/global-setup.ts',
    // All at once, however few processors there are.
    maxWorkers: 3,
    testTimeout: 900_000,
    hookTimeout: 900_000,
    teardownTimeout: 60_000,
  },
});
