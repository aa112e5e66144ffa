import type { ClickHouse } from './clickhouse.ts'

/** Days to keep what, counted from the day it is about; null keeps it for ever. */
export interface Retention {
  events: number | null
  /** Evidence and pairs: no shorter than what the policy's half-life still feels. */
  evidence: number | null
  hourly: number | null
  dead_letters: number | null
}

/**
 * Events hold addresses of people's mail servers and are kept for half a year; the counts made of them for thirteen months, so that a
 * year can be compared with the one before. A replay of older logs needs longer ones.
 */
export const DEFAULT_RETENTION: Retention = { events: 180, evidence: 400, hourly: 400, dead_letters: 30 }

const TABLES: readonly (readonly [keyof Retention, table: string, time: string])[] = [
  ['events', 'tls_events', 'toDateTime(observed_at)'],
  ['evidence', 'sender_evidence_daily', 'day'],
  ['evidence', 'downgrades', 'toDateTime(observed_at)'],
  ['hourly', 'mta_negotiations_hourly', 'hour'],
  ['dead_letters', 'dead_letters', 'toDateTime(died_at)'],
]

/**
 * Makes the tables forget by themselves. Whole months go, once all of a month is old enough, so that forgetting costs nothing. Changes
 * only what differs.
 */
export async function setRetention(clickhouse: ClickHouse, retention: Retention): Promise<void> {
  const current = await clickhouse.rows<{ name: string; engine_full: string }>(
    'SELECT name, engine_full FROM system.tables WHERE database = {database:String}',
    { database: clickhouse.database },
  )
  const engines = new Map(current.map(({ name, engine_full }) => [name, engine_full]))
  for (const [kind, table, time] of TABLES) {
    const days = retention[kind]
    const ttl = / TTL (.*?) SETTINGS /.exec(engines.get(table) ?? '')?.[1]
    const wanted = days === null ? undefined : `${time} + toIntervalDay(${days})`
    if (ttl === wanted) continue
    const change = wanted === undefined ? 'REMOVE TTL' : `MODIFY TTL ${wanted}`
    await clickhouse.command(`ALTER TABLE ${table} ${change} SETTINGS materialize_ttl_after_modify = 0`)
  }
}
