import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { useClickHouse } from '../../../test/support/clickhouse.ts'
import {
  DAY,
  emptyTables,
  from,
  HOUR,
  listings,
  MINUTE,
  manyClear,
  policy,
  refused,
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

describe('who is listed', () => {
  test('outbound sessions, authenticated clients and sessions without mail list nobody', async () => {
    const { handle } = await started(clickhouse)
    await handle([
      ...manyClear(1, 20).map((event) => ({ ...event, direction: 'outbound' as const, listener: null })),
      ...manyClear(2, 20).map((event) => ({ ...event, authenticated: true })),
      ...manyClear(3, 20).map((event) => ({ ...event, mails_attempted: 0 })),
    ])
    expect((await tables(clickhouse)).listings).toEqual([])
  })

  test('relays and protected pools are stored and not listed', async () => {
    const text = `relays: ['10.0.0.2']\nprotected_pools: [{name: big, source: test, cidrs: ['10.0.0.16/28']}]`
    const { handle } = await started(clickhouse, { policy: policy(text) })
    await handle([...manyClear(2, 20), ...manyClear(18, 20), ...manyClear(40, 20)])
    const { counts, listings: listed } = await tables(clickhouse)
    expect(counts).toEqual({ events: 60, ids: 60 })
    expect(listed.map(({ sender }) => sender)).toEqual(['10.0.0.40/32'])
    expect(listed).toEqual(await replayed(clickhouse, T0 + HOUR, text))
  })

  test('mail in clear after our own refusal has no weight', async () => {
    const { handle } = await started(clickhouse)
    await handle([...manyClear(2, 20), refused('floor', { ...from(2), observed_at: T0 - MINUTE }), ...manyClear(3, 20)])
    expect((await tables(clickhouse)).listings.map(({ sender }) => sender)).toEqual(['10.0.0.3/32'])
  })

  test('a refusal that is told late takes the listing away', async () => {
    const { handle } = await started(clickhouse)
    await handle(manyClear(2, 20))
    expect((await tables(clickhouse)).listings).toHaveLength(1)
    await handle([refused('floor', { ...from(2), observed_at: T0 - MINUTE })])
    expect((await tables(clickhouse)).listings).toEqual([])
  })

  test('a history of TLS that is told late counts as if it had come in time', async () => {
    const history = Array.from({ length: 30 }, (_, i) =>
      secure(`history ${i}`, { ...from(2), observed_at: T0 - 4 * DAY + Math.floor(i / 10) * DAY }),
    )
    const { handle } = await started(clickhouse)
    await handle(manyClear(2, 10))
    await handle(history)
    const reasons = await clickhouse.rows<{ reasons: string[] }>(
      "SELECT reasons FROM reputation FINAL WHERE sender = '10.0.0.2/32'",
    )
    expect(reasons[0]?.reasons).toContain('history_regression')
  })

  test('good sessions of a listed sender delist it', async () => {
    const { handle } = await started(clickhouse)
    await handle(manyClear(2, 9))
    expect((await tables(clickhouse)).listings).toHaveLength(1)
    await handle(Array.from({ length: 300 }, (_, i) => secure(`mended ${i}`, { ...from(2), observed_at: T0 + i })))
    const { listings: listed } = await tables(clickhouse)
    expect(listed).toEqual(await replayed(clickhouse, T0 + HOUR))
    expect(listed).toEqual([])
  })

  test('a listing ends when it is due, and one that comes back has a higher number', async () => {
    let now = T0 + HOUR
    const { scorer, handle, log } = await started(clickhouse, { now: () => now })
    await handle(manyClear(2, 12))
    const [listing] = await listings(log)
    now = (listing?.expires_at ?? 0) - 1
    await scorer.runDue(now)
    expect(await listings(log)).toHaveLength(1)
    now++
    expect(scorer.nextDue).toBeLessThanOrEqual(now)
    await scorer.runDue(now)
    expect(await listings(log)).toEqual([])
    expect(scorer.nextDue).toBeGreaterThan(now)
    await handle(manyClear(2, 12, now - HOUR))
    expect(await listings(log)).toMatchObject([{ sender: '10.0.0.2/32', sequence: 2, listed_at: now }])
  })

  test('reviews survive a restart', async () => {
    const first = await started(clickhouse)
    await first.handle(manyClear(2, 12))
    const [listing] = await listings(first.log)
    const now = (listing?.expires_at ?? 0) + DAY
    const second = await started(clickhouse, { now: () => now })
    await second.scorer.runDue(now)
    expect(await listings(second.log)).toEqual([])
  })

  test('evidence that goes on moves the end of the listing before the published one comes', async () => {
    let now = T0 + HOUR
    const { scorer, handle, log } = await started(clickhouse, { now: () => now })
    await handle(manyClear(2, 12))
    const [before] = await listings(log)
    now = T0 + 10 * DAY
    await handle(manyClear(2, 12, now - HOUR))
    const [after] = await listings(log)
    expect(after?.expires_at).toBeGreaterThan((before?.expires_at ?? 0) + DAY)
    expect(after).toMatchObject({ sequence: 2, listed_at: before?.listed_at })
    await scorer.runDue(before?.expires_at ?? 0)
    expect(await listings(log)).toHaveLength(1)
  })

  test('another policy at the next start scores everybody again, once', async () => {
    const first = await started(clickhouse)
    await first.handle(manyClear(2, 6))
    expect(await listings(first.log)).toEqual([])
    const strict = policy('evidence: {floor_to_list: 5}')
    const second = await started(clickhouse, { policy: strict })
    expect(await listings(second.log)).toMatchObject([{ sender: '10.0.0.2/32', policy_hash: strict.hash }])
    const third = await started(clickhouse, { policy: strict })
    expect(third.scorer.counters).toMatchObject({ senders_scored: 0 })
    const fourth = await started(clickhouse)
    expect(await listings(fourth.log)).toEqual([])
  })
})
