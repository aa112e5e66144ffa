import { defineConfig } from 'vitest/config'

// What takes minutes, and is not run with the rest:  npx vitest run --config test/deploy/vitest.config.ts
// biome-ignore lint/style/noDefaultExport: vitest wants it so.
export default defineConfig({
  test: {
    include: ['test/deploy/**/*.long.ts'],
    root: new URL('../..', import.meta.url).pathname,
    testTimeout: 400_000,
  },
})
