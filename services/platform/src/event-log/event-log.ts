import type { EventFacts } from '@tlsrep/schemas'

/**
 * The event log: the one port between services. Two implementations, Kafka and in process, with the same promises.
 *
 * - An append is acknowledged only when the batch is durable (Kafka: acknowledged by all in-sync replicas, events and checkpoint in one
 *   transaction; in process: stored in ClickHouse). Until then the caller keeps the position of its input.
 * - Delivery is in order within a partition, in batches, and at least once; what makes it exactly once is the reader's business.
 * - A slow reader slows the writer: neither side buffers without bound.
 */
export interface EventLog {
  /** Appends a batch; resolves when it is durable, rejects when it is not known to be. */
  append(batch: AppendBatch): Promise<void>
  /**
   * Delivers batches of a topic to `handle` until `signal` is aborted; resolves then. The next batch waits for `handle`.
   * Rejects when `handle` does, or when the log is lost for good.
   */
  subscribe(topic: Topic, options: SubscribeOptions, handle: BatchHandler, signal: AbortSignal): Promise<void>
  /** The newest value of each key of a compacted topic, tombstones left out. All of them are in memory at once: for topics with few keys. */
  readCompacted(topic: CompactedTopic): Promise<readonly LogRecord[]>
  /**
   * Gives all that a compacted topic holds, up to its end as it was at the call, to a reader that keeps what it needs of it by key: of each
   * key the newest record last; older ones and tombstones may come before it. The bytes are the reader's until `take` returns. Where it
   * rejects, some may have been given already.
   */
  readThrough(topic: CompactedTopic, take: (records: readonly LogRecord[]) => void): Promise<void>
  /** Waits for appends under way, refuses new ones. */
  close(): Promise<void>
}

/** Topics; the record in each is the Avro record of `schemas/avro` named beside it. */
export const TOPICS = {
  'tls.negotiations': 'TlsNegotiation',
  'tls.listings': 'Listing',
  'tls.overrides': 'Override',
  'tls.checkpoints': 'Checkpoint',
  'tls.deadletter': 'DeadLetter',
} as const
export type Topic = keyof typeof TOPICS
export type CompactedTopic = 'tls.listings' | 'tls.overrides' | 'tls.checkpoints'

/** One encoded record. `value` null is a tombstone: in a compacted topic, the key is gone. */
export interface LogRecord {
  key: Uint8Array | null
  value: Uint8Array | null
  /**
   * What an event says, where this process has encoded it itself: in single-object framing, by today's schema. In process the reader is
   * given it with the record, and need not decode; over Kafka it never comes.
   */
  facts?: EventFacts
}

/** What becomes durable together: an input's events and the checkpoint that says they were emitted. */
export interface AppendBatch {
  topic: Topic
  records: readonly LogRecord[]
  /** Encoded `Checkpoint` of the input, written in the same transaction; null where the batch comes from no input. */
  checkpoint: LogRecord | null
}

export interface SubscribeOptions {
  /** Readers of one group share the work; each record goes to one of them. */
  group: string
  /**
   * Begin with all that a compacted topic holds, whatever the group has read before: for readers that keep it by key. Of each key the newest
   * record comes last; older ones and tombstones may come before it. After an outage reading goes on where it was.
   */
  whole: boolean
  /** With `whole`: called once, when what the topic held at the beginning has been handled. */
  loaded?: () => void
}

/** The records `firstOffset` to `lastOffset` of one partition, both included. */
export interface OffsetRange {
  partition: number
  firstOffset: bigint
  lastOffset: bigint
}

export interface DeliveredBatch {
  topic: Topic
  /** Which log the offsets belong to: they mean nothing in another one. In process, each start is a log of its own. */
  log: string
  /** What the batch was taken from, at most one range a partition. */
  ranges: readonly OffsetRange[]
  /** In the order of the ranges. */
  records: readonly LogRecord[]
}

/** Resolves when the batch's effects are durable; only then is its position saved. A rejection stops the subscription. */
export type BatchHandler = (batch: DeliveredBatch) => Promise<void>
