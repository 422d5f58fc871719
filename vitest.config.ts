import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'stories/**/*.test.ts', 'drill/**/*.test.ts'],
    globalSetup: ['src/store/testing.global.ts'],
    // A page takes seconds on a busy machine; what is polled for comes in the end, or the test fails all the same.
    expect: { poll: { timeout: 20_000 } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
