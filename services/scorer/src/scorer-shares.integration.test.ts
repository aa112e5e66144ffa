import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import type { DeliveredBatch, LogRecord } from '@tlsrep/platform/event-log/event-log'
import { beforeEach, describe, expect, test } from 'vitest'
import { useClickHouse } from '../../../test/support/clickhouse.ts'
import { readPending } from './pending-ranges.ts'
import { rangeOrigin } from './range.ts'
import type { Share } from './share.ts'
import type { Store } from './store.ts'
import {
  clear,
  DyingStore,
  encoded,
  failed,
  from,
  HOUR,
  MINUTE,
  manyClear,
  replayed,
  startScorer,
  T0,
  tables,
} from './test-support.ts'

const LOG = 'cluster/topic'
/** One sender in each of two partitions. */
const SENDERS = [from(2), from(3)] as const

const server = useClickHouse()
let clickhouse: ClickHouse

beforeEach(async () => {
  clickhouse = await server.freshDatabase()
})

/** What the owner of these partitions answers for. */
function owner(...partitions: number[]): Share {
  return {
    owns: (sender) => partitions.some((partition) => SENDERS[partition]?.sender === sender),
    partitionsOf: (range) => rangeOrigin(range).partitions.filter((partition) => partitions.includes(partition)),
    claims: partitions.map((partition) => `owner/${LOG}/${partition}`),
  }
}

/** Records of both partitions in one delivery, or of as many as there are. */
function delivery(...records: readonly (readonly LogRecord[])[]): DeliveredBatch {
  const ranges = records.map((own, partition) => ({
    partition,
    firstOffset: 0n,
    lastOffset: BigInt(own.length - 1),
  }))
  return { topic: 'tls.negotiations', log: LOG, ranges, records: records.flat() }
}

/** Ten sessions in clear, and one after a handshake that failed: enough for a listing, and one pair. */
function sessionsOf(sender: (typeof SENDERS)[number]): LogRecord[] {
  const name = String(sender.sender)
  const pair = [
    failed(`failed ${name}`, { ...sender, observed_at: T0 + MINUTE }),
    clear(`after ${name}`, { ...sender, observed_at: T0 + 2 * MINUTE }),
  ]
  return encoded([...manyClear(sender === SENDERS[0] ? 2 : 3, 10, T0 - HOUR), ...pair])
}

async function expectEverythingOnce(): Promise<void> {
  const { counts, evidence, recount, pairs, listings } = await tables(clickhouse)
  expect(counts).toEqual({ events: 24, ids: 24 })
  expect(evidence).toEqual(recount)
  expect(pairs).toHaveLength(2)
  expect(listings).toEqual(await replayed(clickhouse, T0 + HOUR))
  expect(listings).toHaveLength(2)
  expect(await readPending(clickhouse, () => true)).toEqual([])
}

/** A store in which some of the writes wait until they are let go. */
class HeldStore implements Store {
  readonly held = Promise.withResolvers<void>()
  readonly #go = Promise.withResolvers<void>()
  readonly #store: Store
  readonly #holds: (table: string, token: string) => boolean

  constructor(store: Store, holds: (table: string, token: string) => boolean) {
    this.#store = store
    this.#holds = holds
  }

  letGo(): void {
    this.#go.resolve()
  }

  rows<T>(query: string, params?: Record<string, unknown>): Promise<T[]> {
    return this.#store.rows<T>(query, params)
  }

  command(sql: string): Promise<void> {
    return this.#store.command(sql)
  }

  async insertAvro(table: string, container: Uint8Array, token: string): Promise<void> {
    if (this.#holds(table, token)) {
      this.held.resolve()
      await this.#go.promise
    }
    await this.#store.insertAvro(table, container, token)
  }
}

describe('scorers that share the partitions', () => {
  test('each finish their own part of a range that somebody began who is gone, at the same time, and none twice', async () => {
    const batch = delivery(sessionsOf(SENDERS[0]), sessionsOf(SENDERS[1]))
    // Claims, the start's tidying, the range that is begun; then it is gone.
    const gone = startScorer(new DyingStore(clickhouse, 3))
    await gone.scorer.recover(owner(0, 1))
    await expect(gone.scorer.handle(batch)).rejects.toThrow()
    expect(await readPending(clickhouse, () => true)).toHaveLength(1)

    const [one, other] = [startScorer(clickhouse), startScorer(clickhouse)]
    await Promise.all([one.scorer.recover(owner(0)), other.scorer.recover(owner(1))])
    await expectEverythingOnce()
    expect(one.scorer.counters).toMatchObject({ pairs_found: 1, listings_published: 1 })
    expect(other.scorer.counters).toMatchObject({ pairs_found: 1, listings_published: 1 })
  })

  test('one of which is away leave its part begun, for whoever gets the partition', async () => {
    const batch = delivery(sessionsOf(SENDERS[0]), sessionsOf(SENDERS[1]))
    const gone = startScorer(new DyingStore(clickhouse, 3))
    await gone.scorer.recover(owner(0, 1))
    await gone.scorer.handle(batch).catch(() => {})
    const first = startScorer(clickhouse)
    await first.scorer.recover(owner(0))
    expect(await readPending(clickhouse, () => true)).not.toEqual([])
    await first.scorer.recover(owner(0, 1))
    await expectEverythingOnce()
  })

  test.each([
    { moment: 'before it was recorded as begun', holds: (table: string) => table === 'pending_ranges' },
    { moment: 'before it was stored', holds: (table: string) => table === 'tls_events' },
    {
      moment: 'before its pairs were recorded',
      holds: (_: string, token: string) => /downgrades.*pending$/.test(token),
    },
    { moment: 'before its pairs were stored', holds: (table: string) => table === 'downgrades' },
  ])('a batch that was taken over in its middle, $moment, is stored once', async ({ holds }) => {
    let isHolding = false
    const store = new HeldStore(clickhouse, (table, token) => isHolding && holds(table, token))
    const slow = startScorer(store)
    await slow.scorer.recover(owner(0, 1))
    isHolding = true
    const [first, second] = [sessionsOf(SENDERS[0]), sessionsOf(SENDERS[1])]
    const handled = slow.scorer.handle(delivery(first, second))
    await store.held.promise

    // Cut in another way, as it comes to another reader.
    const next = startScorer(clickhouse)
    await next.scorer.recover(owner(0, 1))
    await next.scorer.handle({ ...delivery(first), records: first })
    store.letGo()
    await handled
    const rest = { ...delivery([], second), ranges: [{ partition: 1, firstOffset: 0n, lastOffset: 11n }] }
    await next.scorer.handle(rest)
    await next.scorer.recover(owner(0, 1))
    await expectEverythingOnce()
  })
})
