import { ADDRESS_PLACE } from '@tlsrep/platform/config/lookup-page'
import type { ListingReason, Tier } from '@tlsrep/schemas'
import type { PublishedListing } from './output.ts'

/** What a listing is for, in words that the sender's postmaster reads in an SMTP reply. Closed: nothing a peer wrote gets in. */
const REASON_WORDS: Readonly<Record<ListingReason, string>> = {
  plaintext: 'mail sent without TLS although it was offered',
  downgrade: 'TLS failed, then mail sent without it',
  history_regression: 'a lower use of TLS than before',
  deprecated_version: 'a deprecated TLS version',
  weak_cipher: 'a weak cipher suite',
  handshake_failures: 'failed TLS handshakes',
  operator_deny: 'refused by our operator',
}

/** An SMTP reply line has at most 512 octets (RFC 5321 section 4.5.3.1.5); Postfix puts its own words before ours. */
const TEXT_MAX = 380

/** Where a postmaster can look a listing up: `https://example.org/q?ip={address}`. Null where there is no such page. */
export type LookupPage = string | null

/** Why mail is deferred or refused, and where to look. Printable ASCII, without a line's end. */
export function replyText(listing: PublishedListing, address: string, page: LookupPage): string {
  const reasons = listing.reasons.slice(0, 2).map((reason) => REASON_WORDS[reason])
  const where =
    page === null
      ? 'ask the postmaster here about this address'
      : `see ${page.replaceAll(ADDRESS_PLACE, encodeURIComponent(address))}`
  return printable(`TLS reputation of ${address}: ${reasons.join(', ')}; ${where}`, TEXT_MAX)
}

/** `X-TLS-Reputation` of a tagged message: fixed names and values from closed lists, on one line. */
export function reputationHeader(listing: PublishedListing, applied: Tier): string {
  const until = listing.expires_at === Number.POSITIVE_INFINITY ? 'withdrawn' : rfc3339(listing.expires_at)
  const value = `applied=${applied}; tier=${listing.tier}; sender=${listing.sender}; reasons=${listing.reasons.join(',')}; until=${until}`
  return printable(`X-TLS-Reputation: ${value}`, TEXT_MAX)
}

/** Seconds are exact enough for people; a moment beyond the calendar is `never`. */
export function rfc3339(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? `${new Date(ms).toISOString().slice(0, -5)}Z` : 'never'
}

/** Cut to `max`; anything but printable ASCII becomes `?`. */
function printable(text: string, max: number): string {
  return text.slice(0, max).replace(/[^\x20-\x7e]/g, '?')
}
