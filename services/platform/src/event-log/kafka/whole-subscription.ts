import { listOffsets, type TopicView, viewTopic } from './cluster-view.ts'
import type { CompactedOptions } from './compacted.ts'
import { EndWatch } from './end-watch.ts'
import { classified, KafkaUnavailable, rangeGone, topicRecreated, wordsOf } from './failure.ts'
import { fetchLoop, idle } from './fetch-loop.ts'
import { deliveryOf, Inbox } from './inbox.ts'
import type { KafkaConnection } from './kafkajs-connection.ts'
import type { SubscriptionOptions } from './subscription-options.ts'

export interface WholeSubscriptionOptions extends SubscriptionOptions {
  /** Called once, when what the topic held at the beginning has been handled. */
  loaded: () => void
  /** Milliseconds that a fetch waits at the broker until the content has been handled, instead of `maxWait` of the bounds. */
  endWait: number
}

const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 5000

/**
 * A reader that keeps a compacted topic by key: what it holds, from its beginning, then all that follows. It belongs to no group: each such
 * reader reads all partitions, and saves no position, since it begins anew at each start. After an outage it goes on where it was: the
 * history of a key, given again, would undo for a moment what has become of it since.
 */
export class WholeSubscription {
  readonly #options: WholeSubscriptionOptions
  /** Offsets to handle next, of which log; null before it was seen. */
  #progress: Progress | null = null

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
    if (this.#progress !== null && this.#progress.log !== view.log) throw topicRecreated(topicName)
    const ends = await listOffsets(connection, view, 'end')
    this.#progress ??= { log: view.log, positions: await listOffsets(connection, view, 'first'), isLoaded: false }
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
    await new Following(this.#options, compacted, this.#progress, ends).run()
  }
}

interface Progress {
  readonly log: string
  readonly positions: Map<number, bigint>
  isLoaded: boolean
}

/** From one outage to the next. */
class Following {
  readonly #options: WholeSubscriptionOptions
  readonly #source: CompactedOptions
  readonly #progress: Progress
  readonly #inbox: Inbox
  readonly #watch: EndWatch
  readonly #over = new AbortController()
  #other: TopicView | null = null

  constructor(
    options: WholeSubscriptionOptions,
    source: CompactedOptions,
    progress: Progress,
    ends: ReadonlyMap<number, bigint>,
  ) {
    this.#options = options
    this.#source = source
    this.#progress = progress
    this.#inbox = new Inbox(options.inbox)
    this.#watch = new EndWatch(progress.positions, ends)
  }

  async run(): Promise<void> {
    const { signal, state } = this.#options
    const end = (): void => {
      this.#over.abort()
      this.#inbox.wake()
    }
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    state.assigned(this.#progress.positions)
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
      bounds: () => (this.#progress.isLoaded ? bounds : { ...bounds, maxWait: endWait }),
      positions: new Map(this.#progress.positions),
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
      outOfRange: async (partition, position, logStart) => {
        if (position < logStart) return logStart
        const { topicName } = this.#options
        throw rangeGone(`${topicName}, partition ${partition}, position ${position}`, 'the log ends before it')
      },
      take: ({ partition, highWatermark, batches }) => {
        state.ended(partition, highWatermark, now())
        this.#inbox.put(partition, batches)
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
        this.#progress.positions.set(partition, position)
        this.#watch.moved(partition, position)
      }
      this.#look()
    }
  }

  #look(): void {
    if (this.#progress.isLoaded || !this.#watch.reached) return
    this.#progress.isLoaded = true
    this.#options.loaded()
  }

  #judgeOther(): void {
    if (this.#other === null) return
    const { topicName } = this.#options
    if (this.#other.log !== this.#source.view.log) throw topicRecreated(topicName)
    throw new KafkaUnavailable(`${topicName} has other partitions now`)
  }
}
