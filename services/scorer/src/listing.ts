import type { Policy } from '@tlsrep/core/policy/policy'
import { type Explanation, explain } from '@tlsrep/core/reputation/explain'
import { type EvidenceRow, expiryOf } from '@tlsrep/core/reputation/score'
import type { Listing } from '@tlsrep/schemas'
import type { Judgement } from './judge.ts'

/** What the scorer remembers of a listing that it has published. */
export interface PublishedListing {
  tier: Listing['tier']
  reasons: string
  listed_at: number
  expires_at: number
  sequence: number
  policy_hash: string
}

/** What a new score means for the list. */
export type ListingChange = 'none' | 'publish' | 'withdraw'

/**
 * Decay moves the end of a listing a little with every session. A new version is published for it only when it has moved by this much,
 * or shortly before the published end: readers drop a listing at the end they were told.
 */
const NOTABLE_MS = 3_600_000

/** How long before its published end a listing is looked at, so that one that goes on is published anew in time. */
export const LEAD_MS = 120_000

export function listingChange(
  published: PublishedListing | undefined,
  { reputation, exclusion }: Pick<Judgement, 'reputation' | 'exclusion'>,
  policy: Policy,
  now: number,
): ListingChange {
  if (reputation.tier === 'clean' || exclusion !== null) return published === undefined ? 'none' : 'withdraw'
  if (published === undefined) return 'publish'
  const sameWords =
    published.tier === reputation.tier &&
    published.reasons === reputation.reasons.join() &&
    published.policy_hash === reputation.policy_hash
  const moved = expiryOf(reputation, policy, now) - published.expires_at
  const endsSoon = published.expires_at - now <= LEAD_MS
  return sameWords && Math.abs(moved) < NOTABLE_MS && !(endsSoon && moved > 0) ? 'none' : 'publish'
}

/** When the scorer has to look at a listing again although nothing happens. */
export function nextLook({ expires_at }: PublishedListing, now: number): number {
  return expires_at - LEAD_MS > now ? expires_at - LEAD_MS : expires_at
}

/** What a listing is made of beside its sender's evidence. */
export interface ListingFacts {
  published: PublishedListing | undefined
  /** The highest number that a version of this sender's listing ever had; 0 where it had none. */
  lastSequence: number
  /** Newest first. */
  samples: readonly Uint8Array[]
}

/** The next version of a sender's listing. */
export function makeListing(
  sender: string,
  rows: readonly EvidenceRow[],
  { published, lastSequence, samples }: ListingFacts,
  policy: Policy,
  now: number,
): Listing {
  const explanation: Explanation = explain(rows, policy, now)
  const { reputation } = explanation
  const stillListed = published !== undefined && published.expires_at > now
  return {
    sender,
    tier: reputation.tier,
    listed_at: stillListed ? published.listed_at : now,
    updated_at: now,
    expires_at: expiryOf(reputation, policy, now),
    review_at: reputation.review_at,
    sequence: Math.max(lastSequence, published?.sequence ?? 0) + 1,
    reasons: reputation.reasons,
    lower_bound: reputation.lower_bound,
    upper_bound: reputation.upper_bound,
    effective_sessions: reputation.effective_sessions,
    explanation: explanation.explanation,
    remedy: explanation.remedy,
    sample_event_ids: samples,
    first_evidence_day: reputation.first_evidence_day,
    last_evidence_day: reputation.last_evidence_day,
    policy_hash: reputation.policy_hash,
    scored_at: reputation.scored_at,
  }
}

export function publishedOf({
  tier,
  reasons,
  listed_at,
  expires_at,
  sequence,
  policy_hash,
}: Pick<Listing, 'tier' | 'reasons' | 'listed_at' | 'expires_at' | 'sequence' | 'policy_hash'>): PublishedListing {
  return { tier, reasons: reasons.join(), listed_at, expires_at, sequence, policy_hash }
}
