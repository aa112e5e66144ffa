import type { EventLog, LogRecord } from '@tlsrep/platform/event-log/event-log'
import { createEncoder, createReader, type Listing } from '@tlsrep/schemas'
import { inChunks } from './chunks.ts'
import { nextLook, type PublishedListing, publishedOf } from './listing.ts'
import { ReviewHeap } from './review-heap.ts'

const MAX_APPEND = 5000

/** The list as this scorer has published it: `tls.listings` is the truth, this is what it said. */
export class PublishedListings {
  readonly #log: Pick<EventLog, 'append' | 'readCompacted'>
  readonly #listings = new Map<string, PublishedListing>()
  #reviews = new ReviewHeap()
  readonly #encoder = createEncoder('Listing')
  readonly #reader = createReader('Listing')

  constructor(log: Pick<EventLog, 'append' | 'readCompacted'>) {
    this.#log = log
  }

  get size(): number {
    return this.#listings.size
  }

  /** Milliseconds since 1970 UTC at which the next listing has to be looked at; null where nobody is listed. */
  get nextReview(): number | null {
    return this.#reviews.next
  }

  get(sender: string): PublishedListing | undefined {
    return this.#listings.get(sender)
  }

  has(sender: string): boolean {
    return this.#listings.has(sender)
  }

  /** Listed senders whose score was made with another policy. */
  scoredByOther(policyHash: string): string[] {
    return [...this.#listings].filter(([, { policy_hash }]) => policy_hash !== policyHash).map(([sender]) => sender)
  }

  takeDue(now: number, limit: number): string[] {
    return this.#reviews.takeDue(now, limit)
  }

  /** Plans the next look at a listing that stays as it is. */
  plan(sender: string, now: number): void {
    const listing = this.#listings.get(sender)
    if (listing !== undefined) this.#reviews.set(sender, nextLook(listing, now))
  }

  /** Reads the whole topic anew, and forgets what was held. Of a record that cannot be read nothing is known: its sender is as if it were not listed, and scored anew. */
  async load(now: number, unreadable: (detail: string) => void): Promise<void> {
    const records = await this.#log.readCompacted('tls.listings')
    this.#listings.clear()
    this.#reviews = new ReviewHeap()
    for (const { value } of records) {
      const decoded = this.#reader.decode(value ?? new Uint8Array(0))
      if (decoded.ok) this.#hold(decoded.value, now)
      else unreadable(decoded.detail)
    }
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
    for (const sender of withdrawn) {
      this.#listings.delete(sender)
      this.#reviews.delete(sender)
    }
  }

  #hold(listing: Listing, now: number): void {
    this.#listings.set(listing.sender, publishedOf(listing))
    this.plan(listing.sender, now)
  }
}
