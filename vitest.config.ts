import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/file-scope.ts'],
    pool: 'forks',
    // Tests wait for servers more than they compute, so a little more than the usual two cores.
    maxWorkers: 4,
    // They end what hangs, also on a machine that is busy otherwise.
    testTimeout: 180_000,
    hookTimeout: 240_000,
    teardownTimeout: 30_000,
  },
});
