import { createHash } from 'node:crypto'
import type { Exemption, ListingSnapshot, PublishedListing, SomeListings } from '../output.ts'
import { rfc3339 } from '../reply-text.ts'

export type FeedFormat = 'json' | 'ndjson' | 'text'

/** One state of the list, taken at one moment: a response is written from this while the list goes on. */
export interface FeedState {
  sequence: bigint
  contentHash: string
  generatedAt: number
  /** Until when a reader may believe it without asking again. */
  expiresAt: number
  listings: SomeListings
  exemptions: readonly Exemption[]
}

/** A list is good for one to two of these (ms). The end moves in whole steps, so that equal lists have equal bytes within one. */
const VALIDITY_STEP_MS = 3_600_000

export function feedExpiry(now: number): number {
  return (Math.floor(now / VALIDITY_STEP_MS) + 2) * VALIDITY_STEP_MS
}

export function feedState(snapshot: ListingSnapshot, now: number): FeedState {
  return {
    sequence: snapshot.sequence,
    contentHash: snapshot.contentHash,
    generatedAt: snapshot.takenAt,
    expiresAt: feedExpiry(now),
    listings: snapshot.listings.listedAt(now),
    exemptions: [...snapshot.exemptions.values()].filter(({ expires_at }) => expires_at > now),
  }
}

/** Lines joined to one chunk of the response. */
const SLICE = 1000

/** The response's body in pieces of some 100 KB. Every format ends with the count and with the SHA-256 of the entries before it. */
export function feedBody(state: FeedState, format: FeedFormat): Generator<string, void, unknown> {
  return format === 'json' ? jsonBody(state) : lineBody(state, format)
}

/** `sha256` is over the entries as they stand between the brackets, each without the comma and with a newline behind it. */
function* jsonBody(state: FeedState): Generator<string, void, unknown> {
  const hash = createHash('sha256')
  const { listings, exemptions } = state
  yield `${JSON.stringify(headOf(state)).slice(0, -1)},"listings":[`
  yield* joined(listings, listingOf, hash)
  yield '],"exemptions":['
  yield* joined(exemptions, exemptionOf, hash)
  yield `],"end":${JSON.stringify(endOf(state, hash.digest('hex')))}}\n`
}

function* joined<T>(
  entries: Iterable<T>,
  objectOf: (entry: T) => object,
  hash: ReturnType<typeof createHash>,
): Generator<string, void, unknown> {
  let isFirst = true
  for (const slice of inSlices(entries)) {
    const texts = slice.map((entry) => JSON.stringify(objectOf(entry)))
    hash.update(`${texts.join('\n')}\n`)
    yield (isFirst ? '' : ',') + texts.join(',')
    isFirst = false
  }
}

function* inSlices<T>(entries: Iterable<T>): Generator<T[], void, unknown> {
  let slice: T[] = []
  for (const entry of entries) {
    slice.push(entry)
    if (slice.length < SLICE) continue
    yield slice
    slice = []
  }
  if (slice.length > 0) yield slice
}

/** `sha256` is over all lines between the first and the last, with their newlines. */
function* lineBody(state: FeedState, format: 'ndjson' | 'text'): Generator<string, void, unknown> {
  const hash = createHash('sha256')
  const line = format === 'ndjson' ? jsonLine : textLine
  yield format === 'ndjson' ? `${JSON.stringify({ type: 'head', ...headOf(state) })}\n` : textHead(state)
  for (const entries of [state.listings, state.exemptions]) {
    for (const slice of inSlices<PublishedListing | Exemption>(entries)) {
      const lines = slice.map(line).join('')
      hash.update(lines)
      yield lines
    }
  }
  const end = endOf(state, hash.digest('hex'))
  yield format === 'ndjson'
    ? `${JSON.stringify({ type: 'end', ...end })}\n`
    : `# end count=${end.count} sha256=${end.sha256}\n`
}

function headOf(state: FeedState): object {
  return {
    sequence: Number(state.sequence),
    generated_at: rfc3339(state.generatedAt),
    expires_at: rfc3339(state.expiresAt),
    content_hash: state.contentHash,
    count: state.listings.size,
  }
}

function endOf(state: FeedState, sha256: string): { count: number; sha256: string } {
  return { count: state.listings.size, sha256 }
}

function listingOf({ sender, tier, reasons, listed_at, expires_at }: PublishedListing): object {
  return { sender, tier, reasons, listed_at: rfc3339(listed_at), expires_at: endText(expires_at) }
}

function exemptionOf({ sender, cause, expires_at }: Exemption): object {
  return { sender, cause, expires_at: endText(expires_at) }
}

function jsonLine(entry: PublishedListing | Exemption): string {
  const object =
    'tier' in entry ? { type: 'listing', ...listingOf(entry) } : { type: 'exemption', ...exemptionOf(entry) }
  return `${JSON.stringify(object)}\n`
}

function textHead(state: FeedState): string {
  const { sequence, generatedAt, expiresAt, listings } = state
  const times = `generated_at=${rfc3339(generatedAt)} expires_at=${rfc3339(expiresAt)}`
  return `# tlsrep listings sequence=${sequence} ${times} count=${listings.size}\n`
}

/** A listing as `PREFIX TIER EXPIRY`, an exemption with `!` before it. */
function textLine(entry: PublishedListing | Exemption): string {
  const end = endText(entry.expires_at) ?? 'never'
  return 'tier' in entry ? `${entry.sender} ${entry.tier} ${end}\n` : `!${entry.sender} ${entry.cause} ${end}\n`
}

/** Null where it has no end. */
function endText(ms: number): string | null {
  return ms === Number.POSITIVE_INFINITY ? null : rfc3339(ms)
}
