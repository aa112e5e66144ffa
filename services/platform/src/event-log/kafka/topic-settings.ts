import { TOPICS, type Topic } from '../event-log.ts'

export interface TopicPlan {
  topic: string
  partitions: number
  settings: Readonly<Record<string, string>>
}

export interface TopicPlanOptions {
  /** Stands before the names of all topics; default none. */
  topicPrefix?: string
  /** Of `tls.negotiations`; default 16. It cannot be changed later without moving keys from one partition to another. */
  partitions?: number
  /** Days; default 7. How long a scorer may be away without losing anything. */
  negotiationsRetentionDays?: number
  /** Days; default 90. */
  deadLetterRetentionDays?: number
}

export const EVENTS: Topic = 'tls.negotiations'
const DAY_MS = 86_400_000
/**
 * Of every other topic, at most: what they carry is a small part of what the events are, nobody shares it out for its load, and each reader
 * of a compacted topic reads all of its partitions at each start.
 */
const FEW_PARTITIONS = 4
/** A segment is compacted only when it is closed; the topics are small, so time closes it. */
const COMPACT = { 'cleanup.policy': 'compact', 'segment.ms': String(DAY_MS / 4), 'min.cleanable.dirty.ratio': '0.2' }

/** The topics and what they are set to; docs/kafka.md says why. */
export function topicPlans(options: TopicPlanOptions = {}): TopicPlan[] {
  const { topicPrefix = '', partitions = 16, negotiationsRetentionDays = 7, deadLetterRetentionDays = 90 } = options
  const settings: Readonly<Record<Topic, Readonly<Record<string, string>>>> = {
    'tls.negotiations': kept(negotiationsRetentionDays),
    'tls.listings': COMPACT,
    'tls.overrides': COMPACT,
    'tls.checkpoints': COMPACT,
    'tls.deadletter': kept(deadLetterRetentionDays),
  }
  return (Object.keys(TOPICS) as Topic[]).map((topic) => ({
    topic: `${topicPrefix}${topic}`,
    partitions: topic === EVENTS ? partitions : Math.min(partitions, FEW_PARTITIONS),
    settings: settings[topic],
  }))
}

function kept(days: number): Record<string, string> {
  return { 'cleanup.policy': 'delete', 'retention.ms': String(Math.round(days * DAY_MS)) }
}
