import { describe, expect, test } from 'vitest'
import { parseGrowing } from '../support/instance/parsed.ts'
import { kafkaAvailable } from '../support/kafka/kafka.ts'
import {
  expectExactlyTheseEvents,
  expectExactlyTheseLetters,
  expectTheReplayedList,
} from '../support/services/aftermath.ts'
import { allStored } from '../support/services/progress.ts'
import { kafkaKillRun, VICTIMS } from './kafka-kill-run.ts'

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
      `seed ${SEED}: CHAOS_SEED=${SEED} CHAOS_KILLS=${KILLS} npm run test:chaos makes the same log and the same kills`,
    )
    const run = await kafkaKillRun({ seed: SEED, kills: KILLS, pieces: [20, 80], startsAt, tell })
    const { installation, writer, kills, rebalances, publishers } = run
    try {
      const parsed = await parseGrowing(writer.files(), Date.now())
      await allStored(installation.clickhouse, parsed.ended.length, 180_000)
      await expectExactlyTheseEvents(installation.clickhouse, parsed.ended)
      await expectExactlyTheseLetters(installation.clickhouse, parsed.letters)
      const listings = await expectTheReplayedList(installation.clickhouse, publishers)
      const { lines, bytes, rotations } = writer
      const figures = { events: parsed.ended.length, letters: parsed.letters.length, listings: listings.length }
      tell(JSON.stringify({ lines, bytes, rotations, kills, rebalances, ...figures }))
      expect(figures.events).toBeGreaterThan(100 * KILLS)
      expect(figures.letters).toBeGreaterThan(0)
      expect(figures.listings).toBeGreaterThan(0)
    } finally {
      await run.dispose()
    }
  }, 3_600_000)
})
