import { createEncoder, ipText, readFrame, schemaJson, type TlsNegotiation } from '@tlsrep/schemas'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { event } from '../../../../schemas/test/events.ts'
import { anyRecord } from '../../../../schemas/test/record-arbitrary.ts'
import { useClickHouse } from '../../../../test/support/clickhouse.ts'
import { avroContainer, avroRows } from '../event-log/avro-container.ts'
import type { ClickHouse } from './clickhouse.ts'
import { ClickHouseQueryError } from './failure.ts'

const server = useClickHouse()
const schema = schemaJson('TlsNegotiation')

/** Distinct sessions that carried a mail each, of a few senders over two months. */
function sessions(count: number, changes: (index: number) => Partial<TlsNegotiation> = () => ({})): TlsNegotiation[] {
  return Array.from({ length: count }, (_, index) => {
    const event_id = new Uint8Array(16)
    new DataView(event_id.buffer).setUint32(0, index + 1)
    const observed_at = Date.UTC(2026, 9, 1) + index * 3_600_000
    return event({ event_id, observed_at, sender: `192.0.2.${index % 5}/32`, ...changes(index) })
  })
}

function container(events: readonly TlsNegotiation[]): Uint8Array {
  return avroRows(
    schema,
    events.map((one) => ({ ...one, event_id: Buffer.from(one.event_id), peer_ip: Buffer.from(one.peer_ip) })),
  )
}

/** Sessions by the table, by evidence and by the hour: what must never differ, here where each session is evidence. */
async function counts(clickhouse: ClickHouse): Promise<unknown> {
  const [row] = await clickhouse.rows(`SELECT
    (SELECT count() FROM tls_events) AS events,
    (SELECT uniqExact(event_id) FROM tls_events) AS ids,
    (SELECT sum(sessions) FROM sender_evidence_daily) AS evidence,
    (SELECT sum(sessions) FROM mta_negotiations_hourly) AS hourly`)
  return row
}

function all(count: number): object {
  return { events: count, ids: count, evidence: count, hourly: count }
}

test('what any event holds is what its row holds, bytes and nulls included', async () => {
  const clickhouse = await server.freshDatabase()
  let run = 0
  // Times within ClickHouse's calendar; the rest as wild as the schema allows.
  const time = fc.integer({ min: 0, max: Date.UTC(2149, 0, 1) })
  const anyEvent = fc
    .tuple(anyRecord('TlsNegotiation'), time, time)
    .map(([record, observed_at, ended_at]) => ({ ...record, observed_at, ended_at }))
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(anyEvent, { minLength: 1, maxLength: 8, selector: ({ event_id }) => hex(event_id) }),
      async (events) => {
        await clickhouse.command('TRUNCATE TABLE tls_events')
        await clickhouse.insertAvro('tls_events', container(events), `run ${run++}`)
        const rows = await clickhouse.rows<Record<string, unknown>>(`
        SELECT * REPLACE (hex(event_id) AS event_id, hex(toFixedString(reinterpretAsFixedString(peer_ip), 16)) AS peer_ip,
          toUnixTimestamp64Milli(observed_at) AS observed_at, toUnixTimestamp64Milli(ended_at) AS ended_at)
        FROM tls_events ORDER BY event_id`)
        const expected = events
          .map((one) => ({ ...one, event_id: hex(one.event_id), peer_ip: hex(one.peer_ip) }))
          .sort((a, b) => (a.event_id < b.event_id ? -1 : 1))
        expect(rows).toEqual(expected)
      },
    ),
    { numRuns: 30 },
  )
})

test('an address arrives as the address that it is', async () => {
  const clickhouse = await server.freshDatabase()
  const peer_ip = Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0x19)
  await clickhouse.insertAvro('tls_events', container([event(), event({ peer_ip, observed_at: 0 })]), 'addresses')
  expect(await clickhouse.rows('SELECT toString(peer_ip) AS ip FROM tls_events ORDER BY observed_at')).toEqual([
    { ip: ipText(peer_ip) },
    { ip: '::ffff:192.0.2.10' },
  ])
})

