import type { LogRecord, OffsetRange } from '../event-log.ts'
import type { CompactedOptions } from './compacted.ts'
import { rangeGone } from './failure.ts'
import { readThrough } from './read-through.ts'

/** The committed records of one range. @throws OperatorError where they are gone */
export async function readRange(options: CompactedOptions & { log: string; range: OffsetRange }): Promise<LogRecord[]> {
  const { view, log, range } = options
  const { partition, firstOffset, lastOffset } = range
  const where = `${view.topic}, partition ${partition}, offsets ${firstOffset} to ${lastOffset}`
  if (view.log !== log) throw rangeGone(where, 'the topic was deleted and made again')
  if (!view.leaders.has(partition)) throw rangeGone(where, 'the topic has no such partition')
  const records: LogRecord[] = []
  await readThrough({
    ...options,
    from: new Map([[partition, firstOffset]]),
    to: new Map([[partition, lastOffset + 1n]]),
    outOfRange: async (_partition, _position, logStart) => {
      throw rangeGone(where, logStart > firstOffset ? `the log begins at ${logStart} now` : 'the log ends before them')
    },
    take: (_partition, batches) => {
      for (const batch of batches) {
        for (const { key, value, offsetDelta } of batch.records) {
          const offset = batch.firstOffset + BigInt(offsetDelta)
          if (offset <= lastOffset) records.push({ key, value })
        }
      }
    },
  })
  return records
}
