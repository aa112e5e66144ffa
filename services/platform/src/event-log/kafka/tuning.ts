import { TRANSACTION_TIMEOUT_MS } from './kafkajs-cures.ts'

/** Times in milliseconds. */
export interface Tuning {
  /** How long a fetch waits at the broker for something new. A long wait costs nothing: it ends with the first record. */
  maxWait: number
  /** The same while what is there is read to its end, which may be where nothing is: no answer comes but after the wait. */
  endWait: number
  /** Of one answer, compressed. */
  maxFetchBytes: number
  maxPartitionBytes: number
  /** Of one delivery or one transaction. */
  maxRecords: number
  /** The same; also the most that is fetched ahead. */
  maxBytes: number
  /** How late a rebalance is noticed, at most. */
  heartbeatInterval: number
  /** How long after its last word a reader that died keeps its partitions. */
  sessionTimeout: number
  /** How long a rebalance waits for a batch in hand. */
  rebalanceTimeout: number
  metadataMaxAge: number
  /** How long a reading that has to come to an end waits for a transaction that is open before it; ours are over after ten seconds. */
  openPatience: number
  /** How long an append goes on trying before it rejects; 0: it is tried once. */
  appendPatience: number
  /** How long one try of it may take. */
  attemptTimeout: number
  /** How long an end waits for appends under way; what Kafka has not taken then is rejected, and appended again at the next start. */
  closePatience: number
  /** How long a start, or a reading of what is there, waits for Kafka. */
  startPatience: number
  transactionTimeout: number
}

export const DEFAULT_TUNING: Tuning = {
  // Shorter than what readers of the list count as staleness.
  maxWait: 2000,
  endWait: 250,
  maxFetchBytes: 1024 * 1024,
  maxPartitionBytes: 512 * 1024,
  maxRecords: 20_000,
  maxBytes: 8 * 1024 * 1024,
  heartbeatInterval: 3000,
  sessionTimeout: 15_000,
  rebalanceTimeout: 60_000,
  metadataMaxAge: 30_000,
  openPatience: 60_000,
  appendPatience: 15_000,
  attemptTimeout: 15_000,
  closePatience: 5000,
  startPatience: 30_000,
  transactionTimeout: TRANSACTION_TIMEOUT_MS,
}
