import type { Policy } from '@tlsrep/core/policy/policy'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import type { DeliveredBatch, EventLog } from '@tlsrep/platform/event-log/event-log'
import { InTurn } from '@tlsrep/platform/event-log/in-turn'
import type { Logger } from 'pino'
import { Begun } from './begun.ts'
import { costlyCombinations, HistoryMakers } from './candidates.ts'
import { Claims } from './claims.ts'
import { DeadLetters } from './dead-letters.ts'
import { sendersToScore } from './evidence.ts'
import { createFactReader, type FactReaderOptions } from './facts.ts'
import { patientStore } from './patient-store.ts'
import { type RangeParts, readPending, tidyPending } from './pending-ranges.ts'
import { PublishedListings } from './published-listings.ts'
import { type Range, rangeName, rangeOrigin, rangesOfPending } from './range.ts'
import { RangeFollowing } from './range-following.ts'
import { RangeStoring, type StoringCounters } from './range-storing.ts'
import { Rescoring, type RescoringCounters } from './rescoring.ts'
import { EVERYTHING, type Share } from './share.ts'
import type { Store } from './store.ts'

export interface ScorerOptions {
  clickhouse: Store
  log: Pick<EventLog, 'append' | 'readThrough'>
  policy: Policy
  /** Names this scorer in dead letters. */
  service: string
  /** Milliseconds since 1970 UTC. */
  now: () => number
  /** Ends the waiting for a ClickHouse that is away; what is under way then rejects. */
  signal: AbortSignal
  logger: Logger
  /** How to read records of other writers. */
  reader?: FactReaderOptions
  /** Ids of stored events that are kept in memory, in each of two generations. */
  rememberedIds?: number
}

export interface ScorerCounters extends RescoringCounters, StoringCounters {
  pairs_found: number
  ranges_recovered: number
  /** Begun by us, when another scorer had the partitions already. */
  batches_left: number
  /** Calls that found ClickHouse away; each was made again. */
  outages: number
  /** Senders listed at the moment. */
  listings: number
}

const DAY_MS = 86_400_000
/** Listings looked at in one go. */
const DUE = 2000
/** Senders read in one go where all of them are gone through. */
const PAGE = 2000

/**
 * Turns delivered events into evidence, scores and listings. Holds no state that it could not rebuild, and does one thing at a time: calls
 * wait for each other. (To store a batch while pairs and scores of the one before are made gained nothing where ClickHouse is on the same
 * machine.)
 */
export class Scorer {
  readonly #options: ScorerOptions
  readonly #store: Store
  readonly #listings: PublishedListings
  readonly #rescoring: Rescoring
  readonly #historyMakers: HistoryMakers
  readonly #claims: Claims
  readonly #begun: Begun
  readonly #storing: RangeStoring
  readonly #following: RangeFollowing
  readonly #turns = new InTurn()
  readonly #counts = { ranges_recovered: 0, outages: 0 }
  /** The range that was begun and is not done. There is one at most: the next one waits for it. */
  #unfinished: Range | null = null
  #share: Share = EVERYTHING
  #tidyAt = 0

