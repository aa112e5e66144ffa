import type { Policy } from '@tlsrep/core/policy/policy'
import type { EvidenceRow } from '@tlsrep/core/reputation/score'
import { weigherOf } from '@tlsrep/core/reputation/weigher'
import { avroRows } from '@tlsrep/platform/event-log/avro-container'
import type { AvroRecord, AvroSchema, Listing } from '@tlsrep/schemas'
import { inChunks } from './chunks.ts'
import { readEvidence } from './evidence.ts'
import { createJudge, type Judge, type Judgement } from './judge.ts'
import { listingChange, makeListing } from './listing.ts'
import type { PublishedListings } from './published-listings.ts'
import { sampleEvents } from './samples.ts'
import type { Store } from './store.ts'

/** Senders whose evidence is in memory at a time. */
const CHUNK = 2000

export interface RescoringCounters {
  senders_scored: number
  listings_published: number
  listings_withdrawn: number
}

/** Scores senders by the rows that ClickHouse holds, and publishes what changes by it. Doing it again changes nothing. */
export class Rescoring {
  readonly counters: RescoringCounters = { senders_scored: 0, listings_published: 0, listings_withdrawn: 0 }
  readonly #store: Store
  readonly #policy: Policy
  readonly #judge: Judge
  readonly #listings: PublishedListings
  #writes = 0

  constructor(store: Store, policy: Policy, listings: PublishedListings) {
    this.#store = store
    this.#policy = policy
    this.#judge = createJudge(policy)
    this.#listings = listings
  }

  async run(senders: Iterable<string>, now: number): Promise<void> {
    for (const chunk of inChunks([...senders], CHUNK)) await this.#runChunk(chunk, now)
  }

  async #runChunk(senders: readonly string[], now: number): Promise<void> {
    const evidence = await readEvidence(this.#store, senders)
    const judgements = new Map<string, Judgement>()
    const publish: string[] = []
    const withdraw: string[] = []
    for (const sender of senders) {
      const judgement = this.#judge(sender, evidence.get(sender) ?? [], now)
      judgements.set(sender, judgement)
      const change = listingChange(this.#listings.get(sender), judgement, this.#policy, now)
      if (change === 'publish') publish.push(sender)
      else if (change === 'withdraw') withdraw.push(sender)
      else this.#listings.plan(sender, now)
    }
    const listings = await this.#makeListings(publish, judgements, now)
    // A crash before this has published nothing, one after it has published all: the next run finds the list as it should be.
    await this.#listings.publish(listings, withdraw, now)
    // A crash here leaves an older score in a table that nothing depends on; the next run writes it.
    await this.#writeReputations(judgements)
    this.counters.senders_scored += senders.length
    this.counters.listings_published += listings.length
    this.counters.listings_withdrawn += withdraw.length
  }

  async #makeListings(
    senders: readonly string[],
    judgements: ReadonlyMap<string, Judgement>,
    now: number,
  ): Promise<Listing[]> {
    if (senders.length === 0) return []
    const rowsOf = (sender: string): readonly EvidenceRow[] => judgements.get(sender)?.rows ?? []
    const samples = await sampleEvents(this.#store, senders, costlyOf(senders.flatMap(rowsOf), this.#policy))
    const sequences = await this.#lastSequences(senders.filter((sender) => !this.#listings.has(sender)))
    return senders.map((sender) => {
      const facts = {
        published: this.#listings.get(sender),
        lastSequence: sequences.get(sender) ?? 0,
        samples: samples.get(sender) ?? [],
      }
      return makeListing(sender, rowsOf(sender), facts, this.#policy, now)
    })
  }

  /** A sender that comes back goes on with its numbers: of two versions the higher one has to be the later one. */
  async #lastSequences(senders: readonly string[]): Promise<Map<string, number>> {
    if (senders.length === 0) return new Map()
    const rows = await this.#store.rows<{ sender: string; last: number }>(
      'SELECT sender, max(sequence) AS last FROM listings_log WHERE sender IN {senders:Array(String)} GROUP BY sender',
      { senders },
    )
    return new Map(rows.map(({ sender, last }) => [sender, last]))
  }

  async #writeReputations(judgements: ReadonlyMap<string, Judgement>): Promise<void> {
    if (judgements.size === 0) return
    const rows = [...judgements].map(([sender, { reputation }]) => ({ sender, ...reputation }))
    const first = rows[0]
    const token = `reputation/${first?.scored_at ?? 0}/${first?.sender ?? ''}/${this.#writes++}`
    await this.#store.insertAvro('reputation', avroRows(SCHEMA, rows), token)
  }
}

/** The combinations of version and cipher in these rows that weigh. */
function costlyOf(rows: readonly EvidenceRow[], policy: Policy): string[] {
  const weigher = weigherOf(policy)
  const costly = new Set<string>()
  for (const { outcome, tls_version, cipher } of rows) {
    const weighs = (weigher.weights[weigher.negotiatedKind(tls_version, cipher)] ?? 0) > 0
    if (outcome === 'negotiated' && weighs) costly.add(`${tls_version ?? ''} ${cipher ?? ''}`)
  }
  return [...costly]
}

const TIME: AvroSchema = { type: 'long', logicalType: 'timestamp-millis' }
const SCHEMA: AvroRecord = {
  type: 'record',
  name: 'ReputationRow',
  fields: [
    { name: 'sender', type: 'string' },
    { name: 'tier', type: 'string' },
    { name: 'lower_bound', type: 'double' },
    { name: 'upper_bound', type: 'double' },
    { name: 'effective_sessions', type: 'double' },
    { name: 'reasons', type: { type: 'array', items: 'string' } },
    { name: 'review_at', type: ['null', TIME] },
    { name: 'policy_hash', type: 'string' },
    { name: 'scored_at', type: TIME },
  ],
}
