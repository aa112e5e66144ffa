import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AbortedTransaction, committedOnly, type RecordBatch } from './record-batch.ts'

function batch(firstOffset: bigint, producerId: bigint, changes: Partial<RecordBatch> = {}): RecordBatch {
  const value = Buffer.from(`${producerId}@${firstOffset}`)
  const records = [{ offsetDelta: 0, key: null, value }]
  return { firstOffset, lastOffset: firstOffset, producerId, transactional: true, control: null, records, ...changes }
}

const marker = (offset: bigint, producerId: bigint, control: 'abort' | 'commit') =>
  batch(offset, producerId, { control })
const seen = (batches: readonly RecordBatch[], aborted: readonly AbortedTransaction[]): string[] =>
  committedOnly(batches, aborted).flatMap(({ records }) => records.map(({ value }) => String(value)))

describe('a reader of committed records', () => {
  test('is shown no record of two transactions that were both under way where it begins, and aborted', () => {
    const aborted = [
      { producerId: 1n, firstOffset: 10n },
      { producerId: 2n, firstOffset: 11n },
    ]
    const batches = [batch(15n, 2n), batch(16n, 1n), marker(17n, 1n, 'abort'), batch(18n, 2n), marker(19n, 2n, 'abort')]
    expect(seen(batches, aborted)).toEqual([])
    expect(seen([...batches, batch(20n, 2n), marker(21n, 2n, 'commit')], aborted)).toEqual(['2@20'])
  })

  test('is shown what is no transaction’s, and never a marker', () => {
    const plain = batch(12n, 1n, { transactional: false })
    const aborted = [{ producerId: 1n, firstOffset: 10n }]
    expect(seen([batch(10n, 1n), plain, marker(13n, 1n, 'abort'), marker(14n, 9n, 'commit')], aborted)).toEqual([
      '1@12',
    ])
  })

  test('keeps the offsets of what it may not see', () => {
    const shown = committedOnly([batch(10n, 1n), marker(11n, 1n, 'abort')], [{ producerId: 1n, firstOffset: 10n }])
    expect(shown.map(({ lastOffset, records }) => [lastOffset, records.length])).toEqual([
      [10n, 0],
      [11n, 0],
    ])
  })

  test('sees exactly the committed ones of any mixture, wherever its fetch begins', () => {
    const step = fc.record({
      producer: fc.integer({ min: 1, max: 4 }),
      act: fc.constantFrom('write', 'write', 'commit', 'abort'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), (steps, start) => {
        const { log, aborted, committed } = logOf(steps)
        const from = BigInt(start)
        const fetched = log.filter(({ lastOffset }) => lastOffset >= from)
        // As a broker does: the aborted transactions that end behind the fetch's first offset.
        const named = aborted.filter(({ endOffset }) => endOffset >= from)
        const expected = committed.filter((offset) => offset >= from)
        expect(
          committedOnly(fetched, named).flatMap(({ records, firstOffset }) =>
            records.length > 0 ? [firstOffset] : [],
          ),
        ).toEqual(expected)
      }),
    )
  })
})

/** A log of transactions; those still open at its end are committed behind it, as a fetch up to the last stable offset would have it. */
function logOf(steps: readonly { producer: number; act: string }[]) {
  const log: RecordBatch[] = []
  const aborted: (AbortedTransaction & { endOffset: bigint })[] = []
  const committed: bigint[] = []
  const open = new Map<number, bigint[]>()
  const next = (): bigint => BigInt(log.length)
  const end = (producer: number, act: 'commit' | 'abort'): void => {
    const offsets = open.get(producer)
    open.delete(producer)
    if (offsets === undefined) return
    const endOffset = next()
    log.push(marker(endOffset, BigInt(producer), act))
    if (act === 'commit') committed.push(...offsets)
    else aborted.push({ producerId: BigInt(producer), firstOffset: offsets[0] ?? 0n, endOffset })
  }
  for (const { producer, act } of steps) {
    if (act === 'write') {
      open.set(producer, [...(open.get(producer) ?? []), next()])
      log.push(batch(next(), BigInt(producer)))
    } else end(producer, act === 'commit' ? 'commit' : 'abort')
  }
  for (const producer of [...open.keys()]) end(producer, 'commit')
  return { log, aborted, committed: committed.toSorted((a, b) => (a < b ? -1 : 1)) }
}
