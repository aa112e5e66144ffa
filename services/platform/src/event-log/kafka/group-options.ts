import type { Logger } from 'pino'
import type { BatchHandler, Topic } from '../event-log.ts'
import type { FetchBounds } from './cluster-view.ts'
import type { Framing } from './framing.ts'
import type { InboxBounds } from './inbox.ts'
import type { KafkaClient } from './kafkajs.ts'
import type { ReadingState } from './reading-state.ts'

export type OutOfRange = 'earliest' | 'latest' | 'stop'

export interface GroupSubscriptionOptions {
  client: Pick<KafkaClient, 'connection'>
  topic: Topic
  topicName: string
  group: string
  handle: BatchHandler
  framing: Pick<Framing, 'incoming'>
  /**
   * Told of the partitions after each rebalance, before the first batch of them: what an earlier owner has begun can be finished here.
   * They are this reader's until the next call.
   */
  assigned: (partitions: readonly number[], log: string, partitionCount: number) => Promise<void>
  /** Where to go on when the saved position is not in the log any more. A group without a position begins at the earliest record. */
  outOfRange: OutOfRange
  bounds: FetchBounds
  inbox: InboxBounds
  heartbeatInterval: number
  sessionTimeout: number
  rebalanceTimeout: number
  metadataMaxAge: number
  openPatience: number
  state: ReadingState
  now: () => number
  signal: AbortSignal
  logger: Logger
}
