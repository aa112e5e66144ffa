import { listOffsets, type TopicView } from './cluster-view.ts'
import { rangeGone } from './failure.ts'
import { fetchLoop, idle } from './fetch-loop.ts'
import type { GroupMember, Standing } from './group-member.ts'
import { HeldUp } from './held-up.ts'
import { deliveryOf, Inbox, type Parcel } from './inbox.ts'
import type { KafkaConnection } from './kafkajs-connection.ts'
import type { FetchedPartition } from './requests.ts'
import type { GroupSubscriptionOptions } from './subscription-options.ts'

/** How long positions behind markers, where no record was delivered, wait to be saved. */
const IDLE_COMMIT_MS = 5000

/** The handler, or the one that is told of partitions, has rejected; why is the cause. */
export class HandlerFailed extends Error {}

/** The time from one rebalance to the next, in which the partitions are this reader's. */
export class Generation {
  readonly #options: GroupSubscriptionOptions
  readonly #connection: KafkaConnection
  readonly #member: GroupMember
  readonly #view: TopicView
  readonly #inbox: Inbox
  readonly #heldUp: HeldUp
  /** Aborted when the partitions have to be given back. */
  readonly #over = new AbortController()
  /** Whether positions may still be saved under this generation. */
  #valid = true
  #heardAt: number
  readonly #unsaved = new Map<number, bigint>()
  #savedAt: number

  constructor(options: GroupSubscriptionOptions, connection: KafkaConnection, member: GroupMember, view: TopicView) {
    this.#options = options
    this.#connection = connection
    this.#member = member
    this.#view = view
    this.#inbox = new Inbox(options.inbox)
    this.#heldUp = new HeldUp(view.topic, ({ highWatermark }) => highWatermark, options.openPatience)
    this.#heardAt = this.#savedAt = options.now()
  }

