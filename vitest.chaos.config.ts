import { defineConfig } from 'vitest/config'

/** Kills and outages, minutes long: `npm run test:chaos`. The seed is printed; CHAOS_SEED=… does the same again. */
// biome-ignore lint/style/noDefaultExport: vitest reads it.
export default defineConfig({
  test: {
    include: ['test/chaos/**/*.chaos.ts'],
    fileParallelism: false,
  },
})
