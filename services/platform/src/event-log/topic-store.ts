import type { CompactedTopic, LogRecord, Topic } from './event-log.ts'

/** The topics that the in-process log keeps: all but `tls.negotiations`, which its reader makes durable. */
export type StoredTopic = Exclude<Topic, 'tls.negotiations'>

/** Where the in-process log keeps what has to outlive the process. */
export interface TopicStore {
  /**
   * Resolves when the records are durable; of two with one key the later one holds, and a tombstone removes the key.
   * @param token names this write and no other: the same write again under its token changes nothing
   */
  write(topic: StoredTopic, records: readonly LogRecord[], token: string): Promise<void>
  /** The newest value of each key, tombstones left out. */
  read(topic: CompactedTopic): Promise<readonly LogRecord[]>
}

/** What the topic store needs of ClickHouse; the adapter is one. */
export interface TopicTables {
  rows<T>(query: string, params?: Record<string, unknown>): Promise<T[]>
  insertAvro(table: string, container: Uint8Array, token: string): Promise<void>
}
