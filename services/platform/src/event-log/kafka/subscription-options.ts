import type { Logger } from 'pino'
import type { BatchHandler, Topic } from '../event-log.ts'
import type { FetchBounds } from './cluster-view.ts'
import type { Framing } from './framing.ts'
import type { InboxBounds } from './inbox.ts'
import type { KafkaClient } from './kafkajs.ts'
import type { ReadingState } from './reading-state.ts'

/** What every reader of a topic is given, whether it shares the partitions with a group or reads them all. Times in milliseconds. */
export interface SubscriptionOptions {
  client: Pick<KafkaClient, 'connection'>
  topic: Topic
  topicName: string
  handle: BatchHandler
  framing: Pick<Framing, 'incoming'>
  bounds: FetchBounds
  inbox: InboxBounds
  metadataMaxAge: number
  openPatience: number
  state: ReadingState
  now: () => number
  signal: AbortSignal
  logger: Logger
}

export type OutOfRange = 'earliest' | 'latest' | 'stop'

export interface GroupSubscriptionOptions extends SubscriptionOptions {
  group: string
  /**
   * Told of the partitions after each rebalance, before the first batch of them: what an earlier owner has begun can be finished here.
   * They are this reader's until the next call.
   */
  assigned: (partitions: readonly number[], log: string, partitionCount: number) => Promise<void>
  /** Where to go on when the saved position is not in the log any more. A group without a position begins at the earliest record. */
  outOfRange: OutOfRange
  heartbeatInterval: number
  sessionTimeout: number
  rebalanceTimeout: number
}