  constructor(options: ScorerOptions) {
    const { clickhouse, log, policy, service, now, logger, signal, rememberedIds } = options
    this.#options = options
    const store = patientStore(clickhouse, { logger, signal, onOutage: () => this.#counts.outages++ })
    const listings = new PublishedListings(log)
    const historyMakers = new HistoryMakers(store)
    const rescoring = new Rescoring(store, policy, listings)
    this.#store = store
    this.#listings = listings
    this.#historyMakers = historyMakers
    this.#rescoring = rescoring
    this.#claims = new Claims(store)
    const begun = new Begun(store, this.#claims, logger)
    this.#begun = begun
    const deadLetters = new DeadLetters(store, log)
    const reader = createFactReader(options.reader)
    this.#storing = new RangeStoring({ store, begun, deadLetters, reader, service, now, rememberedIds })
    this.#following = new RangeFollowing({ store, begun, policy, listings, historyMakers, rescoring, now })
  }

  get counters(): Readonly<ScorerCounters> {
    return {
      ...this.#counts,
      ...this.#storing.counters,
      pairs_found: this.#following.pairsFound,
      batches_left: this.#begun.left,
      ...this.#rescoring.counters,
      listings: this.#listings.size,
    }
  }

  /** Milliseconds since 1970 UTC at which `runDue` next has something to do. */
  get nextDue(): number {
    return Math.min(this.#listings.nextReview ?? Number.POSITIVE_INFINITY, this.#tidyAt)
  }

  /**
   * Before anything else, at each start, and whenever its share changes: reads the list, finishes what an earlier run or owner began, and
   * scores whom this policy has not scored.
   * @throws OperatorError where a range can neither be finished nor be left
   */
  recover(share: Share = EVERYTHING): Promise<void> {
    return this.#turns.run(() => this.#recover(share))
  }

  /** The handler of `tls.negotiations`: resolves when the batch and all that follows from it is durable. The same batch again changes nothing. */
  handle(batch: DeliveredBatch): Promise<void> {
    return this.#turns.run(async () => {
      // A range that failed half-way in this process: its token has to be used up before other rows can be judged.
      if (this.#unfinished !== null) await this.#complete(this.#unfinished, null)
      this.#unfinished = await this.#storing.begin(batch)
      if (this.#unfinished !== null) await this.#complete(this.#unfinished, null)
    })
  }

  /** Looks again at the listings that are due, and tidies once a day. To be called on a timer; cheap where nothing is due. */
  runDue(now: number): Promise<void> {
    return this.#turns.run(async () => {
      for (let due = this.#listings.takeDue(now, DUE); due.length > 0; due = this.#listings.takeDue(now, DUE)) {
        await this.#rescoring.run(this.#owned(due), now)
      }
      if (now >= this.#tidyAt) await this.#tidy()
    })
  }

  async #recover(share: Share): Promise<void> {
    const { now, logger, policy } = this.#options
    this.#share = share
    // What has failed here is pending, like all that others have left.
    this.#unfinished = null
    // Before anything that is pending is read: what is written later is written by somebody who sees the claim.
    await this.#claims.take(share.claims)
    await this.#listings.load(now(), (detail) => logger.warn({ detail }, 'a listing in tls.listings cannot be read'))
    await this.#historyMakers.load()
    const pending = await readPending(this.#store, (token) => share.partitionsOf(rangeName(token)).length > 0)
    for (const range of rangesOfPending(pending, this.#options.reader ?? {})) await this.#finishEarlier(range)
    await this.#storing.learnHorizon()
    await this.#tidy()
    const costly = await costlyCombinations(this.#store, policy)
    await this.#rescoring.run(this.#owned(this.#listings.scoredByOther(policy.hash)), now())
    for (let page = ['']; page.length > 0; ) {
      const after = page.at(-1) ?? ''
      page = await sendersToScore(this.#store, { after, costly, notScoredBy: policy.hash, limit: PAGE })
      await this.#rescoring.run(this.#owned(page), now())
    }
  }

  /** Others look after the rest; should their share come here, it is looked at then. */
  #owned(senders: readonly string[]): string[] {
    return senders.filter((sender) => this.#share.owns(sender))
  }

  /** @param parts where other scorers finish other parts of the range at the same time: senders are looked after by their owner alone */
  async #complete(range: Range, parts: RangeParts | null): Promise<void> {
    await this.#storing.insert(range)
    const facts = parts === null ? range.facts : range.facts.filter(({ sender }) => this.#share.owns(sender))
    await this.#following.run(range, facts, parts)
    this.#unfinished = null
  }

  async #finishEarlier(range: Range): Promise<void> {
    const tokens = range.inserts.map(({ token }) => token)
    this.#options.logger.info({ tokens, events: range.facts.length }, 'running again what was begun and not finished')
    const own = this.#share.partitionsOf(range.name)
    const all = rangeOrigin(range.name).partitions
    try {
      await this.#complete(range, own.length === all.length ? null : { own, all })
    } catch (error) {
      if (this.#options.signal.aborted) throw error
      throw new OperatorError({
        code: 'TLSREP_RANGE_NOT_FINISHED',
        message: `what an earlier run began to store cannot be finished: ${error instanceof Error ? error.message : String(error)}`,
        where: `pending_ranges, token ${tokens.join(' and ')}`,
        remedy: 'run tlsrep migrate, and start the version that began it or a newer one',
        cause: error,
      })
    }
    this.#counts.ranges_recovered++
  }

  async #tidy(): Promise<void> {
    await tidyPending(this.#store)
    this.#tidyAt = this.#options.now() + DAY_MS
  }
}

export function createScorer(options: ScorerOptions): Scorer {
  return new Scorer(options)
}
