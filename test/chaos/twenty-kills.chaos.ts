import { expect, test } from 'vitest'
import { expectNothingLostOrTwice } from './aftermath.ts'
import { killRun } from './kill-run.ts'

const { CHAOS_KILLS, CHAOS_SEED } = process.env
const KILLS = Number(CHAOS_KILLS ?? 20)
const SEED = Number(CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31))
const DAY_MS = 86_400_000

test(`after ${KILLS} kills -9 of tlsrep and its ClickHouse in mid-stream nothing is lost and nothing counted twice (CHAOS_SEED=${SEED})`, async () => {
  const tell = (line: string): void => console.log(line)
  // Yesterday morning: a log without years has to lie before now.
  const startsAt = Math.floor(Date.now() / DAY_MS) * DAY_MS - 18 * 3_600_000
  tell(`seed ${SEED}: CHAOS_SEED=${SEED} CHAOS_KILLS=${KILLS} npm run test:chaos makes the same log and the same kills`)
  const run = await killRun({ seed: SEED, kills: KILLS, pieces: [40, 250], startsAt, tell })
  try {
    const figures = await expectNothingLostOrTwice(run)
    const { lines, bytes, rotations } = run.writer
    tell(JSON.stringify({ lines, bytes, rotations, kills: run.kills, ...figures }))
    expect(figures.events).toBeGreaterThan(100 * KILLS)
    expect(figures.letters).toBeGreaterThan(0)
    expect(figures.listings).toBeGreaterThan(0)
  } finally {
    await run.dispose()
  }
}, 1_800_000)
