import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import type { TlsNegotiation } from '@tlsrep/schemas'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { useClickHouse } from '../../../test/support/clickhouse.ts'
import {
  clear,
  DAY,
  emptyTables,
  failed,
  from,
  HOUR,
  MINUTE,
  manyClear,
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

const at = (sender: number, minutes: number) => ({ ...from(sender), observed_at: T0 + minutes * MINUTE })

const EVENTS: readonly TlsNegotiation[] = [
  // Pairs, one failure for several sessions in clear, some beyond the window.
  failed('f1', at(1, 0)),
  ...[1, 30, 239, 240, 241, 300].map((minutes) => clear(`c1 ${minutes}`, at(1, minutes))),
  failed('f2', at(1, 299)),
  // Enough to be listed, with pairs.
  failed('f3', at(2, -5)),
  ...manyClear(2, 10),
  // Excused by a refusal of ours; with a pair that goes with it.
  refused('r1', at(3, -2)),
  failed('f4', at(3, -1)),
  ...manyClear(3, 10),
  // A history of TLS, then none.
  ...Array.from({ length: 24 }, (_, i) => secure(`h ${i}`, { ...from(4), observed_at: T0 - (1 + (i % 4)) * DAY })),
  ...manyClear(4, 9),
  // Mended.
  ...manyClear(5, 9),
  ...Array.from({ length: 40 }, (_, i) => secure(`m ${i}`, at(5, 20 + i))),
]

/** The events in any order, cut into batches at any places, some of them sent twice. */
const ARRIVALS = fc
  .tuple(
    fc.shuffledSubarray([...EVENTS], { minLength: EVENTS.length, maxLength: EVENTS.length }),
    fc.array(fc.nat(EVENTS.length), { maxLength: 5 }),
    fc.subarray([...EVENTS], { maxLength: 20 }),
  )
  .map(([order, cuts, again]) => {
    const bounds = [0, ...cuts.sort((a, b) => a - b), order.length]
    const batches = bounds.slice(1).map((end, i) => order.slice(bounds[i], end))
    return [...batches, again].filter((batch) => batch.length > 0)
  })

describe('the order of arrival', () => {
  test('changes neither pairs nor evidence nor listings', { timeout: 300_000 }, async () => {
    await emptyTables(clickhouse)
    const reference = await started(clickhouse)
    await reference.handle(EVENTS)
    const expected = await tables(clickhouse)
    expect(expected.listings).toEqual(await replayed(clickhouse, T0 + HOUR))
    expect(expected.listings.map(({ sender }) => sender)).toEqual(['10.0.0.2/32', '10.0.0.4/32'])
    expect(expected.pairs.length).toBeGreaterThan(30)
    await fc.assert(
      fc.asyncProperty(ARRIVALS, async (batches) => {
        await emptyTables(clickhouse)
        const { handle } = await started(clickhouse)
        for (const batch of batches) await handle(batch)
        expect(await tables(clickhouse)).toEqual(expected)
      }),
      { numRuns: 10 },
    )
  })
})

describe('many events', () => {
  test('200 000 of them do not grow the scorer', { timeout: 300_000 }, async () => {
    await emptyTables(clickhouse)
    const { scorer, handle } = await started(clickhouse, { rememberedIds: 20_000 })
    const batch = (n: number): TlsNegotiation[] =>
      Array.from({ length: 10_000 }, (_, i) =>
        secure(`${n} ${i}`, { ...from(i % 5000), observed_at: T0 + n * MINUTE + i }),
      )
    const heapAfter = async (batches: readonly number[]): Promise<number> => {
      for (const n of batches) await handle(batch(n))
      return collectedHeap()
    }
    // Both generations of ids are in use before the first measurement.
    const early = await heapAfter([0, 1, 2, 3, 4, 5])
    const late = await heapAfter(Array.from({ length: 14 }, (_, i) => i + 6))
    expect(scorer.counters.events_stored).toBe(200_000)
    expect(late - early).toBeLessThan(6 * 1024 * 1024)
  })
})

/** Bytes in use by JavaScript after a collection: heap and buffers. */
async function collectedHeap(): Promise<number> {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('no collector')
  collect()
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