  /** On a timer of their own: a handler may take as long as it has to. */
  startHeartbeats(): () => void {
    let beating = false
    const beat = async (): Promise<void> => {
      if (beating) return
      beating = true
      try {
        this.#judge(await this.#member.heartbeat())
        this.#heardAt = this.#options.now()
      } catch {
        // The coordinator is away. Without a word from it for so long, the partitions may be somebody else's.
        if (this.#options.now() - this.#heardAt > this.#options.sessionTimeout) this.#judge('over')
      } finally {
        beating = false
      }
    }
    const timer = setInterval(() => void beat(), this.#options.heartbeatInterval)
    return () => clearInterval(timer)
  }

  async run(positions: Map<number, bigint>, signal: AbortSignal): Promise<void> {
    const end = (): void => this.#end()
    if (signal.aborted) return
    signal.addEventListener('abort', end, { once: true })
    const idleLook = setInterval(() => this.#inbox.wake(), IDLE_COMMIT_MS)
    try {
      // Whichever fails ends the other; the batch in hand is waited for in any case.
      const both = await Promise.allSettled([this.#deliver().finally(end), this.#fetch(positions).finally(end)])
      for (const one of both) if (one.status === 'rejected') throw one.reason
    } finally {
      clearInterval(idleLook)
      signal.removeEventListener('abort', end)
    }
  }

  #end(): void {
    this.#over.abort()
    this.#inbox.clear()
  }

  #judge(standing: Standing): void {
    if (standing === 'good') return
    if (standing === 'over') this.#valid = false
    this.#end()
  }

  #fetch(positions: Map<number, bigint>): Promise<void> {
    const { state, bounds, metadataMaxAge, now, logger } = this.#options
    return fetchLoop({
      connection: this.#connection,
      view: this.#view,
      positions: new Map(positions),
      bounds: () => bounds,
      metadataMaxAge,
      now,
      signal: this.#over.signal,
      logger,
      answered: (partitions) => {
        state.connected = partitions !== null
        if (partitions === null) state.counters.outages++
        else {
          state.counters.fetches++
          this.#lookForHanging(partitions)
        }
      },
      room: () => this.#room(),
      changed: () => this.#end(),
      outOfRange: (partition, position, logStart) => this.#outOfRange(partition, position, logStart),
      take: ({ partition, highWatermark, batches }) => {
        state.ended(partition, highWatermark, now())
        this.#inbox.put(partition, batches)
      },
    })
  }

  /** A reader that goes on has no end to reach: it says what holds it up, and reads on when that is over. */
  #lookForHanging(partitions: readonly FetchedPartition[]): void {
    const { state, logger, now } = this.#options
    const hanging = this.#heldUp.look(partitions, now())
    if (hanging !== null && state.hanging === null) {
      const { code, where, remedy, message } = hanging
      logger.error({ code, where, remedy }, message)
    }
    state.hanging = hanging
  }

  async #room(): Promise<void> {
    while (this.#inbox.full && !this.#over.signal.aborted) await this.#inbox.changed
  }

  async #deliver(): Promise<void> {
    const { signal } = this.#over
    while (!signal.aborted) {
      if (!this.#inbox.empty) await this.#hand(this.#inbox.take())
      else if (this.#unsaved.size > 0 && this.#options.now() - this.#savedAt >= IDLE_COMMIT_MS) await this.#save()
      else await this.#inbox.changed
    }
    await this.#save()
  }

  async #hand(parcel: Parcel): Promise<void> {
    const { topic, handle, state, now, framing } = this.#options
    if (parcel.records.length > 0) {
      const records = await framing.incoming(parcel.records, this.#over.signal)
      // Given back before anybody knew how to read it: whoever has the partitions next gets it.
      if (records === null) return
      await handle(deliveryOf(topic, this.#view.log, { ...parcel, records })).catch((error: unknown) => {
        throw new HandlerFailed('', { cause: error })
      })
      state.counters.deliveries++
      state.counters.delivered_records += parcel.records.length
    }
    for (const [partition, offset] of parcel.positions) this.#unsaved.set(partition, offset)
    state.handled(parcel.positions, now())
    if (parcel.records.length > 0) await this.#save()
  }

  /** Saves what was handled. Refused, it stays unsaved: the next owner of the partitions begins where they were saved last. */
  async #save(): Promise<void> {
    const { now, logger, sessionTimeout } = this.#options
    while (this.#unsaved.size > 0 && this.#valid) {
      try {
        const standing = await this.#member.commit(this.#unsaved, this.#view.log)
        this.#judge(standing)
        this.#savedAt = now()
        if (standing === 'good') this.#unsaved.clear()
        else return this.#refused()
      } catch (error) {
        if (now() - this.#heardAt > sessionTimeout || this.#options.signal.aborted) return this.#refused()
        logger.debug({ err: error }, 'positions cannot be saved, trying again')
        await idle(100, this.#options.signal)
      }
    }
    if (this.#unsaved.size > 0) this.#refused()
  }

  #refused(): void {
    const { state, logger, topicName } = this.#options
    state.counters.commits_refused++
    logger.warn({ topic: topicName }, 'positions could not be saved: what was handled last is delivered again')
    this.#unsaved.clear()
    this.#valid = false
    this.#end()
  }

  async #outOfRange(partition: number, position: bigint, logStart: bigint): Promise<bigint> {
    const { outOfRange, topicName, logger, state } = this.#options
    state.counters.offsets_out_of_range++
    const offsets = await listOffsets(this.#connection, this.#view, outOfRange === 'latest' ? 'end' : 'first')
    const next = offsets.get(partition) ?? logStart
    const lost = next > position ? next - position : 0n
    const where = `${topicName}, partition ${partition}, position ${position}`
    const why =
      lost > 0n
        ? `the log begins at ${logStart} now: retention was shorter than this reader was away`
        : 'the log ends before it'
    const facts = { partition, position: Number(position), next: Number(next), lost: Number(lost) }
    if (outOfRange === 'stop') throw rangeGone(where, why)
    state.counters.offsets_lost += Number(lost)
    logger.error(
      { code: 'TLSREP_KAFKA_RANGE_GONE', topic: topicName, ...facts },
      `${where}: ${why}; going on at ${next}`,
    )
    return next
  }
}
