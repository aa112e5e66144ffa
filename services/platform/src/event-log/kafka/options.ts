import type { Logger } from 'pino'
import type { SubscribeOptions } from '../event-log.ts'
import type { SchemaRegistry } from '../schema-registry.ts'
import type { KafkaSettings } from './kafkajs.ts'
import type { OutOfRange } from './subscription-options.ts'
import type { Tuning } from './tuning.ts'

export interface KafkaEventLogOptions {
  kafka: KafkaSettings
  /** A collector's configured name: its appends are transactions under it. Null: appends are plain, and carry no checkpoints. */
  transactionalId: string | null
  /** Stands before the names of all topics; default none. */
  topicPrefix?: string
  /** Whose ids stand before the records; without it they have single-object encoding. */
  registry?: SchemaRegistry
  /** Where a group goes on when its saved position is not in the log any more; default `earliest`. */
  outOfRange?: OutOfRange
  tuning?: Partial<Tuning>
  /** Milliseconds since 1970 UTC. */
  now: () => number
  logger: Logger
}

export interface KafkaSubscribeOptions extends SubscribeOptions {
  /**
   * Of a group: told of the partitions after each rebalance, before the first batch of them, and waited for. What an earlier owner has
   * begun can be finished here. The partitions are this reader's until it is told again.
   */
  assigned?: (partitions: readonly number[], log: string, partitionCount: number) => Promise<void>
}
