import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { beforeAll, describe, expect, test } from 'vitest'
import { useClickHouse } from '../../../test/support/clickhouse.ts'
import { readPending } from './pending-ranges.ts'
import {
  clear,
  DAY,
  DyingStore,
  emptyTables,
  encoded,
  failed,
  from,
  HOUR,
  MINUTE,
  manyClear,
  refused,
  replayed,
  secure,
  started,
  startScorer,
  T0,
  tables,
} from './test-support.ts'

const server = useClickHouse()
let clickhouse: ClickHouse

beforeAll(async () => {
  clickhouse = await server.freshDatabase()
})

const EARLIER = [...manyClear(2, 9), ...manyClear(4, 12), failed('f', from(3))]
/** Lists one sender, delists another, makes pairs of both kinds, and has a record that cannot be read. */
const EVENTS = [
  ...manyClear(3, 10, T0 + MINUTE),
  refused('floor', { ...from(4), observed_at: T0 - MINUTE }),
  clear('lone', { ...from(5), observed_at: T0 - DAY }),
  ...Array.from({ length: 300 }, (_, i) => secure(`mended ${i}`, { ...from(2), observed_at: T0 + i })),
]
const RECORDS = [...encoded(EVENTS), { key: null, value: Buffer.from('no record') }]

/** One life that ends before its n-th write, then another to which everything that was not acknowledged is sent again. */
async function liveTwice(dieAt: number): Promise<boolean> {
  await emptyTables(clickhouse)
  const earlier = await started(clickhouse)
  await earlier.handle(EARLIER)
  const dying = new DyingStore(clickhouse, dieAt)
  const first = startScorer(dying)
  const firstLife = first.scorer.recover().then(() => first.scorer.handle(first.deliveries.of(RECORDS)))
  await firstLife.catch(() => undefined)
  const second = await started(clickhouse)
  await second.scorer.handle(second.deliveries.of(RECORDS))
  return dying.died
}

async function outcome() {
  const { counts, evidence, recount, pairs, listings } = await tables(clickhouse)
  expect(counts?.events).toBe(counts?.ids)
  expect(evidence).toEqual(recount)
  expect(listings).toEqual(await replayed(clickhouse, T0 + HOUR))
  expect(await readPending(clickhouse, () => true)).toEqual([])
  const letters = await clickhouse.rows('SELECT reason FROM dead_letters')
  return { counts, evidence, pairs, listings, letters }
}

describe('a scorer that is killed', () => {
  test('before any of its writes to ClickHouse leaves nothing undone and nothing twice', {
    timeout: 300_000,
  }, async () => {
    await liveTwice(Number.POSITIVE_INFINITY)
    const undisturbed = await outcome()
    expect(undisturbed.listings.map(({ sender }) => sender)).toEqual(['10.0.0.3/32'])
    expect(new Set(undisturbed.pairs.map((pair) => Object(pair).kind))).toEqual(new Set(['D2', 'after_refusal']))
    expect(undisturbed.letters).toHaveLength(1)
    let write = 0
    while (await liveTwice(write)) expect(await outcome(), `killed before write ${write++}`).toEqual(undisturbed)
    // The range, its events, its dead letter, its pairs and they once more, listings, reputations, done, and those of a start.
    expect(write).toBeGreaterThan(8)
  })

  test('between the table and its views has the views filled by the next start', async () => {
    await emptyTables(clickhouse)
    const views = ['sender_evidence_daily_from_events', 'mta_negotiations_hourly_from_events']
    const first = startScorer({
      rows: (query, params) => clickhouse.rows(query, params),
      command: (sql) => clickhouse.command(sql),
      insertAvro: async (table, container, token) => {
        if (table === 'tls_events') for (const view of views) await clickhouse.command(`DETACH TABLE ${view}`)
        await clickhouse.insertAvro(table, container, token)
        if (table === 'tls_events') throw new Error('killed')
      },
    })
    await first.scorer.recover()
    await expect(first.handle(manyClear(2, 12))).rejects.toThrow('killed')
    for (const view of views) await clickhouse.command(`ATTACH TABLE ${view}`)
    expect((await tables(clickhouse)).evidence).toEqual([])
    const second = await started(clickhouse)
    await second.handle(manyClear(2, 12))
    expect(second.scorer.counters).toMatchObject({ ranges_recovered: 1, events_stored: 0 })
    expect((await outcome()).listings).toHaveLength(1)
  })
})
