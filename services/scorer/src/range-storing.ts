import type { DeliveredBatch } from '@tlsrep/platform/event-log/event-log'
import { BatchIds } from './batch-ids.ts'
import type { Begun } from './begun.ts'
import type { DeadLetters } from './dead-letters.ts'
import { decodeFacts, type Fact, type FactReader, type SchemaGroup } from './facts.ts'
import { makeInserts, type Range, rangeOf } from './range.ts'
import { SeenIds } from './seen-ids.ts'
import type { Store } from './store.ts'
import { findStored, newestStored } from './stored-ids.ts'

export interface RangeStoringOptions {
  store: Store
  begun: Begun
  deadLetters: DeadLetters
  reader: FactReader
  /** Names this scorer in dead letters. */
  service: string
  now: () => number
  /** Ids of stored events that are kept in memory, in each of two generations. */
  rememberedIds: number | undefined
}

export interface StoringCounters {
  batches: number
  events_received: number
  events_stored: number
  /** Stored before, or twice in one batch. */
  events_repeated: number
  /** Records that became dead letters. */
  events_dead: number
  /** Events whose ids had to be looked up in `tls_events`. */
  ids_looked_up: number
}

/** The first half of a batch's way: its events into `tls_events`, each once. */
export class RangeStoring {
  readonly counters: StoringCounters = {
    batches: 0,
    events_received: 0,
    events_stored: 0,
    events_repeated: 0,
    events_dead: 0,
    ids_looked_up: 0,
  }
  readonly #options: RangeStoringOptions
  readonly #seen: SeenIds

  constructor(options: RangeStoringOptions) {
    this.#options = options
    this.#seen = new SeenIds(options.rememberedIds)
  }

  /** To be called once everything is stored that any earlier run has taken on. */
  async learnHorizon(): Promise<void> {
    this.#seen.raiseHorizon((await newestStored(this.#options.store)) ?? Number.NEGATIVE_INFINITY)
  }

  /** The range of a batch, begun and not inserted; null where nothing of it is new, or another scorer has it. */
  async begin(batch: DeliveredBatch): Promise<Range | null> {
    const { reader, service, now, deadLetters, begun } = this.#options
    // (a) Records that cannot be read go to tls.deadletter. A crash after it repeats nothing: letters are looked up before.
    const { groups, dead } = decodeFacts(reader, batch, service, now())
    await deadLetters.append(dead)
    // (b) What is stored already is dropped. Nothing is written yet, so a crash up to here is as if the batch had never come.
    const fresh = await this.#withoutStored(groups)
    this.#count(batch, fresh, dead.length)
    if (fresh.length === 0) return null
    const range = rangeOf(batch, fresh)
    // (c) The range with its containers. A crash before it: the batch comes again. After it: `recover` runs it from its payload.
    return (await begun.record(range.unmade)) ? range : null
  }

  /**
   * (d) The events, and pairs that an earlier try found. A crash in it may leave the table written and its views not; the same token again
   * writes only what is missing.
   */
  async insert(range: Range): Promise<void> {
    await makeInserts(this.#options.store, range)
    for (const { event_id, observed_at } of range.facts) this.#seen.add(event_id, observed_at)
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
      this.counters.ids_looked_up += unsure.length
      const stored = await findStored(this.#options.store, unsure)
      for (const fact of unsure) if (stored.has(idText(fact))) repeated.add(fact)
    }
    // Nearly always: nothing of it was ever seen.
    return repeated.size === 0 ? [...groups] : without(groups, repeated)
  }

  #count(batch: DeliveredBatch, fresh: readonly SchemaGroup[], dead: number): void {
    const { counters } = this
    const stored = fresh.reduce((sum, group) => sum + group.records.length, 0)
    counters.batches++
    counters.events_received += batch.records.length
    counters.events_stored += stored
    counters.events_dead += dead
    counters.events_repeated += batch.records.length - dead - stored
  }
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
