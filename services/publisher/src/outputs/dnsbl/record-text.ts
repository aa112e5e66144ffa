import type { PublishedListing } from '../output.ts'
import { type LookupPage, replyText, rfc3339 } from '../reply-text.ts'

/** Two character strings of a TXT record (RFC 1035 section 3.3: 255 bytes each). */
export const TEXT_MAX = 510

/**
 * What a TXT record says of a listing: its tier, until when, why, and where to look it up. MTAs show it to the sender. Printable ASCII.
 * @param address the address that was asked for
 */
export function recordText(listing: PublishedListing, address: string, page: LookupPage): string {
  const end = listing.expires_at === Number.POSITIVE_INFINITY ? '' : ` until ${rfc3339(listing.expires_at)}`
  return `${listing.tier}${end}: ${replyText(listing, address, page)}`.slice(0, TEXT_MAX)
}
