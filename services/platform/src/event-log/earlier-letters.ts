import { createReader } from '@tlsrep/schemas'
import type { LogRecord } from './event-log.ts'
import type { TopicTables } from './topic-store.ts'

/** Letters in one query: their hashes are its parameter. */
const CHUNK = 1000
/**
 * How long before its start an earlier run's letters are looked at (ms). One that was away for longer may write a letter twice; within
 * less, no log is rotated so often that the same bytes stand at the same place of two files of it.
 */
const BEFORE_MS = 86_400_000

const reader = createReader('DeadLetter')

/**
 * Leaves out what an earlier run wrote: a collector that is killed between a dead letter and the position behind it reads that line
 * again. The file may have been rotated and compressed since.
 * @param opened when this run began, milliseconds since 1970 UTC
 */
export async function withoutEarlierLetters(
  tables: TopicTables,
  records: readonly LogRecord[],
  opened: number,
): Promise<readonly LogRecord[]> {
  const placed = records.map((record) => ({ record, ...placeOf(record) }))
  const known = new Set<string>()
  for (let at = 0; at < placed.length; at += CHUNK) {
    const rows = await tables.rows<StoredPlace>(QUERY, {
      from: new Date(opened - BEFORE_MS),
      opened: new Date(opened),
      hashes: placed.slice(at, at + CHUNK).map(({ hash }) => hash),
    })
    for (const row of rows) known.add(placeText(row.collector, row.source, row.offset, row.digest))
  }
  return placed.filter(({ place }) => !known.has(place)).map(({ record }) => record)
}

interface StoredPlace {
  collector: string
  source: string
  offset: number
  digest: string
}

const QUERY = `
SELECT collector, source_name AS source, source_offset AS offset, lower(hex(hash)) AS digest
FROM dead_letters
WHERE died_at >= {from:DateTime64(3, 'UTC')} AND died_at < {opened:DateTime64(3, 'UTC')}
  AND hash IN (SELECT toFixedString(unhex(arrayJoin({hashes:Array(String)})), 16))`

function placeOf({ value }: LogRecord): { place: string; hash: string } {
  const decoded = reader.decode(value ?? new Uint8Array(0))
  if (!decoded.ok) throw new Error(`a DeadLetter cannot be stored: ${decoded.reason} (${decoded.detail})`)
  const { collector, source_name, source_offset, hash } = decoded.value
  const digest = Buffer.from(hash).toString('hex')
  return { place: placeText(collector, source_name, source_offset, digest), hash: digest }
}

function placeText(collector: string, source: string, offset: number, digest: string): string {
  const log = source.replace(/\.(?:gz|zst)$/, '').replace(/[.-]\d{1,14}$/, '')
  return JSON.stringify([collector, log, offset, digest])
}
