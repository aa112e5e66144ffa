import type {
  AppendBatch,
  BatchHandler,
  CompactedTopic,
  EventLog,
  LogRecord,
  OffsetRange,
  Topic,
} from '../event-log.ts'
import { TOPICS } from '../event-log.ts'
import { patiently, within } from './attempts.ts'
import { isCommitted, type TopicView, viewTopic, viewTopics } from './cluster-view.ts'
import { readCompacted, readContent } from './compacted.ts'
import { classified, KafkaUnavailable, unreachable } from './failure.ts'
import { type Framing, RegisteredFraming, SINGLE_OBJECT } from './framing.ts'
import { GroupSubscription } from './group-subscription.ts'
import { IdempotentWriter } from './idempotent-writer.ts'
import { createKafkaClient, type KafkaClient } from './kafkajs.ts'
import type { KafkaConnection } from './kafkajs-connection.ts'
import type { KafkaEventLogOptions, KafkaSubscribeOptions } from './options.ts'
import { readRange } from './range.ts'
import { ReadingState } from './reading-state.ts'
import { TransactionalWriter } from './transactional-writer.ts'
import { DEFAULT_TUNING, type Tuning } from './tuning.ts'
import { WholeSubscription } from './whole-subscription.ts'

/**
 * The event log on Kafka. Failures: `OperatorError` for what an operator can mend, `KafkaUnavailable` for an append or a read that may
 * be made again; subscriptions outlast outages by themselves.
 */
export class KafkaEventLog implements EventLog {
  readonly counters = { appends: 0, appended_records: 0, append_failures: 0 }
  readonly #options: KafkaEventLogOptions
  readonly #tuning: Tuning
  readonly #client: KafkaClient
  readonly #framing: Framing
  readonly #writer: TransactionalWriter | IdempotentWriter
  readonly #stop = new AbortController()
  readonly #subscriptions = new Map<Promise<void>, AbortController>()
  readonly #states = new Map<Topic, ReadingState>()
  #appends = 0
  #closing = false
  #idle: (() => void) | null = null

  private constructor(options: KafkaEventLogOptions, client: KafkaClient) {
    this.#options = options
    this.#client = client
    this.#tuning = { ...DEFAULT_TUNING, ...options.tuning }
    this.#framing = this.#createFraming()
    this.#writer = this.#createWriter()
  }

  /**
   * Connects, looks whether the topics are there, and as a collector ends what an earlier run of that name has left open.
   * @throws OperatorError where Kafka cannot be reached within `startPatience`, does not let us in, or has no such topics
   */
  static async open(options: KafkaEventLogOptions): Promise<KafkaEventLog> {
    const log = new KafkaEventLog(options, createKafkaClient(options.kafka, options.logger))
    await log.#open()
    return log
  }

  /** How a topic is being read; undefined where nobody does. */
  reading(topic: Topic): ReadingState | undefined {
    return this.#states.get(topic)
  }

  /** Why the schema registry cannot be asked now; null where it can, or where there is none. */
  registryOutage(): Promise<string | null> {
    return this.#framing.outage()
  }

  /** Everything counted here, under the names that the metrics have. */
  get figures(): Readonly<Record<string, number>> {
    const read = new ReadingState().counters as Record<string, number>
    for (const { counters } of this.#states.values()) {
      for (const [name, count] of Object.entries(counters)) read[name] = (read[name] ?? 0) + count
    }
    const written = this.#writer instanceof TransactionalWriter ? this.#writer.counters : {}
    const { failures = 0, unknown_ids = 0 } = this.#options.registry?.counters ?? {}
    return { ...this.counters, ...written, ...read, registry_failures: failures, registry_unknown_ids: unknown_ids }
  }

