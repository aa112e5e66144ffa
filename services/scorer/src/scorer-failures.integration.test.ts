import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { ClickHouseUnavailable } from '@tlsrep/platform/clickhouse/unavailable'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { useClickHouse } from '../../../test/support/clickhouse.ts'
import type { Store } from './store.ts'
import {
  Crash,
  emptyTables,
  encoded,
  failed,
  from,
  MINUTE,
  manyClear,
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

beforeEach(() => emptyTables(clickhouse))

describe('when things go wrong', () => {
  test('an outage is waited out, and nothing is lost or doubled', async () => {
    let failures = 0
    const flaky: Store = {
      rows: (query, params) => clickhouse.rows(query, params),
      command: (sql) => clickhouse.command(sql),
      insertAvro: async (table, container, token) => {
        await clickhouse.insertAvro(table, container, token)
        // The answer is lost after every insert, the first time.
        if (failures++ % 2 === 0) throw new ClickHouseUnavailable('gone', { clickhouseCode: null, cause: null })
      },
    }
    const { scorer, handle } = await started(flaky)
    await handle([failed('f', { ...from(2), observed_at: T0 - MINUTE }), ...manyClear(2, 10)])
    const { counts, evidence, recount, listings: listed } = await tables(clickhouse)
    expect(counts).toEqual({ events: 11, ids: 11 })
    expect(evidence).toEqual(recount)
    expect(listed).toHaveLength(1)
    expect(scorer.counters.outages).toBeGreaterThan(3)
  })

  test('waiting ends with the signal', async () => {
    const stop = new AbortController()
    const away: Store = {
      rows: (query, params) => clickhouse.rows(query, params),
      command: (sql) => clickhouse.command(sql),
      insertAvro: () => Promise.reject(new ClickHouseUnavailable('gone', { clickhouseCode: null, cause: null })),
    }
    const { handle } = await started(away, { signal: stop.signal })
    const handling = handle(manyClear(2, 10))
    setTimeout(() => stop.abort(), 50)
    await expect(handling).rejects.toBeInstanceOf(ClickHouseUnavailable)
  })

  test('a range that fails in this process is finished before the next one', async () => {
    let broken = true
    const once: Store = {
      rows: (query, params) => clickhouse.rows(query, params),
      command: (sql) => clickhouse.command(sql),
      insertAvro: (table, container, token) =>
        table === 'tls_events' && broken
          ? Promise.reject(new Crash('bug'))
          : clickhouse.insertAvro(table, container, token),
    }
    const { scorer, deliveries } = await started(once)
    const batch = deliveries.of(encoded(manyClear(2, 10)))
    await expect(scorer.handle(batch)).rejects.toThrow('bug')
    broken = false
    await scorer.handle(batch)
    expect(await tables(clickhouse)).toMatchObject({ counts: { events: 10, ids: 10 }, listings: [{ tier: 'reject' }] })
  })

  test('what an earlier run began and cannot be finished stops the start in words', async () => {
    const refuses: Store = {
      rows: (query, params) => clickhouse.rows(query, params),
      command: (sql) => clickhouse.command(sql),
      insertAvro: (table, container, token) =>
        table === 'tls_events'
          ? Promise.reject(new Error('no column'))
          : clickhouse.insertAvro(table, container, token),
    }
    const first = await started(refuses)
    await expect(first.handle(manyClear(2, 10))).rejects.toThrow('no column')
    const second = startScorer(refuses)
    const failure = await second.scorer.recover().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(OperatorError)
    expect(failure).toMatchObject({ code: 'TLSREP_RANGE_NOT_FINISHED' })
    const third = await started(clickhouse)
    expect(third.scorer.counters).toMatchObject({ ranges_recovered: 1 })
    expect((await tables(clickhouse)).counts).toEqual({ events: 10, ids: 10 })
  })
})
