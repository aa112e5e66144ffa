import type { Policy } from '@tlsrep/core/policy/policy'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import type { DeliveredBatch, EventLog } from '@tlsrep/platform/event-log/event-log'
import type { Logger } from 'pino'
import { BatchIds } from './batch-ids.ts'
import { candidatesOf, costlyCombinations, HistoryMakers } from './candidates.ts'
import { Claims } from './claims.ts'
import { DeadLetters } from './dead-letters.ts'
import { sendersToScore } from './evidence.ts'
import {
  createFactReader,
  decodeFacts,
  type Fact,
  type FactReader,
  type FactReaderOptions,
  type SchemaGroup,
} from './facts.ts'
import { findPairs, isPairHalf } from './pairs.ts'
import { patientStore } from './patient-store.ts'
import {
  markDone,
  markPartsDone,
  type PendingInsert,
  type RangeParts,
  readPending,
  tidyPending,
  writePending,
} from './pending-ranges.ts'
import { PublishedListings } from './published-listings.ts'
import { type Range, rangeName, rangeOf, rangeOrigin, rangesOfPending } from './range.ts'
import { Rescoring, type RescoringCounters } from './rescoring.ts'
import { SeenIds } from './seen-ids.ts'
import { EVERYTHING, type Share } from './share.ts'
import type { Store } from './store.ts'
import { findStored, newestStored } from './stored-ids.ts'

export interface ScorerOptions {
  clickhouse: Store
  log: Pick<EventLog, 'append' | 'readCompacted'>
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

export interface ScorerCounters extends RescoringCounters {
  batches: number
  events_received: number
  events_stored: number
  /** Stored before, or twice in one batch. */
  events_repeated: number
  /** Records that became dead letters. */
  events_dead: number
  /** Events whose ids had to be looked up in `tls_events`. */
  ids_looked_up: number
  pairs_found: number
  ranges_recovered: number
  /** Begun by us, when another scorer had the partitions already. */
  batches_left: number
  /** Calls that found ClickHouse away; each was made again. */
  outages: number
  /** Senders listed at the moment. */
  listings: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
/** Listings looked at in one go. */
const DUE = 2000
/** Senders read in one go where all of them are gone through. */
const PAGE = 2000

/**
 * Turns delivered events into evidence, scores and listings. Holds no state that it could not rebuild, and does one thing at a time:
 * calls wait for each other.
 */
export class Scorer {
  readonly #options: ScorerOptions
  readonly #store: Store
  readonly #reader: FactReader
  readonly #seen: SeenIds
  readonly #listings: PublishedListings
  readonly #rescoring: Rescoring
  readonly #deadLetters: DeadLetters
  readonly #historyMakers: HistoryMakers
  readonly #claims: Claims
  readonly #counts = {
    batches: 0,
    events_received: 0,
    events_stored: 0,
    events_repeated: 0,
    events_dead: 0,
    ids_looked_up: 0,
    pairs_found: 0,
    ranges_recovered: 0,
    batches_left: 0,
    outages: 0,
  }
  /** The range that was begun and is not done. There is one at most: the next one waits for it. */
  #unfinished: Range | null = null
  #share: Share = EVERYTHING
  #turn: Promise<void> = Promise.resolve()
  #tidyAt = 0

  constructor(options: ScorerOptions) {
    const { clickhouse, log, policy } = options
    this.#options = options
    const { logger, signal } = options
    this.#store = patientStore(clickhouse, { logger, signal, onOutage: () => this.#counts.outages++ })
    this.#reader = createFactReader(options.reader)
    this.#seen = new SeenIds(options.rememberedIds)
    this.#listings = new PublishedListings(log)
    this.#rescoring = new Rescoring(this.#store, policy, this.#listings)
    this.#deadLetters = new DeadLetters(this.#store, log)
    this.#historyMakers = new HistoryMakers(this.#store)
    this.#claims = new Claims(this.#store)
  }

