import type { LogRecord } from '../event-log.ts'
import { listOffsets } from './cluster-view.ts'
import { type ReadThroughOptions, readThrough } from './read-through.ts'
import type { OffsetRecord } from './record-batch.ts'

export type CompactedOptions = Pick<
  ReadThroughOptions,
  'connection' | 'view' | 'bounds' | 'endWait' | 'metadataMaxAge' | 'openPatience' | 'now' | 'signal' | 'logger'
>

/**
 * All that a compacted topic holds. The topic compacts late, so that a key may have its whole history in it, in order.
 *
 * It ends at the high watermark, not at the end of what is committed: a record of ours may stand behind another's open transaction.
 */
export async function readContent(
  options: CompactedOptions,
  take: (records: readonly LogRecord[]) => Promise<void> | void,
): Promise<void> {
  const { connection, view } = options
  let taken: Promise<void> = Promise.resolve()
  const from = await listOffsets(connection, view, 'first')
  const to = await listOffsets(connection, view, 'end')
  await readThrough({
    ...options,
    from,
    to,
    outOfRange: async (_partition, _position, logStart) => logStart,
    room: () => taken,
    take: (partition, batches) => {
      const end = to.get(partition) ?? 0n
      for (const { firstOffset, lastOffset, records } of batches) {
        const before = ({ offsetDelta }: OffsetRecord): boolean => firstOffset + BigInt(offsetDelta) < end
        const wanted = lastOffset < end ? records : records.filter(before)
        taken = taken.then(() => take(wanted))
      }
      // Whoever waits for room, or for the end, learns of it.
      taken.catch(() => {})
    },
  })
  await taken
}

/** The newest value of each key, tombstones left out. */
export async function readCompacted(options: CompactedOptions): Promise<LogRecord[]> {
  const newest = new Map<string, LogRecord>()
  await readContent(options, (records) => {
    for (const { key, value } of records) {
      if (key === null) continue
      const text = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
      // A view into a fetched batch would keep all of it in memory.
      if (value === null) newest.delete(text)
      else newest.set(text, { key: Buffer.from(key), value: Buffer.from(value) })
    }
  })
  return [...newest.values()]
}
