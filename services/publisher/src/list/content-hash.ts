import type { Exemption, PublishedListing } from '../outputs/output.ts'

/** Prime and basis of FNV-1a, and another pair for the second lane, so that what collides in one does not in the other. */
const FIRST = { prime: 0x01000193, basis: 0x811c9dc5 }
const SECOND = { prime: 0x85ebca6b, basis: 0x2f0b4c47 }

/**
 * Hash of a set that is kept up as members come and go, the same whatever the order: the sum of the members' hashes, in two lanes of 32
 * bits. It says whether two publishers hold the same list; it is no proof against somebody who makes collisions.
 */
export class ContentHash {
  #a = 0
  #b = 0

  add(text: string): void {
    this.#a = (this.#a + hashOf(text, FIRST)) | 0
    this.#b = (this.#b + hashOf(text, SECOND)) | 0
  }

  remove(text: string): void {
    this.#a = (this.#a - hashOf(text, FIRST)) | 0
    this.#b = (this.#b - hashOf(text, SECOND)) | 0
  }

  /** 16 hexadecimal digits. */
  get text(): string {
    return hex(this.#a) + hex(this.#b)
  }
}

export function listingText(listing: PublishedListing): string {
  return `${listing.sender} ${listing.tier} ${listing.listed_at} ${listing.expires_at} ${listing.reasons.join()}`
}

export function exemptionText(exemption: Exemption): string {
  return `!${exemption.sender} ${exemption.cause} ${exemption.expires_at}`
}

/** FNV-1a over the code units, mixed once more so that neighbouring addresses do not give neighbouring sums. */
function hashOf(text: string, lane: typeof FIRST): number {
  let hash = lane.basis
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), lane.prime)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return hash ^ (hash >>> 13)
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0')
}
