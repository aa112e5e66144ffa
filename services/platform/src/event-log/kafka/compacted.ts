import type { LogRecord } from '../event-log.ts'
import { listOffsets } from './cluster-view.ts'
import { type ReadThroughOptions, readThrough } from './read-through.ts'
import type { RecordBatch } from './record-batch.ts'

export type CompactedOptions = Pick<
  ReadThroughOptions,
  'connection' | 'view' | 'bounds' | 'endWait' | 'metadataMaxAge' | 'openPatience' | 'now' | 'signal' | 'logger'
>

/**
 * Which records of a compacted topic are the newest of their keys, found by reading it once; a second reading takes those. The topic
 * itself compacts late, so it holds a key's whole history; to keep all values until the last of them is known would take the memory of
 * that history.
 *
 * It ends at the high watermark, not at the end of what is committed: a record of ours may stand behind another's open transaction.
 */
export class CompactedIndex {
  readonly first: ReadonlyMap<number, bigint>
  readonly ends: ReadonlyMap<number, bigint>
  readonly #newest: Map<number, Map<string, number>>

  private constructor(
    first: ReadonlyMap<number, bigint>,
    ends: ReadonlyMap<number, bigint>,
    newest: Map<number, Map<string, number>>,
  ) {
    this.first = first
    this.ends = ends
    this.#newest = newest
  }

  static async read(options: CompactedOptions): Promise<CompactedIndex> {
    const { connection, view } = options
    const first = await listOffsets(connection, view, 'first')
    const ends = await listOffsets(connection, view, 'end')
    const newest = new Map([...ends.keys()].map((partition) => [partition, new Map<string, number>()]))
    const index = new CompactedIndex(first, ends, newest)
    await readThrough({
      ...options,
      from: first,
      to: ends,
      outOfRange: async (_partition, _position, logStart) => logStart,
      take: (partition, batches) => index.#learn(partition, batches),
    })
    return index
  }

  /** Without what is not its key's newest; what came after the index was made is left as it is. */
  newestOnly(partition: number, batches: readonly RecordBatch[]): RecordBatch[] {
    const newest = this.#newest.get(partition)
    const end = this.ends.get(partition) ?? 0n
    return batches.map((batch) => {
      if (newest === undefined || batch.records.length === 0) return batch
      const base = Number(batch.firstOffset)
      const records = batch.records.filter(({ key, value, offsetDelta }) => {
        if (BigInt(base + offsetDelta) >= end) return true
        return value !== null && key !== null && newest.get(keyText(key)) === base + offsetDelta
      })
      return { ...batch, records }
    })
  }

  /** The partition was read to its end: its part of the index is not needed any more. */
  forget(partition: number): void {
    this.#newest.delete(partition)
  }

  #learn(partition: number, batches: readonly RecordBatch[]): void {
    const newest = this.#newest.get(partition)
    const end = this.ends.get(partition) ?? 0n
    if (newest === undefined) return
    for (const { firstOffset, records } of batches) {
      const base = Number(firstOffset)
      for (const { key, offsetDelta } of records) {
        if (key !== null && BigInt(base + offsetDelta) < end) newest.set(keyText(key), base + offsetDelta)
      }
    }
  }
}

/** The newest value of each key, tombstones left out. */
export async function readCompacted(options: CompactedOptions): Promise<LogRecord[]> {
  const index = await CompactedIndex.read(options)
  const content: LogRecord[] = []
  await readThrough({
    ...options,
    from: index.first,
    to: index.ends,
    outOfRange: async (_partition, _position, logStart) => logStart,
    take: (partition, batches) => {
      for (const batch of index.newestOnly(partition, batches)) {
        for (const { key, value, offsetDelta } of batch.records) {
          if (batch.firstOffset + BigInt(offsetDelta) >= (index.ends.get(partition) ?? 0n)) continue
          content.push({ key: copied(key), value: copied(value) })
        }
      }
    },
  })
  return content
}

function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}

/** A view into a fetched batch keeps all of it in memory. */
function copied(bytes: Uint8Array | null): Uint8Array | null {
  return bytes === null ? null : Buffer.from(bytes)
}
