import { describe, expect, it } from 'vitest'
import { decisionFinder } from './covering.ts'
import type { CurrentListing } from './current-listings.ts'
import type { CurrentOverride } from './current-overrides.ts'
import { standingListings } from './standing.ts'

function decision(sender: string, action: 'allow' | 'deny', tier: string | null = null): CurrentOverride {
  return { sender, action, tier, until: null, by: 'me', why: 'because', created_at: '2026-11-25T00:00:00.000Z' }
}

function listing(sender: string): CurrentListing {
  return {
    sender,
    tier: 'tag',
    listed_at: '2026-11-24T00:00:00.000Z',
    expires_at: '2026-12-24T00:00:00.000Z',
    reasons: ['plaintext'],
    lower_bound: 0.5,
    effective_sessions: 12,
    explanation: '',
    remedy: '',
  }
}

describe('decisionFinder', () => {
  const find = decisionFinder([
    decision('192.0.2.0/24', 'deny', 'tag'),
    decision('192.0.2.7/32', 'deny', 'defer'),
    decision('192.0.2.128/25', 'allow'),
    decision('192.0.2.200/32', 'deny', 'reject'),
    decision('example.org', 'deny', 'tag'),
  ])

  it('takes the narrowest of those that cover a sender, and an allow before any deny', () => {
    expect(['192.0.2.1/32', '192.0.2.7/32', '192.0.2.200/32'].map((sender) => find(sender)?.sender)).toEqual([
      '192.0.2.0/24',
      '192.0.2.7/32',
      '192.0.2.128/25',
    ])
  })

  it('finds none outside of them, none by a part of a name, and a name by itself', () => {
    expect([find('192.0.3.1/32'), find('192.0.0.0/16'), find('mail.example.org')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(find('example.org')?.tier).toBe('tag')
  })
})

describe('standingListings', () => {
  it('marks who was freed, and puts a deny in the place of the score', () => {
    const overrides = [
      decision('192.0.2.1/32', 'allow'),
      decision('192.0.2.2/32', 'deny', 'reject'),
      decision('198.51.100.0/24', 'deny', 'watch'),
    ]
    const listings = ['192.0.2.1/32', '192.0.2.2/32', '192.0.2.3/32', '198.51.100.9/32'].map(listing)
    expect(
      standingListings(listings, overrides).map(({ sender, tier, in_force, reasons }) => [
        sender,
        tier,
        in_force,
        reasons[0],
      ]),
    ).toEqual([
      ['192.0.2.1/32', 'tag', false, 'plaintext'],
      ['192.0.2.3/32', 'tag', true, 'plaintext'],
      ['198.51.100.9/32', 'watch', true, 'plaintext'],
      ['192.0.2.2/32', 'reject', true, 'operator_deny'],
      ['198.51.100.0/24', 'watch', true, 'operator_deny'],
    ])
  })

  it('has a deny that a wider allow covers not in force', () => {
    const overrides = [decision('192.0.2.2/32', 'deny', 'tag'), decision('192.0.2.0/24', 'allow')]
    expect(standingListings([], overrides)).toMatchObject([{ sender: '192.0.2.2/32', in_force: false }])
  })
})
