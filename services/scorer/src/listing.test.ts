import { expiryOf, type Reputation, score } from '@tlsrep/core/reputation/score'
import { describe, expect, test } from 'vitest'
import { evidenceRows } from './evidence.ts'
import { LEAD_MS, listingChange, nextLook, type PublishedListing } from './listing.ts'
import { HOUR, policy, T0 } from './test-support.ts'

const RULES = policy()
const NOW = T0

function reputation(sessions: number): Reputation {
  const facts = {
    sender: '10.0.0.2/32',
    day: '2026-11-24',
    direction: 'inbound',
    listener: 'mx',
    outcome: 'plaintext',
    fault: 'peer',
  }
  const counts = { sessions, mails_accepted: 0, mails_rejected: 0, mails_plaintext: sessions }
  const row = { ...facts, tls_version: '', cipher: '', downgrade: '', excused: 0, ...counts }
  return score(evidenceRows([row]), RULES, NOW)
}

const LISTED = reputation(20)
const CLEAN = reputation(1)

function published(changes: Partial<PublishedListing> = {}): PublishedListing {
  return {
    tier: LISTED.tier,
    reasons: LISTED.reasons.join(),
    listed_at: NOW - HOUR,
    expires_at: expiryOf(LISTED, RULES, NOW),
    sequence: 3,
    policy_hash: RULES.hash,
    ...changes,
  }
}

function change(before: PublishedListing | undefined, after: Reputation, exclusion: 'relay' | null = null) {
  return listingChange(
    before,
    { reputation: after, exclusion: exclusion === null ? null : { why: exclusion } },
    RULES,
    NOW,
  )
}

describe('what a score means for the list', () => {
  test('listed or not', () => {
    expect(change(undefined, CLEAN)).toBe('none')
    expect(change(undefined, LISTED)).toBe('publish')
    expect(change(published(), LISTED)).toBe('none')
    expect(change(published(), CLEAN)).toBe('withdraw')
  })

  test('who is excluded is never listed, and comes off the list', () => {
    expect(change(undefined, LISTED, 'relay')).toBe('none')
    expect(change(published(), LISTED, 'relay')).toBe('withdraw')
  })

  test('another tier, other reasons or another policy is a new version', () => {
    expect(change(published({ tier: 'tag' }), LISTED)).toBe('publish')
    expect(change(published({ reasons: 'plaintext,downgrade' }), LISTED)).toBe('publish')
    expect(change(published({ policy_hash: 'other' }), LISTED)).toBe('publish')
  })

  test('an end that moved is published when it moved far, or when the published one is near', () => {
    const end = expiryOf(LISTED, RULES, NOW)
    expect(change(published({ expires_at: end - HOUR + 1 }), LISTED)).toBe('none')
    expect(change(published({ expires_at: end - HOUR }), LISTED)).toBe('publish')
    const short = { ...LISTED, review_at: NOW + LEAD_MS }
    expect(change(published({ expires_at: NOW + LEAD_MS - 1 }), short)).toBe('publish')
    expect(change(published({ expires_at: NOW + LEAD_MS }), short)).toBe('none')
  })

  test('a listing is looked at shortly before its end, and at its end', () => {
    const listing = published({ expires_at: NOW + LEAD_MS + 1 })
    expect(nextLook(listing, NOW)).toBe(NOW + 1)
    expect(nextLook(listing, NOW + 1)).toBe(NOW + LEAD_MS + 1)
  })
})
