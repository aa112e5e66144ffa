import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { corpusSessions } from '../support/corpus.ts'
import { parseGrowing } from '../support/instance/parsed.ts'
import { endlessLog, logRounds, SETS } from './endless-log.ts'

const STARTS_AT = Date.UTC(2026, 0, 1)
const ROUNDS = 3

test('every round of the endless log has the sessions that its sets are labelled with, all of them under ids of their own', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tlsrep-endless-'))
  try {
    const path = join(directory, 'mail.log')
    writeFileSync(path, Buffer.concat([...logRounds(STARTS_AT).take(ROUNDS)].flat()))
    const { ended, open, letters } = await parseGrowing([path], Date.UTC(2026, 0, 2))
    const labelled = SETS.flatMap(corpusSessions).filter(({ from_log: { lines } }) => lines.length > 0)
    // Beside them each set has the connection by which its server was found to be ready.
    expect(ended.length + open).toBe(ROUNDS * (labelled.length + SETS.length))
    expect(new Set(ended.map(({ event_id }) => event_id)).size).toBe(ended.length)
    expect(letters.length).toBeGreaterThan(ROUNDS)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test('the endless log is its rounds, one after the other', () => {
  const rounds = Buffer.concat([...logRounds(STARTS_AT).take(2)].flat())
  const log = endlessLog(STARTS_AT)
  const pieces: Buffer[] = []
  for (let bytes = 0; bytes < rounds.length; bytes += pieces.at(-1)?.length ?? 0) pieces.push(log.next().value)
  expect(Buffer.concat(pieces).equals(rounds)).toBe(true)
})
