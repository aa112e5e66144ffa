import type { EventLog } from '@tlsrep/platform/event-log/event-log'
import { EffectiveList, type HeldOverride } from './list/effective-list.ts'
import { BlastRadiusGate, type GateLimits } from './list/gate.ts'
import { type HeldBack, Intake, type IntakeCounters } from './list/intake.ts'
import { ListReading } from './list/list-reading.ts'
import { Sequence } from './list/sequence.ts'
import { EMPTY_STATE, type PublisherState, type PublisherStateStore } from './list/state-file.ts'
import { StateKeeper } from './list/state-keeper.ts'
import type { Logger } from './logger.ts'
import type { ListingSnapshot, Output } from './outputs/output.ts'
import { OutputFeed } from './outputs/output-feed.ts'
import { systemTimer, type Timer } from './timer.ts'

export interface PublisherOptions {
  log: EventLog
  /** Readers of one group share a topic; every publisher reads all of it, so each has a group of its own. */
  group: string
  outputs: readonly Output[]
  /** Canonical prefixes that the score never lists; an operator's deny of the prefix itself or of something in it does. */
  protectedPools: readonly string[]
  /** Null: nothing is held back. */
  gate: GateLimits | null
  state: PublisherStateStore
  logger: Logger
  now: () => number
  after?: Timer
}

export interface PublisherCounters {
  publications: number
  output_failures: number
  expired: number
}

export interface PublisherFigures extends PublisherCounters, IntakeCounters {
  listings: number
  /** Scored listings that an override or a pool keeps off the list. */
  suppressed_listings: number
  exemptions: number
  overrides: number
  held_back_listings: number
  /** Loads and saves of the state that failed. */
  state_failures: number
}

/** Changes within this time (ms) are published together; the first one goes out at once. */
const COALESCE_MS = 50

/**
 * Holds the effective list, in memory, from `tls.listings` and `tls.overrides`, and gives every output each new state of it. The list is
 * read whole at each start; nothing is published before overrides and listings are both known, so that nobody who was allowed is listed
 * even for a moment.
 */
export class Publisher {
  readonly counters: PublisherCounters = { publications: 0, output_failures: 0, expired: 0 }
  readonly #options: PublisherOptions
  readonly #after: Timer
  readonly #list: EffectiveList
  readonly #feeds: readonly OutputFeed[]
  readonly #state: StateKeeper
  readonly #stop = new AbortController()
  readonly #waiters = new Set<() => void>()
  #gate: BlastRadiusGate | null = null
  #intake: Intake
  #sequence: Sequence
  #published: ListingSnapshot
  #ready = false
  #publishedAt = Number.NEGATIVE_INFINITY
  #cancelPublish: (() => void) | undefined
  #armedFor = Number.POSITIVE_INFINITY
  #cancelExpiry: () => void = () => {}
  #subscriptions: Promise<void> = Promise.resolve()