  get counters(): Readonly<ScorerCounters> {
    return { ...this.#counts, ...this.#rescoring.counters, listings: this.#listings.size }
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
    return this.#inTurn(async () => {
      const { now, logger, policy } = this.#options
      this.#share = share
      // Before anything that is pending is read: what is written later is written by somebody who sees the claim.
      await this.#claims.take(share.claims)
      await this.#listings.load(now(), (detail) => logger.warn({ detail }, 'a listing in tls.listings cannot be read'))
      await this.#historyMakers.load()
      const pending = await readPending(this.#store, (token) => share.partitionsOf(rangeName(token)).length > 0)
      for (const range of rangesOfPending(pending, this.#options.reader ?? {})) await this.#finishEarlier(range)
      // Only now is everything stored that any earlier run has taken on.
      this.#seen.raiseHorizon((await newestStored(this.#store)) ?? Number.NEGATIVE_INFINITY)
      await this.#tidy()
      const costly = await costlyCombinations(this.#store, policy)
      await this.#rescoring.run(this.#owned(this.#listings.scoredByOther(policy.hash)), now())
      for (let page = ['']; page.length > 0; ) {
        const after = page.at(-1) ?? ''
        page = await sendersToScore(this.#store, { after, costly, notScoredBy: policy.hash, limit: PAGE })
        await this.#rescoring.run(this.#owned(page), now())
      }
    })
  }

  /** The handler of `tls.negotiations`: resolves when the batch and all that follows from it is durable. The same batch again changes nothing. */
  handle(batch: DeliveredBatch): Promise<void> {
    return this.#inTurn(async () => {
      // A range that failed half-way in this process: its token has to be used up before other rows can be judged.
      if (this.#unfinished !== null) await this.#complete(this.#unfinished, null)
      // (a) Records that cannot be read go to tls.deadletter. A crash after it repeats nothing: letters are looked up before.
      const { groups, dead } = decodeFacts(this.#reader, batch, this.#options.service, this.#options.now())
      await this.#deadLetters.append(dead)
      // (b) What is stored already is dropped. Nothing is written yet, so a crash up to here is as if the batch had never come.
      const fresh = await this.#withoutStored(groups)
      this.#count(batch, fresh, dead.length)
      if (fresh.length === 0) return
      const range = rangeOf(batch, fresh)
      // (c) The range with its containers. A crash before it: the batch comes again. After it: `recover` runs it from its payload.
      if (!(await this.#begin(range.inserts))) return
      this.#unfinished = range
      await this.#complete(range, null)
    })
  }

  /** Looks again at the listings that are due, and tidies once a day. To be called on a timer; cheap where nothing is due. */
  runDue(now: number): Promise<void> {
    return this.#inTurn(async () => {
      for (let due = this.#listings.takeDue(now, DUE); due.length > 0; due = this.#listings.takeDue(now, DUE)) {
        await this.#rescoring.run(this.#owned(due), now)
      }
      if (now >= this.#tidyAt) await this.#tidy()
    })
  }

  /** Others look after the rest; should their share come here, it is looked at then. */
  #owned(senders: readonly string[]): string[] {
    return senders.filter((sender) => this.#share.owns(sender))
  }

  /**
   * Records inserts as begun. False where the partitions were taken over meanwhile: then they are not to be made, and the new owner gets
   * the events.
   */
  async #begin(inserts: readonly PendingInsert[]): Promise<boolean> {
    await writePending(this.#store, inserts)
    if (await this.#claims.areOurs()) return true
    this.#options.logger.warn(
      { tokens: inserts.map(({ token }) => token) },
      'another scorer has taken over: left to it',
    )
    this.#counts.batches_left++
    await markDone(this.#store, inserts)
    return false
  }

  /**
   * Steps (d) to (g). Each may be done again.
   * @param parts where other scorers finish other parts of the range at the same time: senders are looked after by their owner alone
   */
  async #complete(range: Range, parts: RangeParts | null): Promise<void> {
    const facts = parts === null ? range.facts : range.facts.filter(({ sender }) => this.#share.owns(sender))
    const isRepeated = range.inserts.some(({ table }) => table === 'downgrades')
    // (d) The events, and pairs that an earlier try found. A crash in it may leave the table written and its views not; the same token
    //     again writes only what is missing.
    for (const { table, token, container } of range.inserts) await this.#store.insertAvro(table, container, token)
    for (const { event_id, observed_at } of range.facts) this.#seen.add(event_id, observed_at)
    // (e) Pairs of these events with others or each other. Begun like the events, since a view counts them: a crash between table and
    //     view is mended by the same rows under the same token, which the search for pairs could not find again.
    const { now, policy } = this.#options
    const pairs = await findPairs(this.#store, facts, policy.evidence.pair_window_hours * HOUR_MS, now())
    if (pairs.container !== null) {
      const part = parts === null ? '' : `.${parts.own.join('-')}`
      const token = `${range.name}/downgrades.${range.inserts.length}${part}`
      const insert = { table: 'downgrades', token, container: pairs.container } as const
      if (!(await this.#begin([insert]))) {
        // The range stays begun: whoever took over finishes it.
        this.#unfinished = null
        return
      }
      range.inserts.push(insert)
      await this.#store.insertAvro('downgrades', insert.container, token)
      this.#counts.pairs_found += pairs.count
    }
    // (f) Scores and listings. They are functions of what is stored: after a crash they come out the same, or newer.
    const senders = candidatesOf(facts, policy, (sender) => this.#listings.has(sender))
    for (const sender of pairs.senders) senders.add(sender)
    // Pairs that an earlier try wrote are not found again, and what they change may not be published yet.
    if (isRepeated) for (const fact of facts.filter(isPairHalf)) senders.add(fact.sender)
    for (const sender of await this.#historyMakers.among(facts)) senders.add(sender)
    await this.#rescoring.run(senders, now())
    // (g) Done. A crash before it runs (d) to (f) once more, to no effect.
    if (parts === null) await markDone(this.#store, range.inserts)
    else await markPartsDone(this.#store, range.name, parts)
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

  /** What no earlier record of the batch and no stored event is. */
  async #withoutStored(groups: readonly SchemaGroup[]): Promise<SchemaGroup[]> {
    const ids = new BatchIds(groups.reduce((sum, { records }) => sum + records.length, 0))
    const repeated = new Set<Fact>()
    const unsure: Fact[] = []
    for (const { records } of groups) {
      for (const { fact } of records) {
        if (!ids.add(fact.event_id)) repeated.add(fact)
        else if (this.#seen.judge(fact.event_id, fact.observed_at) === 'ask') unsure.push(fact)
      }
    }
    if (unsure.length > 0) {
      this.#counts.ids_looked_up += unsure.length
      const stored = await findStored(this.#store, unsure)
      for (const fact of unsure) if (stored.has(idText(fact))) repeated.add(fact)
    }
    // Nearly always: nothing of it was ever seen.
    return repeated.size === 0 ? [...groups] : without(groups, repeated)
  }

  #count(batch: DeliveredBatch, fresh: readonly SchemaGroup[], dead: number): void {
    const stored = fresh.reduce((sum, group) => sum + group.records.length, 0)
    this.#counts.batches++
    this.#counts.events_received += batch.records.length
    this.#counts.events_stored += stored
    this.#counts.events_dead += dead
    this.#counts.events_repeated += batch.records.length - dead - stored
  }

  async #tidy(): Promise<void> {
    await tidyPending(this.#store)
    this.#tidyAt = this.#options.now() + DAY_MS
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }
}

export function createScorer(options: ScorerOptions): Scorer {
  return new Scorer(options)
}

/** The other records of each group, and no group without any. */
function without(groups: readonly SchemaGroup[], repeated: ReadonlySet<Fact>): SchemaGroup[] {
  return groups
    .map((group) => ({ ...group, records: group.records.filter(({ fact }) => !repeated.has(fact)) }))
    .filter(({ records }) => records.length > 0)
}

/** An id as a key: 16 characters. */
function idText({ event_id }: Fact): string {
  return Buffer.from(event_id.buffer, event_id.byteOffset, event_id.byteLength).toString('latin1')
}
