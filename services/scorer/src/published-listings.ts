import type { EventLog, LogRecord } from '@tlsrep/platform/event-log/event-log'
import { createEncoder, createReader, type Listing } from '@tlsrep/schemas'
import { inChunks } from './chunks.ts'
import { ListedSenders } from './listed-senders.ts'
import { nextLook, type PublishedListing, publishedOf } from './listing.ts'

const MAX_APPEND = 5000

/** What is remembered of a record. */
const FIELDS = [
  'sender',
  'tier',
  'reasons',
  'listed_at',
  'expires_at',
  'sequence',
  'policy_hash',
] as const satisfies readonly (keyof Listing)[]

/** The list as this scorer has published it: `tls.listings` is the truth, this is what it said. */
export class PublishedListings {
  readonly #log: Pick<EventLog, 'append' | 'readThrough'>
  #listed = new ListedSenders()
  readonly #encoder = createEncoder('Listing')
  readonly #reader = createReader('Listing', { fields: FIELDS })

  constructor(log: Pick<EventLog, 'append' | 'readThrough'>) {
    this.#log = log
  }

  get size(): number {
    return this.#listed.size
  }

  /** Milliseconds since 1970 UTC at which the next listing has to be looked at; null where nobody is listed. */
  get nextReview(): number | null {
    return this.#listed.nextLook
  }

  get(sender: string): PublishedListing | undefined {
    return this.#listed.get(sender)
  }

  has(sender: string): boolean {
    return this.#listed.has(sender)
  }

  /** Listed senders whose score was made with another policy. */
  scoredByOther(policyHash: string): string[] {
    return [...this.#listed.scoredByOther(policyHash)]
  }

  takeDue(now: number, limit: number): string[] {
    return this.#listed.takeDue(now, limit)
  }

  /** Plans the next look at a listing that stays as it is. */
  plan(sender: string, now: number): void {
    const listing = this.#listed.get(sender)
    if (listing !== undefined) this.#listed.plan(sender, nextLook(listing, now))
  }

  /** Reads the whole topic anew, and forgets what was held. Of a record that cannot be read nothing is known: its sender is as if it were not listed, and scored anew. */
  async load(now: number, unreadable: (detail: string) => void): Promise<void> {
    this.#listed = new ListedSenders()
    await this.#log.readThrough('tls.listings', (records) => {
      for (const record of records) this.#take(record, now, unreadable)
    })
  }

  /** Publishes new versions and withdrawals; they are durable when it resolves, and only then are they what this scorer believes. */
  async publish(listings: readonly Listing[], withdrawn: readonly string[], now: number): Promise<void> {
    const records: LogRecord[] = [
      ...listings.map((listing) => ({ key: Buffer.from(listing.sender), value: this.#encoder.encode(listing) })),
      ...withdrawn.map((sender) => ({ key: Buffer.from(sender), value: null })),
    ]
    for (const chunk of inChunks(records, MAX_APPEND)) {
      await this.#log.append({ topic: 'tls.listings', records: chunk, checkpoint: null })
    }
    for (const listing of listings) this.#hold(listing, now)
    for (const sender of withdrawn) this.#listed.delete(sender)
  }

  #take({ key, value }: LogRecord, now: number, unreadable: (detail: string) => void): void {
    const decoded = value === null ? null : this.#reader.decode(value)
    if (decoded?.ok) this.#hold(decoded.value, now)
    else {
      if (key !== null) this.#listed.delete(Buffer.from(key).toString('utf8'))
      if (decoded !== null) unreadable(decoded.detail)
    }
  }

  #hold(listing: Pick<Listing, (typeof FIELDS)[number]>, now: number): void {
    const published = publishedOf(listing)
    this.#listed.set(listing.sender, published, nextLook(published, now))
  }
}
