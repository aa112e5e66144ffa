import { lengthened } from '@tlsrep/core/sender/lengthened'
import type { SenderKey } from '@tlsrep/core/sender/sender-key'
import { SenderSlots } from '@tlsrep/core/sender/sender-slots'
import type { GateFacts } from './gate.ts'
import { isScored, ListingRows, type ScoredListing } from './listing-rows.ts'

export interface CollectedListing {
  listing: ScoredListing
  facts: GateFacts
}

/** What a topic holds when it is read from its beginning: of each sender the newest, with what the gate wants to know of it. */
export class CollectedListings {
  readonly #slots: SenderSlots
  readonly #rows = new ListingRows()
  #effectiveSessions = new Float64Array(0)
  #lowerBounds = new Float64Array(0)

  constructor() {
    this.#slots = new SenderSlots((capacity) => {
      this.#rows.lengthen(capacity)
      this.#effectiveSessions = lengthened(this.#effectiveSessions, capacity)
      this.#lowerBounds = lengthened(this.#lowerBounds, capacity)
    })
  }

  set(key: SenderKey, { listing, facts }: CollectedListing): void {
    const slot = this.#slots.take(key)
    this.#rows.set(slot, listing)
    this.#effectiveSessions[slot] = facts.effective_sessions
    this.#lowerBounds[slot] = facts.lower_bound
  }

  delete(key: SenderKey): void {
    this.#slots.free(key)
  }

  /** In the order in which the senders came onto the list. */
  *inOrder(): Generator<CollectedListing, undefined, unknown> {
    const order = new Int32Array(this.#slots.size)
    let count = 0
    for (const slot of this.#slots.slots()) order[count++] = slot
    order.sort((a, b) => this.#rows.listedAt(a) - this.#rows.listedAt(b))
    for (const slot of order) {
      const listing = this.#rows.listing(slot, this.#slots.senderAt(slot))
      if (!isScored(listing)) continue
      const effective_sessions = this.#effectiveSessions[slot] ?? 0
      const lower_bound = this.#lowerBounds[slot] ?? 0
      yield { listing, facts: { listed_at: listing.listed_at, effective_sessions, lower_bound } }
    }
  }
}
