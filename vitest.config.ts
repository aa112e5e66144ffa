import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['schemas/**/*.test.ts', 'services/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    // Many tests wait for servers more than they work.
    maxWorkers: 2,
  },
})
