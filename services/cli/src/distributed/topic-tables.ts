import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { ClickHouseTopicStore } from '@tlsrep/platform/event-log/clickhouse-topics'
import type { DeliveredBatch } from '@tlsrep/platform/event-log/event-log'
import type { StoredTopic } from '@tlsrep/platform/event-log/topic-store'
import type { ServiceFrame } from './service.ts'

/** What commands and queries read out of ClickHouse: who is listed, what operators decided, what could not be used. */
const SHOWN: readonly StoredTopic[] = ['tls.listings', 'tls.overrides', 'tls.deadletter']
const GROUP = 'tlsrep-tables'

/** Copies these topics into their tables, each record by one scorer, until `signal` is aborted. The same batch again changes nothing. */
export async function fillTables(frame: ServiceFrame, clickhouse: ClickHouse, signal: AbortSignal): Promise<void> {
  const store = new ClickHouseTopicStore({
    clickhouse,
    now: frame.options.now,
    signal,
    logger: frame.logger('event_log'),
  })
  await Promise.all(
    SHOWN.map((topic) =>
      frame.eventLog.subscribe(
        topic,
        { group: `${GROUP}-${topic}`, whole: false },
        (batch) => store.write(topic, batch.records, tokenOf(batch)),
        signal,
      ),
    ),
  )
}

function tokenOf({ topic, log, ranges }: DeliveredBatch): string {
  const offsets = ranges.map(({ partition, firstOffset, lastOffset }) => `${partition}:${firstOffset}-${lastOffset}`)
  return `${topic}/${log}/${offsets.join(',')}`
}
