import { schemaJson } from '@tlsrep/schemas'
import { expect, test } from 'vitest'
import { event } from '../../../../schemas/test/events.ts'
import { useClickHouse } from '../../../../test/support/clickhouse.ts'
import { avroRows } from '../event-log/avro-container.ts'
import type { ClickHouse } from './clickhouse.ts'
import { DEFAULT_RETENTION, setRetention } from './retention.ts'

const server = useClickHouse()
const DAY = 86_400_000

async function enginesOf(clickhouse: ClickHouse): Promise<Map<string, string>> {
  const rows = await clickhouse.rows<{ name: string; engine_full: string }>(
    'SELECT name, engine_full FROM system.tables WHERE database = {database:String}',
    { database: clickhouse.database },
  )
  return new Map(rows.map(({ name, engine_full }) => [name, engine_full]))
}

test('what is older than its retention goes, what is younger stays, and setting it twice changes nothing', async () => {
  const clickhouse = await server.freshDatabase()
  const ages = [1, 100, 300, 500]
  const rows = ages.map((age, i) => ({
    ...event({ observed_at: Date.now() - age * DAY }),
    event_id: Buffer.alloc(16, i),
    peer_ip: Buffer.from(event().peer_ip),
  }))
  await clickhouse.insertAvro('tls_events', avroRows(schemaJson('TlsNegotiation'), rows), 'ages')
  await setRetention(clickhouse, DEFAULT_RETENTION)
  const engines = await enginesOf(clickhouse)
  expect(engines.get('tls_events')).toContain('TTL toDateTime(observed_at) + toIntervalDay(180)')
  const { counters } = clickhouse
  const before = counters.queries
  await setRetention(clickhouse, DEFAULT_RETENTION)
  expect(counters.queries - before, 'one look at the tables, no change').toBe(1)
  for (const table of ['tls_events', 'sender_evidence_daily']) await clickhouse.command(`OPTIMIZE TABLE ${table} FINAL`)
  expect(await clickhouse.rows('SELECT count() AS n FROM tls_events')).toEqual([{ n: 2 }])
  expect(await clickhouse.rows('SELECT sum(sessions) AS n FROM sender_evidence_daily')).toEqual([{ n: 3 }])
})

test('null keeps for ever, also what had an end before', async () => {
  const clickhouse = await server.freshDatabase()
  const without = await enginesOf(clickhouse)
  await setRetention(clickhouse, DEFAULT_RETENTION)
  await setRetention(clickhouse, { events: null, evidence: null, hourly: null, dead_letters: null })
  expect(await enginesOf(clickhouse)).toEqual(without)
})
