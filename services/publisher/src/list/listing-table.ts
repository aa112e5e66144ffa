import { parseSender, type SenderKey } from '@tlsrep/core/sender/sender-key'
import { SenderSlots } from '@tlsrep/core/sender/sender-slots'
import { SlotHeap } from '@tlsrep/core/sender/slot-heap'
import type { ListedSenders, PublishedListing, SomeListings } from '../outputs/output.ts'
import { isScored, ListingRows, type ScoredListing } from './listing-rows.ts'

/** More than the longest prefix has. */
const ANY_LENGTH = 129

/**
 * Listings in arrays of numbers, some sixty bytes each: by sender, by the most specific prefix that holds an address, by what lies within a
 * prefix, and by their ends. What it gives out is made when it is asked for: two answers are equal, not the same object.
 */
export class ListingTable implements ListedSenders {
  readonly #slots: SenderSlots
  readonly #rows = new ListingRows()
  readonly #ends = new SlotHeap()

  constructor() {
    this.#slots = new SenderSlots((capacity) => {
      this.#rows.lengthen(capacity)
      this.#ends.lengthen(capacity)
    })
  }

  get size(): number {
    return this.#slots.size
  }

  /** Milliseconds since 1970 UTC at which the first listing ends; `Infinity` where none does. */
  get nextEnd(): number {
    return this.#ends.next
  }

  get(sender: string): PublishedListing | undefined {
    const key = parseSender(sender)
    return key === undefined ? undefined : this.at(key)
  }

  at(key: SenderKey): PublishedListing | undefined {
    const slot = this.#slots.find(key)
    return slot < 0 ? undefined : this.#listing(slot)
  }

  /** The listing of a sender where the scorer made it. */
  scoredAt(key: SenderKey): ScoredListing | undefined {
    const listing = this.at(key)
    return listing !== undefined && isScored(listing) ? listing : undefined
  }

  has(sender: string): boolean {
    const key = parseSender(sender)
    return key !== undefined && this.#slots.find(key) >= 0
  }

  /** @param key of `listing.sender` */
  set(key: SenderKey, listing: PublishedListing): void {
    const slot = this.#slots.take(key)
    this.#rows.set(slot, listing)
    this.#ends.set(slot, listing.expires_at)
  }

  delete(key: SenderKey): boolean {
    const slot = this.#slots.free(key)
    if (slot < 0) return false
    this.#ends.delete(slot)
    return true
  }

  /** The most specific prefix that holds the address and has not ended at `now`. */
  longest(address: Uint8Array, now: number): PublishedListing | undefined {
    const slot = this.#longest(address, now)
    return slot < 0 ? undefined : this.#listing(slot)
  }

  /** What is at the sender itself or within it. */
  *within(key: SenderKey): Generator<PublishedListing, undefined, unknown> {
    for (const slot of this.#slots.within(key)) yield this.#listing(slot)
  }

  /** What has ended at `now`, the first first. Each has to be deleted or made to end later before the next one is asked for. */
  *ended(now: number): Generator<PublishedListing, undefined, unknown> {
    while (this.#ends.next <= now) yield this.#listing(this.#ends.first)
  }

  listedAt(now: number): SomeListings {
    const slots = this.#slots.copy()
    const rows = this.#rows.copy()
    const shown = function* (): Generator<number, undefined, unknown> {
      for (const slot of slots.slots()) if (rows.expiresAt(slot) > now) yield slot
    }
    let size = 0
    for (const _ of shown()) size++
    return {
      size,
      *[Symbol.iterator]() {
        for (const slot of shown()) yield rows.listing(slot, slots.senderAt(slot))
      },
    }
  }

  *values(): Generator<PublishedListing, undefined, unknown> {
    for (const slot of this.#slots.slots()) yield this.#listing(slot)
  }

  *keys(): Generator<string, undefined, unknown> {
    for (const slot of this.#slots.slots()) yield this.#slots.senderAt(slot)
  }

  *entries(): Generator<[string, PublishedListing], undefined, unknown> {
    for (const listing of this.values()) yield [listing.sender, listing]
  }

  [Symbol.iterator](): Generator<[string, PublishedListing], undefined, unknown> {
    return this.entries()
  }

  forEach(visit: (value: PublishedListing, key: string, map: ReadonlyMap<string, PublishedListing>) => void): void {
    for (const listing of this.values()) visit(listing, listing.sender, this)
  }

  #longest(address: Uint8Array, now: number): number {
    let slot = this.#slots.longest(address, ANY_LENGTH)
    while (slot >= 0 && this.#ends.momentOf(slot) <= now) {
      slot = this.#slots.longest(address, this.#slots.lengthAt(slot))
    }
    return slot
  }

  #listing(slot: number): PublishedListing {
    return this.#rows.listing(slot, this.#slots.senderAt(slot))
  }
}
