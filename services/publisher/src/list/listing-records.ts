import { parseSender, type SenderKey } from '@tlsrep/core/sender/sender-key'
import type { LogRecord } from '@tlsrep/platform/event-log/event-log'
import { createReader, type Listing, type ListingReason, type Override, type Tier } from '@tlsrep/schemas'
import type { HeldOverride } from './effective-list.ts'
import type { GateFacts } from './gate.ts'
import type { ScoredListing } from './listing-rows.ts'

/** One record of `tls.listings` or `tls.overrides`, read. `gone`: the sender is on the topic no longer. */
export type ReadRecord<T> =
  | { kind: 'value'; key: SenderKey; value: T }
  | { kind: 'gone'; key: SenderKey }
  | { kind: 'bad'; detail: string }

export interface ReadListing {
  listing: ScoredListing
  facts: GateFacts
}

const FIELDS = [
  'sender',
  'tier',
  'reasons',
  'listed_at',
  'expires_at',
  'sequence',
  'effective_sessions',
  'lower_bound',
] as const satisfies readonly (keyof Listing)[]

/** Reads listings, as far as the list needs them: a million whole records would not fit into memory. */
export function createListingReader(): (record: LogRecord) => ReadRecord<ReadListing> {
  const reader = createReader('Listing', { fields: FIELDS })
  const sameReasons = internReasons()
  return (record) => {
    if (record.value === null) return tombstone(record)
    const decoded = reader.decode(record.value)
    if (!decoded.ok) return { kind: 'bad', detail: `${decoded.reason}: ${decoded.detail}` }
    const { sender, tier, reasons, listed_at, expires_at, sequence, effective_sessions, lower_bound } = decoded.value
    const key = parseSender(sender)
    if (key === undefined) return { kind: 'bad', detail: 'its sender is no canonical prefix and no domain' }
    if (tier === 'clean') return { kind: 'gone', key }
    const listing: ScoredListing = {
      sender,
      tier: TIERS[tier],
      reasons: sameReasons(reasons),
      listed_at,
      expires_at,
      version: sequence,
    }
    return { kind: 'value', key, value: { listing, facts: { listed_at, effective_sessions, lower_bound } } }
  }
}

export function createOverrideReader(): (record: LogRecord) => ReadRecord<HeldOverride> {
  const reader = createReader('Override')
  return (record) => {
    if (record.value === null) return tombstone(record)
    const decoded = reader.decode(record.value)
    if (!decoded.ok) return { kind: 'bad', detail: `${decoded.reason}: ${decoded.detail}` }
    const override: Override = decoded.value
    const key = parseSender(override.sender)
    if (key === undefined) return { kind: 'bad', detail: 'its sender is no canonical prefix and no domain' }
    const { sender, action, tier, until, by, why, created_at } = override
    const expires_at = until ?? Number.POSITIVE_INFINITY
    return { kind: 'value', key, value: { sender, action, tier, until, by, why, created_at, expires_at } }
  }
}

function tombstone(record: LogRecord): ReadRecord<never> {
  const key = record.key === null ? undefined : parseSender(Buffer.from(record.key).toString('utf8'))
  return key === undefined ? { kind: 'bad', detail: 'a tombstone without a sender' } : { kind: 'gone', key }
}

/** The decoder makes a string of each symbol it reads; one of each is enough. */
const TIERS: Readonly<Record<Tier, Tier>> = {
  clean: 'clean',
  watch: 'watch',
  tag: 'tag',
  defer: 'defer',
  reject: 'reject',
}

/** Most senders share one of a few lists of reasons; kept once each. */
function internReasons(): (reasons: readonly ListingReason[]) => readonly ListingReason[] {
  const known = new Map<string, readonly ListingReason[]>()
  return (reasons) => {
    const text = reasons.join()
    const same = known.get(text)
    if (same !== undefined) return same
    known.set(text, Object.freeze([...reasons]))
    return known.get(text) ?? reasons
  }
}
