import { expect, test } from 'vitest'
import { EndWatch } from './end-watch.ts'
import type { FetchedPartition } from './requests.ts'

const nothing = (partition: number, lastStableOffset: bigint, error = 0): FetchedPartition => ({
  partition,
  error,
  highWatermark: 100n,
  lastStableOffset,
  logStartOffset: 0n,
  batches: [],
})

test('a log ends at its end, or where nothing stands before it any more', () => {
  const watch = new EndWatch(
    new Map([
      [0, 0n],
      [1, 90n],
      [2, 100n],
    ]),
    new Map([
      [0, 10n],
      [1, 100n],
      [2, 100n],
    ]),
  )
  expect([0, 1, 2].map((partition) => watch.isReached(partition))).toEqual([false, false, true])
  watch.moved(0, 9n)
  expect(watch.isReached(0)).toBe(false)
  watch.moved(0, 10n)
  expect(watch.reached).toBe(false)
  // Compaction has removed what stood at 90 to 99.
  watch.sawNothing([nothing(1, 100n)])
  expect(watch.reached).toBe(true)
})

test('an open transaction, an error, or an answer that was full is not the end', () => {
  const start = () => new EndWatch(new Map([[1, 90n]]), new Map([[1, 100n]]))
  const open = start()
  open.sawNothing([nothing(1, 95n)])
  const failed = start()
  failed.sawNothing([nothing(1, 100n, 6)])
  const full = start()
  full.sawNothing([nothing(1, 100n), { ...nothing(0, 5n), batches: [{} as never] }])
  expect([open.reached, failed.reached, full.reached]).toEqual([false, false, false])
})