test('records from the event log go in as they are, without their framing', async () => {
  const clickhouse = await server.freshDatabase()
  const encoder = createEncoder('TlsNegotiation')
  const records = sessions(20).map((one) => {
    const bytes = encoder.encode(one)
    const frame = readFrame(bytes)
    if (typeof frame === 'string') throw new Error(frame)
    return { bytes, bodyStart: frame.bodyStart }
  })
  await clickhouse.insertAvro('tls_events', avroContainer(schema, records), 'as they are')
  expect(await counts(clickhouse)).toEqual(all(20))
})

test('many records go in as columns, of which every field of an event has one', async () => {
  const clickhouse = await server.freshDatabase()
  await clickhouse.insertAvro('tls_events', container(sessions(2)), 'columns')
  await clickhouse.command('SYSTEM FLUSH LOGS')
  const [last] = await clickhouse.rows<{ query: string }>(
    `SELECT query FROM system.query_log WHERE type = 'QueryFinish' AND query_kind = 'Insert'
       AND current_database = currentDatabase() AND query LIKE '%tls_events%' ORDER BY event_time_microseconds DESC LIMIT 1`,
  )
  expect(last?.query).toContain('FORMAT Native')
})

test('the same token again changes neither the table nor the views', async () => {
  const clickhouse = await server.freshDatabase()
  const body = container(sessions(50))
  for (let i = 0; i < 3; i++) await clickhouse.insertAvro('tls_events', body, 'log 1/0:0-49')
  expect(await counts(clickhouse)).toEqual(all(50))
  await clickhouse.insertAvro('tls_events', container(sessions(60).slice(50)), 'log 1/0:50-59')
  expect(await counts(clickhouse)).toEqual(all(60))
})

test('an insert that got into some months and not into others is completed by its repetition, and counted once', async () => {
  const clickhouse = await server.freshDatabase()
  const body = container(sessions(1000))
  await clickhouse.insertAvro('tls_events', body, 'two months')
  expect(await counts(clickhouse)).toEqual(all(1000))
  // A crash between the parts of one insert leaves a month without its part; its token is not known there either.
  await clickhouse.command("ALTER TABLE tls_events DROP PARTITION '202611'")
  await clickhouse.insertAvro('tls_events', body, 'two months')
  expect(await counts(clickhouse)).toEqual(all(1000))
})

test('a replay over many years is one insert', async () => {
  const clickhouse = await server.freshDatabase()
  const years = sessions(300, (index) => ({ observed_at: Date.UTC(2001, index, 15) }))
  await clickhouse.insertAvro('tls_events', container(years), 'years')
  expect(await counts(clickhouse)).toEqual(all(300))
})

test('one record that breaks its schema keeps the whole container out, and the failure is no outage', async () => {
  const clickhouse = await server.freshDatabase()
  const body = Buffer.from(container(sessions(3)))
  const cut = Buffer.concat([body.subarray(0, body.length - 40), body.subarray(body.length - 16)])
  await expect(clickhouse.insertAvro('tls_events', cut, 'broken')).rejects.toBeInstanceOf(ClickHouseQueryError)
  expect(await counts(clickhouse)).toMatchObject({ events: 0 })
})

test('a record of an older schema gets the default of what was added since', async () => {
  const clickhouse = await server.freshDatabase()
  const older = { ...schema, fields: schema.fields.filter(({ name }) => name !== 'log_loss' && name !== 'tls_policy') }
  const plain = { ...event(), event_id: Buffer.alloc(16), peer_ip: Buffer.from(event().peer_ip) }
  await clickhouse.insertAvro('tls_events', avroRows(older, [plain]), 'older')
  expect(await clickhouse.rows('SELECT log_loss, tls_policy FROM tls_events')).toEqual([
    { log_loss: false, tls_policy: null },
  ])
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase()
}
