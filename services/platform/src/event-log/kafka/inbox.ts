import type { DeliveredBatch, LogRecord, OffsetRange, Topic } from '../event-log.ts'
import type { RecordBatch } from './record-batch.ts'

export interface InboxBounds {
  /** Of one delivery; a record batch is delivered whole. */
  maxRecords: number
  /** Of one delivery, and of what waits beside it. */
  maxBytes: number
}

/** A delivery, and the positions that may be saved when it has been handled. */
export interface Parcel {
  ranges: OffsetRange[]
  records: LogRecord[]
  positions: Map<number, bigint>
}

interface Entry {
  partition: number
  batch: RecordBatch
  bytes: number
}

/** Fetched and not delivered yet, within bounds: while it is full, nothing is fetched. */
export class Inbox {
  readonly #bounds: InboxBounds
  #entries: Entry[] = []
  #bytes = 0
  #changed = Promise.withResolvers<void>()

  constructor(bounds: InboxBounds) {
    this.#bounds = bounds
  }

  get full(): boolean {
    return this.#bytes >= this.#bounds.maxBytes
  }

  get empty(): boolean {
    return this.#entries.length === 0
  }

  /** Resolves at the next `put` or `take`. */
  get changed(): Promise<void> {
    return this.#changed.promise
  }

  put(partition: number, batches: readonly RecordBatch[]): void {
    for (const batch of batches) {
      const bytes = batch.records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0)
      this.#entries.push({ partition, batch, bytes })
      this.#bytes += bytes
    }
    if (batches.length > 0) this.wake()
  }

  /** As much as a delivery may hold; partitions in the order in which they come. */
  take(): Parcel {
    let [records, bytes, count] = [0, 0, 0]
    for (const entry of this.#entries) {
      records += entry.batch.records.length
      bytes += entry.bytes
      if (count > 0 && (records > this.#bounds.maxRecords || bytes > this.#bounds.maxBytes)) break
      count++
    }
    const taken = this.#entries.splice(0, count)
    this.#bytes -= taken.reduce((sum, entry) => sum + entry.bytes, 0)
    this.wake()
    return parcelOf(taken)
  }

  clear(): void {
    this.#entries = []
    this.#bytes = 0
    this.wake()
  }

  wake(): void {
    const { resolve } = this.#changed
    this.#changed = Promise.withResolvers()
    resolve()
  }
}

/** One range a partition, from the first record to the last one; what stands between, such as the ends of transactions, is in it too. */
function parcelOf(entries: readonly Entry[]): Parcel {
  const parcel: Parcel = { ranges: [], records: [], positions: new Map() }
  for (const [partition, own] of Map.groupBy(entries, (entry) => entry.partition)) {
    let range: OffsetRange | null = null
    for (const { batch } of own) {
      parcel.positions.set(partition, batch.lastOffset + 1n)
      const [first, last] = [batch.records[0], batch.records.at(-1)]
      if (first === undefined || last === undefined) continue
      range ??= { partition, firstOffset: batch.firstOffset + BigInt(first.offsetDelta), lastOffset: 0n }
      range.lastOffset = batch.firstOffset + BigInt(last.offsetDelta)
      for (const { key, value } of batch.records) parcel.records.push({ key, value })
    }
    if (range !== null) parcel.ranges.push(range)
  }
  return parcel
}

export function deliveryOf(
  topic: Topic,
  log: string,
  { ranges, records }: Pick<DeliveredBatch, 'ranges' | 'records'>,
): DeliveredBatch {
  return { topic, log, ranges, records }
}