  constructor(options: PublisherOptions) {
    this.#options = options
    this.#after = options.after ?? systemTimer
    const { logger } = options
    this.#state = new StateKeeper(options.state, logger)
    const failed = (): void => {
      this.counters.output_failures++
    }
    this.#feeds = options.outputs.map((output) => new OutputFeed({ output, logger, after: this.#after, failed }))
    this.#list = new EffectiveList(options.protectedPools, (sender, before) => {
      for (const feed of this.#feeds) feed.touch(sender, before)
    })
    this.#intake = new Intake(this.#list, null, logger)
    this.#sequence = this.#sequenceFrom(EMPTY_STATE)
    this.#published = this.#snapshot(0n)
  }

  /** True from the first publication on: the whole list is known. */
  get ready(): boolean {
    return this.#ready
  }

  /** Resolves when the subscriptions have ended after `close`; rejects when the log is lost. */
  get done(): Promise<void> {
    return this.#subscriptions
  }

  /** The list as last published, all changes so far included. */
  get snapshot(): ListingSnapshot {
    const { now } = this.#options
    const behind = this.#published.contentHash !== this.#list.contentHash || this.#list.nextExpiry <= now()
    if (this.#ready && behind) this.#publish()
    return this.#published
  }

  /** Milliseconds since 1970 UTC at which the list changes by itself, `Infinity` where it does not. */
  get nextExpiry(): number {
    return this.#list.nextExpiry
  }

  get overrides(): ReadonlyMap<string, HeldOverride> {
    return this.#list.overrides
  }

  /** What the gate holds back. */
  get heldBack(): ReadonlyMap<string, HeldBack> {
    return this.#intake.held
  }

  /** Everything that can be counted or measured here, under the names that the metrics have. */
  get figures(): Readonly<PublisherFigures> {
    return {
      ...this.counters,
      ...this.#intake.counters,
      listings: this.#list.listings.size,
      suppressed_listings: this.#list.suppressed,
      exemptions: this.#list.exemptions.size,
      overrides: this.#list.overrides.size,
      held_back_listings: this.#intake.held.size,
      state_failures: this.#state.failures,
    }
  }

  /** Reads both topics; resolves when the whole list has been handed to the outputs, rejects when the log cannot be read. */
  async start(): Promise<void> {
    const state = await this.#state.load()
    this.#sequence = this.#sequenceFrom(state)
    this.#gate = this.#options.gate === null ? null : new BlastRadiusGate(this.#options.gate, state.gateReleasedBefore)
    this.#intake = new Intake(this.#list, this.#gate, this.#options.logger)
    const reading = new ListReading({
      ...this.#options,
      intake: this.#intake,
      // An operator waits for it: it is not put together with what may come next.
      overridden: () => {
        this.#publish()
        for (const look of [...this.#waiters]) look()
      },
      listed: () => this.#changed(),
      signal: this.#stop.signal,
    })
    this.#subscriptions = reading.done
    try {
      const ended = reading.done.then(() => Promise.reject(new Error('the log was closed while the list was read')))
      await Promise.race([reading.collected, ended])
      await this.#intake.takeCollected(this.#options.now())
      await this.#sequence.reserve(this.#options.now())
      this.#ready = true
      this.#publish()
    } catch (error) {
      this.#stop.abort()
      throw error
    } finally {
      reading.goOn()
    }
    await this.settled()
  }

  /** Resolves when every output holds what was last published, or has rejected it. */
  async settled(): Promise<void> {
    await Promise.all(this.#feeds.map((feed) => feed.idle()))
  }

  /** Lists what the gate held back, and remembers that an operator did so. How many listings that were. */
  async releaseGate(): Promise<number> {
    const released = this.#intake.release(this.#options.now())
    this.#changed()
    await this.#saveState(this.#sequence.reserved).catch(() => {})
    return released
  }

  /** Resolves with true as soon as `holds` does after a change of the overrides, with false after `timeout` ms. */
  whenOverrides(holds: () => boolean, timeout: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (held: boolean): void => {
        this.#waiters.delete(look)
        cancel()
        resolve(held)
      }
      const look = (): void => {
        if (holds()) end(true)
      }
      const cancel = this.#after(timeout, () => end(false))
      this.#waiters.add(look)
      look()
    })
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#cancelExpiry()
    this.#cancelPublish?.()
    await Promise.allSettled([this.#subscriptions, ...this.#feeds.map((feed) => feed.close())])
  }

  #changed(): void {
    const wait = this.#publishedAt + COALESCE_MS - this.#options.now()
    if (wait <= 0 || wait > COALESCE_MS) this.#publish()
    else {
      this.#cancelPublish ??= this.#after(wait, () => this.#publish())
      this.#armExpiry()
    }
  }

  #publish(): void {
    this.#cancelPublish?.()
    this.#cancelPublish = undefined
    if (!this.#ready) return
    const now = this.#options.now()
    this.#expire(now)
    this.#armExpiry()
    if (this.counters.publications > 0 && this.#published.contentHash === this.#list.contentHash) return
    this.#publishedAt = now
    this.counters.publications++
    this.#published = this.#snapshot(this.#sequence.next(now))
    for (const feed of this.#feeds) feed.offer(this.#published)
  }

  #snapshot(sequence: bigint): ListingSnapshot {
    const list = this.#list
    return {
      sequence,
      takenAt: this.#options.now(),
      contentHash: list.contentHash,
      listings: list.listings,
      exemptions: list.exemptions,
      match: (address, now) => list.match(address, now),
      exempts: (address, now) => list.exemptions.longest(address, now) !== undefined,
    }
  }

  #armExpiry(): void {
    const next = this.#list.nextExpiry
    if (next === this.#armedFor) return
    this.#cancelExpiry()
    this.#armedFor = next
    if (next === Number.POSITIVE_INFINITY) return
    this.#cancelExpiry = this.#after(next - this.#options.now(), () => {
      this.#armedFor = Number.POSITIVE_INFINITY
      this.#expire(this.#options.now())
      this.#changed()
    })
  }

  #expire(now: number): void {
    this.counters.expired += this.#list.expire(now)
    this.#intake.expire(now)
  }

  #sequenceFrom(state: PublisherState): Sequence {
    return new Sequence(state.sequenceReserved, (reserved) => this.#saveState(reserved))
  }

  #saveState(sequenceReserved: bigint): Promise<void> {
    return this.#state.save(() => ({ sequenceReserved, gateReleasedBefore: this.#gate?.releasedBefore ?? 0 }))
  }
}

export function createPublisher(options: PublisherOptions): Publisher {
  return new Publisher(options)
}
