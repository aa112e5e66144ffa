import type { Logger } from 'pino'
import type { BatchHandler, Topic } from '../event-log.ts'
import { type FetchBounds, type TopicView, viewTopic } from './cluster-view.ts'
import { CompactedIndex, type CompactedOptions } from './compacted.ts'
import { EndWatch } from './end-watch.ts'
import { classified, KafkaUnavailable, topicRecreated, wordsOf } from './failure.ts'
import { fetchLoop, idle } from './fetch-loop.ts'
import type { Framing } from './framing.ts'
import { deliveryOf, Inbox, type InboxBounds } from './inbox.ts'
import type { KafkaClient } from './kafkajs.ts'
import type { KafkaConnection } from './kafkajs-connection.ts'
import type { ReadingState } from './reading-state.ts'

export interface WholeSubscriptionOptions {
  client: Pick<KafkaClient, 'connection'>
  topic: Topic
  topicName: string
  handle: BatchHandler
  framing: Pick<Framing, 'incoming'>
  /** Called once, when the whole content of the topic has been handled. */
  loaded: () => void
  bounds: FetchBounds
  /** Milliseconds that a fetch waits at the broker until the content has been handled, instead of `maxWait` of the bounds. */
  endWait: number
  inbox: InboxBounds
  metadataMaxAge: number
  openPatience: number
  state: ReadingState
  now: () => number
  signal: AbortSignal
  logger: Logger
}

const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 5000

/**
 * A reader that holds a compacted topic in memory: its content first, the newest value of each key, then all that follows, with no gap.
 * It belongs to no group: each such reader reads all partitions, and saves no position, since it begins anew at each start.
 */
export class WholeSubscription {
  readonly #options: WholeSubscriptionOptions
  #log: string | null = null

  constructor(options: WholeSubscriptionOptions) {
    this.#options = options
  }

  /** Until the signal is aborted, the handler rejects, or the topic is another one. */
  async run(): Promise<void> {
    const { client, signal, topicName, logger, state } = this.#options
    for (let wait = FIRST_WAIT_MS; !signal.aborted; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      const connection = client.connection()
      try {
        await connection.connect()
        await this.#read(connection)
      } catch (error) {
        const failure = classified(error, `reading ${topicName}`)
        if (!(failure instanceof KafkaUnavailable)) throw error
        if (signal.aborted) return
        state.counters.outages++
        state.connected = false
        logger.warn({ topic: topicName, reason: wordsOf(failure) }, 'the reader has lost Kafka, trying again')
        await idle(wait, signal)
      } finally {
        await connection.disconnect()
      }
    }
  }

  async #read(connection: KafkaConnection): Promise<void> {
    const { topicName, bounds, endWait, metadataMaxAge, openPatience, now, signal, logger } = this.#options
    const view = await viewTopic(connection, topicName)
    if (this.#log !== null && this.#log !== view.log) throw topicRecreated(topicName)
    this.#log = view.log
    const compacted: CompactedOptions = {
      connection,
      view,
      bounds,
      endWait,
      metadataMaxAge,
      openPatience,
      now,
      signal,
      logger,
    }
    const index = await CompactedIndex.read(compacted)
    await new Following(this.#options, compacted, index).run()
  }
}

/** Content and what follows it, in one pass over the log. */
class Following {
  readonly #options: WholeSubscriptionOptions
  readonly #source: CompactedOptions
  readonly #index: CompactedIndex
  readonly #inbox: Inbox
  readonly #watch: EndWatch
  readonly #over = new AbortController()
  #isLoaded = false
  #other: TopicView | null = null

  constructor(options: WholeSubscriptionOptions, source: CompactedOptions, index: CompactedIndex) {
    this.#options = options
    this.#source = source
    this.#index = index
    this.#inbox = new Inbox(options.inbox)
    this.#watch = new EndWatch(index.first, index.ends)
  }

  async run(): Promise<void> {
    const { signal, state } = this.#options
    const end = (): void => {
      this.#over.abort()
      this.#inbox.wake()
    }
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    state.assigned(this.#index.first)
    this.#look()
    try {
      const both = await Promise.allSettled([this.#deliver().finally(end), this.#fetch().finally(end)])
      for (const one of both) if (one.status === 'rejected') throw one.reason
    } finally {
      signal.removeEventListener('abort', end)
    }
    this.#judgeOther()
  }

  #fetch(): Promise<void> {
    const { state, now, bounds, endWait } = this.#options
    return fetchLoop({
      ...this.#source,
      bounds: () => (this.#isLoaded ? bounds : { ...bounds, maxWait: endWait }),
      positions: new Map(this.#index.first),
      signal: this.#over.signal,
      answered: (answers) => {
        state.connected = answers !== null
        if (answers === null) state.counters.outages++
        else state.counters.fetches++
        if (answers === null || !this.#inbox.empty) return
        this.#watch.sawNothing(answers)
        this.#inbox.wake()
      },
      room: async () => {
        while (this.#inbox.full && !this.#over.signal.aborted) await this.#inbox.changed
      },
      changed: (newer) => {
        this.#other = newer
      },
      outOfRange: async (_partition, _position, logStart) => logStart,
      take: ({ partition, highWatermark, batches }) => {
        state.ended(partition, highWatermark, now())
        this.#inbox.put(partition, this.#index.newestOnly(partition, batches))
      },
    })
  }

  async #deliver(): Promise<void> {
    const { topic, handle, state, now, framing } = this.#options
    while (!this.#over.signal.aborted) {
      if (this.#inbox.empty) {
        this.#look()
        await this.#inbox.changed
        continue
      }
      const parcel = this.#inbox.take()
      if (parcel.records.length > 0) {
        const records = await framing.incoming(parcel.records, this.#over.signal)
        if (records === null) return
        await handle(deliveryOf(topic, this.#source.view.log, { ...parcel, records }))
        state.counters.deliveries++
        state.counters.delivered_records += parcel.records.length
      }
      state.handled(parcel.positions, now())
      for (const [partition, position] of parcel.positions) {
        this.#watch.moved(partition, position)
        if (this.#watch.isReached(partition)) this.#index.forget(partition)
      }
      this.#look()
    }
  }

  #look(): void {
    if (this.#isLoaded || !this.#watch.reached) return
    this.#isLoaded = true
    this.#options.loaded()
  }

  #judgeOther(): void {
    if (this.#other === null) return
    const { topicName } = this.#options
    if (this.#other.log !== this.#source.view.log) throw topicRecreated(topicName)
    throw new KafkaUnavailable(`${topicName} has other partitions now`)
  }
}
