import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { schemaJson } from '@tlsrep/schemas'
import { avscType } from '@tlsrep/schemas/avsc-type'
import { schemaFingerprint } from '@tlsrep/schemas/fingerprint'
import { frameHeader } from '@tlsrep/schemas/framing'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { useClickHouse } from '../../../test/support/clickhouse.ts'
import {
  DAY,
  emptyTables,
  encoded,
  eventId,
  from,
  HOUR,
  listings,
  manyClear,
  replayed,
  secure,
  started,
  T0,
  tables,
} from './test-support.ts'

const server = useClickHouse()
let clickhouse: ClickHouse

beforeAll(async () => {
  clickhouse = await server.freshDatabase()
})

beforeEach(() => emptyTables(clickhouse))

describe('what a scorer stores', () => {
  test('a sender in clear is listed with its samples, newest first; one with TLS is not', async () => {
    const { handle, log } = await started(clickhouse)
    await handle([secure('good', from(1)), ...manyClear(2, 12)])
    const [listing, ...others] = await listings(log)
    expect(others).toEqual([])
    expect(listing).toMatchObject({ sender: '10.0.0.2/32', tier: 'reject', sequence: 1, reasons: ['plaintext'] })
    expect(listing?.sample_event_ids.map((id) => Buffer.from(id))).toEqual(
      Array.from({ length: 10 }, (_, i) => eventId(`clear 2 ${T0} ${11 - i}`)),
    )
    const { counts, evidence, recount } = await tables(clickhouse)
    expect(counts).toEqual({ events: 13, ids: 13 })
    expect(evidence).toEqual(recount)
  })

  test('the same events in other batches, twice, and after a restart are counted once', async () => {
    const events = [...manyClear(2, 9), ...manyClear(3, 9), secure('good', from(1))]
    const first = await started(clickhouse)
    await first.handle(events.slice(0, 7))
    await first.handle(events.slice(3, 12))
    await first.handle(events)
    const second = await started(clickhouse)
    await second.handle([...events, ...events])
    await second.handle(events.slice(5))
    const { counts, evidence, recount, listings: listed } = await tables(clickhouse)
    expect(counts).toEqual({ events: 19, ids: 19 })
    expect(evidence).toEqual(recount)
    expect(listed).toEqual(await replayed(clickhouse, T0 + HOUR))
    expect(listed).toHaveLength(2)
    expect(first.scorer.counters).toMatchObject({ events_received: 35, events_stored: 19, events_repeated: 16 })
    expect(second.scorer.counters).toMatchObject({ events_stored: 0, listings_published: 0 })
  })

  test('the same delivery handled again changes nothing', async () => {
    const { scorer, deliveries } = await started(clickhouse)
    const batch = deliveries.of(encoded(manyClear(2, 10)))
    await scorer.handle(batch)
    const before = await tables(clickhouse)
    await scorer.handle(batch)
    expect(await tables(clickhouse)).toEqual(before)
  })

  test('an event with another inferred year is the same event', async () => {
    const { handle } = await started(clickhouse)
    await handle(manyClear(2, 3))
    const again = await started(clickhouse)
    await again.handle(manyClear(2, 3).map((event) => ({ ...event, observed_at: event.observed_at - 365 * DAY })))
    expect((await tables(clickhouse)).counts).toEqual({ events: 3, ids: 3 })
  })

  test('records that cannot be used become dead letters, once, and the others go in', async () => {
    const { scorer, deliveries } = await started(clickhouse)
    const good = encoded(manyClear(2, 3))
    const [record] = encoded([secure('x')])
    const value = record?.value ?? Buffer.of()
    const unknownSchema = Buffer.from(value)
    unknownSchema[4] = (unknownSchema[4] ?? 0) ^ 0xff
    const broken = [
      { key: null, value: value.subarray(0, value.length - 3) },
      { key: null, value: Buffer.concat([value, Buffer.of(0)]) },
      { key: null, value: unknownSchema },
      { key: null, value: null },
      ...encoded([secure('dated', { observed_at: -1 })]),
    ]
    const batch = deliveries.of([...good.slice(0, 1), ...broken, ...good.slice(1)])
    await scorer.handle(batch)
    await scorer.handle(batch)
    const letters = await clickhouse.rows(
      'SELECT reason, stage, source_name, source_offset FROM dead_letters ORDER BY source_offset',
    )
    const at = (source_offset: number, reason: string, stage = 'decoding') => ({
      reason,
      stage,
      source_name: 'tls.negotiations/0',
      source_offset,
    })
    expect(letters).toEqual([
      at(1, 'undecodable_record'),
      at(2, 'trailing_bytes'),
      at(3, 'unknown_schema'),
      at(4, 'undecodable_record'),
      at(5, 'bad_value', 'scoring'),
    ])
    expect((await tables(clickhouse)).counts).toEqual({ events: 3, ids: 3 })
  })

  test('records of an older writer go in beside those of today, each in a container of its own schema', async () => {
    const today = schemaJson('TlsNegotiation')
    const older = { ...today, fields: today.fields.filter(({ name }) => name !== 'sni' && name !== 'tls_policy') }
    const { scorer, deliveries } = await started(clickhouse, { reader: { olderSchemas: [older] } })
    const header = frameHeader({ kind: 'single_object' }, schemaFingerprint(older))
    const written = manyClear(2, 2).map((event) => ({
      key: null,
      value: Buffer.concat([header, avscType(older).toBuffer({ ...event, peer_ip: Buffer.from(event.peer_ip) })]),
    }))
    await scorer.handle(deliveries.of([...written, ...encoded(manyClear(3, 2))]))
    const rows = await clickhouse.rows('SELECT sender, count() AS n FROM tls_events GROUP BY sender ORDER BY sender')
    expect(rows).toEqual([
      { sender: '10.0.0.2/32', n: 2 },
      { sender: '10.0.0.3/32', n: 2 },
    ])
  })

  test('events of more than a hundred months in one batch go in', async () => {
    const { handle } = await started(clickhouse)
    const events = Array.from({ length: 110 }, (_, i) => secure(`month ${i}`, { observed_at: T0 - i * 31 * DAY }))
    await handle(events)
    expect((await tables(clickhouse)).counts).toEqual({ events: 110, ids: 110 })
  })
})
