import { lengthened } from '@tlsrep/core/sender/lengthened'
import type { ListingReason } from '@tlsrep/schemas'
import { TIERS } from '@tlsrep/schemas/records.generated'
import type { PublishedListing } from '../outputs/output.ts'

/** A listing that the scorer published; `version` is the record's `sequence`. */
export interface ScoredListing extends PublishedListing {
  readonly version: number
}

export function isScored(listing: PublishedListing): listing is ScoredListing {
  return 'version' in listing
}

/** What is known of each listing, by slot, in arrays of numbers: 27 bytes each. */
export class ListingRows {
  #tiers = new Uint8Array(0)
  #reasons = new Uint16Array(0)
  #listedAt = new Float64Array(0)
  #expiresAt = new Float64Array(0)
  /** NaN for a listing that the scorer did not make. */
  #versions = new Float64Array(0)
  #reasonLists = new ReasonLists()

  /** Makes room for slots below `capacity`. */
  lengthen(capacity: number): void {
    this.#tiers = lengthened(this.#tiers, capacity)
    this.#reasons = lengthened(this.#reasons, capacity)
    this.#listedAt = lengthened(this.#listedAt, capacity)
    this.#expiresAt = lengthened(this.#expiresAt, capacity)
    this.#versions = lengthened(this.#versions, capacity)
  }

  set(slot: number, listing: PublishedListing): void {
    this.#tiers[slot] = TIERS.indexOf(listing.tier)
    this.#reasons[slot] = this.#reasonLists.numberOf(listing.reasons)
    this.#listedAt[slot] = listing.listed_at
    this.#expiresAt[slot] = listing.expires_at
    this.#versions[slot] = isScored(listing) ? listing.version : Number.NaN
  }

  listing(slot: number, sender: string): PublishedListing {
    const listing: PublishedListing = {
      sender,
      tier: TIERS[this.#tiers[slot] ?? 0] ?? 'clean',
      reasons: this.#reasonLists.at(this.#reasons[slot] ?? 0),
      listed_at: this.#listedAt[slot] ?? 0,
      expires_at: this.expiresAt(slot),
    }
    const version = this.#versions[slot] ?? Number.NaN
    if (Number.isNaN(version)) return listing
    const scored: ScoredListing = { ...listing, version }
    return scored
  }

  /** Milliseconds since 1970 UTC. */
  listedAt(slot: number): number {
    return this.#listedAt[slot] ?? 0
  }

  /** Milliseconds since 1970 UTC. */
  expiresAt(slot: number): number {
    return this.#expiresAt[slot] ?? 0
  }

  /** The same, whatever becomes of these. */
  copy(): Pick<ListingRows, 'listing' | 'expiresAt'> {
    const copy = new ListingRows()
    copy.#tiers = this.#tiers.slice()
    copy.#reasons = this.#reasons.slice()
    copy.#listedAt = this.#listedAt.slice()
    copy.#expiresAt = this.#expiresAt.slice()
    copy.#versions = this.#versions.slice()
    copy.#reasonLists = this.#reasonLists
    return copy
  }
}

/** Lists of reasons and their numbers: there are no more of them than seven reasons can be put in orders, 13 699. */
class ReasonLists {
  readonly #numbers = new Map<string, number>()
  readonly #lists: (readonly ListingReason[])[] = []

  numberOf(reasons: readonly ListingReason[]): number {
    const text = reasons.join()
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.#lists.push(Object.freeze([...reasons])) - 1
    this.#numbers.set(text, number)
    return number
  }

  at(number: number): readonly ListingReason[] {
    return this.#lists[number] ?? []
  }
}
