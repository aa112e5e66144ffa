import { describe, expect, test } from 'vitest'
import { kafkaAvailable } from '../support/kafka/kafka.ts'
import { expectTheLogOnce } from './kafka-aftermath.ts'
import { kafkaKillRun } from './kafka-kill-run.ts'

const DAY_MS = 86_400_000

const unavailable = await kafkaAvailable()
const title = 'services on Kafka, and the broker and ClickHouse, killed -9 while a log is being written'

/**
 * The small sister of `npm run test:chaos`: one seed, chosen so that a scorer joins as the broker is killed and leaves as another one is,
 * or the other way round, and all kinds of rotation come by.
 */
describe.skipIf(unavailable !== null)(unavailable === null ? title : `${title} (${unavailable})`, () => {
  test('lose nothing and count nothing twice', async () => {
    const startsAt = Math.floor(Date.now() / DAY_MS) * DAY_MS - 18 * 3_600_000
    const told: string[] = []
    const tell = (line: string): void => void told.push(line)
    await kafkaKillRun({ seed: 566, kills: 1, pieces: [15, 30], bytes: 180_000, startsAt, tell }, async (run) => {
      const { events, letters, listings } = await expectTheLogOnce(run)
      expect(events, told.join('\n')).toBeGreaterThan(500)
      expect(letters).toBeGreaterThan(0)
      expect(listings).toBeGreaterThan(0)
      expect(run.kills).toEqual({ collector: 1, scorer: 1, publisher: 1, broker: 1, clickhouse: 1 })
      expect(run.rebalances).toBe(2)
      expect(run.writer.rotations).toBe(5)
    })
  }, 300_000)
})
