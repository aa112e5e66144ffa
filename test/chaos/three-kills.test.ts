import { expect, test } from 'vitest'
import { expectNothingLostOrTwice } from './aftermath.ts'
import { killRun } from './kill-run.ts'

const DAY_MS = 86_400_000

/** The small sister of `npm run test:chaos`: one seed, chosen so that the process, its ClickHouse and a start under way are killed, and all kinds of rotation come by. */
test('tlsrep killed -9 while it reads a log that is being written loses nothing and counts nothing twice', async () => {
  const startsAt = Math.floor(Date.now() / DAY_MS) * DAY_MS - 18 * 3_600_000
  const told: string[] = []
  const run = await killRun({ seed: 85, kills: 3, pieces: [20, 60], startsAt, tell: (line) => told.push(line) })
  try {
    const { events, letters } = await expectNothingLostOrTwice(run)
    expect(events, told.join('\n')).toBeGreaterThan(500)
    expect(letters).toBeGreaterThan(0)
    expect(run.kills).toEqual({ process: 1, clickhouse: 1, both: 0, starting: 1 })
    expect(run.writer.rotations).toBe(4)
  } finally {
    await run.dispose()
  }
}, 180_000)