  async append(batch: AppendBatch): Promise<void> {
    this.#refuseClosed()
    if (batch.checkpoint !== null && this.#options.transactionalId === null) {
      throw new Error('a checkpoint needs a transaction: this log was opened without a transactional id')
    }
    this.#appends++
    try {
      await this.#writer.append(batch)
      this.counters.appends++
      this.counters.appended_records += batch.records.length
    } catch (error) {
      this.counters.append_failures++
      throw error
    } finally {
      if (--this.#appends === 0) this.#idle?.()
    }
  }

  async subscribe(
    topic: Topic,
    options: KafkaSubscribeOptions,
    handle: BatchHandler,
    signal: AbortSignal,
  ): Promise<void> {
    this.#refuseClosed()
    if (options.whole && !isCompacted(topic)) throw new Error(`${topic} is not compacted: it has no whole content`)
    const ending = new AbortController()
    const state = new ReadingState()
    this.#states.set(topic, state)
    const shared = {
      client: this.#client,
      topic,
      topicName: this.#topicName(topic),
      handle,
      framing: this.#framing,
      ...this.#reading,
      state,
      signal: AbortSignal.any([signal, ending.signal]),
    }
    const running = options.whole
      ? new WholeSubscription({ ...shared, loaded: options.loaded ?? (() => {}) }).run()
      : new GroupSubscription({
          ...shared,
          ...this.#tuning,
          group: options.group,
          assigned: options.assigned ?? (async () => {}),
          outOfRange: this.#options.outOfRange ?? 'earliest',
        }).run()
    this.#subscriptions.set(running, ending)
    try {
      await running
    } finally {
      this.#subscriptions.delete(running)
      state.connected = false
    }
  }

  async readCompacted(topic: CompactedTopic): Promise<readonly LogRecord[]> {
    const records = await this.#readOnce(topic, (connection, view) =>
      readCompacted({ connection, view, ...this.#reading, signal: this.#stop.signal }),
    )
    return this.#readable(topic, records)
  }

  readThrough(topic: CompactedTopic, take: (records: readonly LogRecord[]) => void): Promise<void> {
    return this.#readOnce(topic, (connection, view) =>
      readContent({ connection, view, ...this.#reading, signal: this.#stop.signal }, async (records) =>
        take(await this.#readable(topic, records)),
      ),
    )
  }

  /**
   * The committed records of an offset range, as they were delivered once.
   * @param log the log that the range belongs to
   * @throws OperatorError where they are gone: by retention, or with a topic that was deleted
   */
  async readRange(topic: Topic, log: string, range: OffsetRange): Promise<readonly LogRecord[]> {
    const records = await this.#readOnce(topic, (connection, view) =>
      readRange({ connection, view, ...this.#reading, signal: this.#stop.signal, log, range }),
    )
    return this.#readable(topic, records)
  }

  /** Finishes the batches in hand and, within `closePatience`, the appends; leaves the groups at once. */
  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    for (const ending of this.#subscriptions.values()) ending.abort()
    if (this.#appends > 0) {
      const idle = new Promise<void>((resolve) => (this.#idle = resolve))
      await within(this.#tuning.closePatience, idle)
    }
    this.#stop.abort()
    await this.#writer.close()
    await Promise.allSettled([...this.#subscriptions.keys()])
  }

  #refuseClosed(): void {
    if (this.#closing) throw new Error('the event log is closed')
  }

  async #open(): Promise<void> {
    const { kafka, now } = this.#options
    const topics = (Object.keys(TOPICS) as Topic[]).map((topic) => this.#topicName(topic))
    const { signal } = this.#stop
    let last: unknown = null
    const failed = (error: Error): void => {
      if (last === null)
        this.#options.logger.warn({ brokers: kafka.brokers, reason: error.message }, 'Kafka does not answer yet')
      last = error
    }
    try {
      await patiently({ now, patience: this.#tuning.startPatience, signal, failed }, () =>
        this.#connected((connection) => viewTopics(connection, topics), 'connecting'),
      )
      if (this.#writer instanceof TransactionalWriter) await this.#writer.open(this.#tuning.startPatience)
    } catch (error) {
      if (error instanceof KafkaUnavailable) throw unreachable(kafka.brokers, error)
      throw error
    }
  }

  get #reading() {
    const { now, logger } = this.#options
    const { maxWait, endWait, maxFetchBytes, maxPartitionBytes, maxRecords, maxBytes, metadataMaxAge, openPatience } =
      this.#tuning
    return {
      bounds: { maxWait, maxBytes: maxFetchBytes, maxPartitionBytes },
      endWait,
      inbox: { maxRecords, maxBytes },
      metadataMaxAge,
      openPatience,
      now,
      logger,
    }
  }

  #createFraming(): Framing {
    const { registry, now, logger } = this.#options
    if (registry === undefined) return SINGLE_OBJECT
    return new RegisteredFraming({ registry, topicName: (topic) => this.#topicName(topic), now, logger })
  }

  #createWriter(): TransactionalWriter | IdempotentWriter {
    const { transactionalId, now, logger } = this.#options
    const shared = {
      client: this.#client,
      topicName: (topic: Topic) => this.#topicName(topic),
      framing: this.#framing,
      bounds: { maxRecords: this.#tuning.maxRecords, maxBytes: this.#tuning.maxBytes },
      patience: this.#tuning.appendPatience,
      attemptTimeout: this.#tuning.attemptTimeout,
      now,
      signal: this.#stop.signal,
      logger,
    }
    if (transactionalId === null) return new IdempotentWriter(shared)
    return new TransactionalWriter({
      ...shared,
      transactionalId,
      transactionTimeout: this.#tuning.transactionTimeout,
      isCommitted: (position, signal) =>
        this.#connected((connection) => isCommitted(connection, position, signal), 'reading a record'),
    })
  }

  #readOnce<T>(topic: Topic, read: (connection: KafkaConnection, view: TopicView) => Promise<T>): Promise<T> {
    this.#refuseClosed()
    const name = this.#topicName(topic)
    const { now, logger } = this.#options
    const failed = (error: Error): void => logger.debug({ err: error }, 'a reading failed')
    const patience = this.#tuning.startPatience
    return patiently({ now, patience, signal: this.#stop.signal, failed }, () =>
      this.#connected(async (connection) => read(connection, await viewTopic(connection, name)), `reading ${name}`),
    )
  }

  /** Without the framing of a schema registry, where there is one. */
  async #readable(topic: Topic, records: readonly LogRecord[]): Promise<readonly LogRecord[]> {
    const name = this.#topicName(topic)
    const over = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#tuning.startPatience)])
    const readable = await this.#framing.incoming(records, over)
    if (readable === null) throw new KafkaUnavailable(`${name} was read, and the schema registry was away`)
    return readable
  }

  /** With connections of its own, closed again. */
  async #connected<T>(work: (connection: KafkaConnection) => Promise<T>, what: string): Promise<T> {
    const connection = this.#client.connection()
    try {
      await connection.connect()
      return await work(connection)
    } catch (error) {
      throw classified(error, what)
    } finally {
      await connection.disconnect()
    }
  }

  #topicName(topic: Topic): string {
    return `${this.#options.topicPrefix ?? ''}${topic}`
  }
}

function isCompacted(topic: Topic): topic is CompactedTopic {
  return topic === 'tls.listings' || topic === 'tls.overrides' || topic === 'tls.checkpoints'
}
