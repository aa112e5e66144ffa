import { describe, expect, test } from 'vitest'
import { kafkaAvailable } from '../support/kafka/kafka.ts'
import { expectTheLogOnce } from './kafka-aftermath.ts'
import { kafkaKillRun } from './kafka-kill-run.ts'
import { VICTIMS } from './kill-plan.ts'

const { CHAOS_KILLS, CHAOS_SEED } = process.env
const KILLS = Number(CHAOS_KILLS ?? 20)
const SEED = Number(CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31))
const DAY_MS = 86_400_000

const unavailable = await kafkaAvailable()
const title = `after ${KILLS} kills -9 of each of ${VICTIMS.join(', ')}, with rebalances (CHAOS_SEED=${SEED})`

describe.skipIf(unavailable !== null)(unavailable === null ? title : `${title} (${unavailable})`, () => {
  test('nothing is lost, nothing is counted twice, and every publisher holds the list of a replay', async () => {
    const tell = (line: string): void => console.log(line)
    // Yesterday morning: a log without years has to lie before now.
    const startsAt = Math.floor(Date.now() / DAY_MS) * DAY_MS - 18 * 3_600_000
    tell(
      `seed ${SEED}: CHAOS_SEED=${SEED} CHAOS_KILLS=${KILLS} npm run test:chaos makes the same kills and, dates apart, the same log`,
    )
    await kafkaKillRun({ seed: SEED, kills: KILLS, pieces: [20, 80], bytes: 40_000, startsAt, tell }, async (run) => {
      const figures = await expectTheLogOnce(run)
      const { kills, rebalances, writer } = run
      const { lines, bytes, rotations, digest } = writer
      tell(JSON.stringify({ lines, bytes, rotations, digest, kills, rebalances, ...figures }))
      expect(kills).toEqual(Object.fromEntries(VICTIMS.map((victim) => [victim, KILLS])))
      expect(rebalances).toBe(Math.round((VICTIMS.length * KILLS) / 3))
      expect(figures.events).toBeGreaterThan(100 * KILLS)
      expect(figures.letters).toBeGreaterThan(0)
      expect(figures.listings).toBeGreaterThan(0)
    })
  }, 3_600_000)
})
