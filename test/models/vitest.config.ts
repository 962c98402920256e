import { defineConfig } from 'vitest/config';

/** `npm run test:models`: one file after the other, since each runs servers of its own. */
export default defineConfig({
  test: {
    include: ['test/models/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
