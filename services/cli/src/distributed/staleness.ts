import type { KafkaEventLog } from '@tlsrep/platform/event-log/kafka/kafka-event-log'

/** What the list is made of. */
const TOPICS = ['tls.listings', 'tls.overrides'] as const
/** Milliseconds without the end of a topic in sight that are no news: a broker that is restarted, a fetch that waits. */
const GRACE_MS = 5000

/**
 * Since when a publisher's list may lack what others know: the last moment at which both topics were known to be read to their ends.
 * Kafka away and a reader that does not keep up look alike to whoever uses the list, so they are one.
 * @param now milliseconds since 1970 UTC
 * @returns milliseconds since 1970 UTC; null where the list is up to date
 */
export function staleSince(eventLog: Pick<KafkaEventLog, 'reading'>, now: number): number | null {
  const known = TOPICS.map((topic) => eventLog.reading(topic)?.caughtUpAt ?? null)
  // Not read to the end yet: the publisher is not ready, and says so itself.
  if (known.includes(null)) return null
  const since = Math.min(...known.filter((at) => at !== null))
  return now - since > GRACE_MS ? since : null
}
