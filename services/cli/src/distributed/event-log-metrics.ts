import { TOPICS, type Topic } from '@tlsrep/platform/event-log/event-log'
import type { KafkaEventLog } from '@tlsrep/platform/event-log/kafka/kafka-event-log'
import { exposeCounters } from '@tlsrep/platform/metrics/metrics'
import type { Registry } from 'prom-client'

/** Of Kafka: what was written and read, how the groups fare, and how far behind each partition of each topic is. */
export function exposeEventLog(registry: Registry, eventLog: Pick<KafkaEventLog, 'figures' | 'reading'>): void {
  const figures = () => {
    const { appends = 0, appended_records = 0, append_failures = 0 } = eventLog.figures
    const {
      delivered_records = 0,
      rebalances = 0,
      outages = 0,
      commits_refused = 0,
      offsets_lost = 0,
      registry_failures = 0,
      registry_unknown_ids = 0,
    } = eventLog.figures
    return {
      appends,
      appended_records,
      append_failures,
      delivered_records,
      rebalances,
      outages,
      commits_refused,
      offsets_lost,
      registry_failures,
      registry_unknown_ids,
    }
  }
  const failed = (stage: 'receiving' | 'sending' | 'registry', kind: string) => ({
    name: 'errors_total',
    help: 'What failed and is tried again, or was refused.',
    labels: { stage, kind },
  })
  exposeCounters(registry, 'event_log', figures, {
    appends: { name: 'sent_batches_total', help: 'Batches that were handed on and are durable.' },
    appended_records: { name: 'sent_events_total', help: 'Records that were handed on and are durable.' },
    append_failures: failed('sending', 'append'),
    delivered_records: { name: 'received_events_total', help: 'Records that were handled.' },
    rebalances: { name: 'rebalances_total', help: 'Times that partitions were shared out anew.' },
    outages: failed('receiving', 'outage'),
    commits_refused: failed('receiving', 'position_refused'),
    registry_failures: failed('registry', 'outage'),
    registry_unknown_ids: failed('registry', 'unknown_schema_id'),
    offsets_lost: { name: 'lost_records_total', help: 'Records that retention deleted before they were read.' },
  })
  // A family for each topic: of one label only so many values are shown.
  for (const topic of Object.keys(TOPICS) as Topic[]) {
    const lag = () => ({ lag: Object.fromEntries(eventLog.reading(topic)?.lag ?? []) })
    exposeCounters(registry, 'event_log', lag, {
      lag: {
        name: 'kafka_consumer_lag',
        help: 'Records not handled yet, by topic and partition.',
        kind: 'gauge',
        labels: { topic },
        keyLabel: 'partition',
      },
    })
  }
}
