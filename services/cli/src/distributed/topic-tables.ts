import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { ClickHouseTopicStore } from '@tlsrep/platform/event-log/clickhouse-topics'
import { type DeliveredBatch, type LogRecord, TOPICS } from '@tlsrep/platform/event-log/event-log'
import type { StoredTopic } from '@tlsrep/platform/event-log/topic-store'
import { createReader } from '@tlsrep/schemas'
import { LetterTable } from './letter-table.ts'
import type { ServiceFrame } from './service.ts'

type ShownTopic = Exclude<StoredTopic, 'tls.checkpoints'>

const GROUP = 'tlsrep-tables'

/**
 * Copies into their tables what commands and queries read out of ClickHouse: who is listed, what operators decided, what could not be
 * used. Each record by one scorer, until `signal` is aborted.
 */
export async function fillTables(frame: ServiceFrame, clickhouse: ClickHouse, signal: AbortSignal): Promise<void> {
  const options = { clickhouse, now: frame.options.now, signal, logger: frame.logger('event_log') }
  const store = new ClickHouseTopicStore(options)
  const letters = new LetterTable(options)
  const copy = (topic: ShownTopic, write: (records: readonly LogRecord[], token: string) => Promise<void>) => {
    const isReadable = readableOf(topic)
    const handle = async (batch: DeliveredBatch): Promise<void> => {
      const records = batch.records.filter(isReadable)
      const left = batch.records.length - records.length
      // A record that nobody can read would come again and again, and nothing behind it would ever be seen.
      if (left > 0)
        options.logger.warn({ topic, left, ranges: rangesOf(batch) }, 'records that cannot be read are left')
      if (records.length > 0) await write(records, `${topic}/${batch.log}/${rangesOf(batch)}`)
    }
    return frame.eventLog.subscribe(topic, { group: `${GROUP}-${topic}`, whole: false }, handle, signal)
  }
  await Promise.all([
    copy('tls.listings', (records, token) => store.write('tls.listings', records, token)),
    copy('tls.overrides', (records, token) => store.write('tls.overrides', records, token)),
    copy('tls.deadletter', (records, token) => letters.write(records, token)),
  ])
}

/** Whether a record is what its topic is for; of one with a key a tombstone is too. */
function readableOf(topic: ShownTopic): (record: LogRecord) => boolean {
  const reader = createReader(TOPICS[topic])
  const isKeyed = topic !== 'tls.deadletter'
  return ({ key, value }) => {
    if (isKeyed && key === null) return false
    return value === null ? isKeyed : reader.decode(value).ok
  }
}

function rangesOf({ ranges }: DeliveredBatch): string {
  return ranges.map(({ partition, firstOffset, lastOffset }) => `${partition}:${firstOffset}-${lastOffset}`).join()
}
