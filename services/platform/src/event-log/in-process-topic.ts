import type { BatchHandler, CompactedTopic, LogRecord, SubscribeOptions } from './event-log.ts'
import type { Bounds } from './in-process-commit.ts'
import { InTurn } from './in-turn.ts'
import type { StoredTopic, TopicStore } from './topic-store.ts'

export interface StoredTopicLogOptions {
  topic: StoredTopic
  log: string
  bounds: Bounds
  store: TopicStore
}

/** What a subscriber still has to be given, in order. */
interface Delivery {
  log: string
  firstOffset: bigint
  records: readonly LogRecord[]
}

interface Subscriber {
  queue: Delivery[]
  queued: number
  gone: boolean
  /** There is something to deliver, or the subscription is over. */
  wake: () => void
  /** There is room again, or the subscriber is gone. */
  room: () => void
}

/**
 * One topic that is durable in the store before an append resolves. Every subscriber gets every record; one that is slow makes appends
 * wait once its queue is full. Appends and the reading of a content take turns, so that what a subscriber is given as content and what
 * follows it join without a gap and without repetition.
 */
export class StoredTopicLog {
  readonly #topic: StoredTopic
  readonly #log: string
  readonly #bounds: Bounds
  readonly #store: TopicStore
  readonly #subscribers = new Map<string, Subscriber>()
  #nextOffset = 0n
  #contents = 0
  readonly #turns = new InTurn()
  #closing = false

  constructor(options: StoredTopicLogOptions) {
    this.#topic = options.topic
    this.#log = options.log
    this.#bounds = options.bounds
    this.#store = options.store
  }

  append(records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve()
    return this.#turns.run(async () => {
      const firstOffset = this.#nextOffset
      this.#nextOffset += BigInt(records.length)
      const token = `${this.#topic}/${this.#log}/0:${firstOffset}-${this.#nextOffset - 1n}`
      await this.#store.write(this.#topic, records, token)
      for (const subscriber of this.#subscribers.values()) {
        await this.#roomIn(subscriber)
        push(subscriber, { log: this.#log, firstOffset, records })
      }
    })
  }

  async subscribe(options: SubscribeOptions, handle: BatchHandler, signal: AbortSignal): Promise<void> {
    const { group, whole, loaded } = options
    if (this.#subscribers.has(group)) throw new Error(`${this.#topic} has a reader of group ${group} already`)
    const subscriber: Subscriber = { queue: [], queued: 0, gone: false, wake: () => {}, room: () => {} }
    const wake = (): void => subscriber.wake()
    signal.addEventListener('abort', wake)
    try {
      let content = whole ? await this.#turns.run(() => this.#joinWithContent(group, subscriber)) : null
      if (!whole) this.#subscribers.set(group, subscriber)
      do {
        if (content !== null && subscriber.queue[0]?.log !== content) {
          content = null
          loaded?.()
        }
        if (!(await this.#somethingWaits(subscriber, signal))) break
        await this.#deliver(this.#takeGroup(subscriber), handle)
      } while (!signal.aborted)
    } finally {
      signal.removeEventListener('abort', wake)
      if (this.#subscribers.get(group) === subscriber) this.#subscribers.delete(group)
      subscriber.gone = true
      subscriber.room()
    }
  }

  /** Waits for appends under way; subscriptions end when they have been given everything. */
  async drain(): Promise<void> {
    await this.#turns.run(async () => {})
    this.#closing = true
    for (const subscriber of this.#subscribers.values()) subscriber.wake()
  }

  /** The content has offsets of its own, in a log named for this one reading of it. @returns that name */
  async #joinWithContent(group: string, subscriber: Subscriber): Promise<string> {
    const content = await this.#store.read(this.#topic as CompactedTopic)
    this.#subscribers.set(group, subscriber)
    const log = `${this.#log}/content-${this.#contents++}`
    for (let at = 0; at < content.length; at += this.#bounds.maxRecords) {
      push(subscriber, { log, firstOffset: BigInt(at), records: content.slice(at, at + this.#bounds.maxRecords) })
    }
    return log
  }

  async #roomIn(subscriber: Subscriber): Promise<void> {
    while (subscriber.queued >= this.#bounds.maxRecords && !subscriber.gone) {
      await new Promise<void>((resolve) => {
        subscriber.room = resolve
      })
    }
  }

  /** False when the subscription is over: aborted, or closed and everything given. */
  async #somethingWaits(subscriber: Subscriber, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (subscriber.queue.length > 0) return true
      if (this.#closing) return false
      await new Promise<void>((resolve) => {
        subscriber.wake = resolve
      })
    }
    return false
  }

  /** Deliveries that join, as one, up to the bound. */
  #takeGroup(subscriber: Subscriber): Delivery {
    const { queue } = subscriber
    const first = queue[0]
    if (first === undefined) throw new Error('nothing waits')
    let count = 1
    let records = first.records.length
    for (const next of queue.slice(1)) {
      if (next.log !== first.log || records + next.records.length > this.#bounds.maxRecords) break
      records += next.records.length
      count++
    }
    const taken = queue.splice(0, count)
    subscriber.queued -= records
    subscriber.room()
    return count === 1 ? first : { ...first, records: taken.flatMap((delivery) => delivery.records) }
  }

  #deliver({ log, firstOffset, records }: Delivery, handle: BatchHandler): Promise<void> {
    const lastOffset = firstOffset + BigInt(records.length) - 1n
    return handle({ topic: this.#topic, log, ranges: [{ partition: 0, firstOffset, lastOffset }], records })
  }
}

function push(subscriber: Subscriber, delivery: Delivery): void {
  subscriber.queue.push(delivery)
  subscriber.queued += delivery.records.length
  subscriber.wake()
}
