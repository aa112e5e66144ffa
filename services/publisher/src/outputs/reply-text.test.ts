import { parseLookupPage } from '@tlsrep/platform/config/lookup-page'
import { LISTING_REASONS } from '@tlsrep/schemas'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { replyText, reputationHeader } from './reply-text.ts'

const LISTING = {
  sender: '192.0.2.1/32',
  tier: 'reject',
  reasons: ['plaintext', 'downgrade', 'weak_cipher'],
  listed_at: 0,
  expires_at: Date.UTC(2026, 11, 1),
} as const

test('a reply says why and where to look', () => {
  expect(replyText(LISTING, '192.0.2.1', 'https://example.org/q?ip={address}')).toBe(
    'TLS reputation of 192.0.2.1: mail sent without TLS although it was offered, TLS failed, then mail sent without it; ' +
      'see https://example.org/q?ip=192.0.2.1',
  )
  expect(replyText(LISTING, '2001:db8::1', 'https://example.org/{address}')).toContain('/2001%3Adb8%3A%3A1')
  expect(replyText(LISTING, '192.0.2.1', null)).toContain('ask the postmaster')
})

test('the longest page that the configuration takes stands whole behind any two reasons and any address', () => {
  const pageOf = (length: number): string => `https://mx.example/${'x'.repeat(length)}?ip={address}`
  const longest = Array.from({ length: 380 }, (_, length) => pageOf(length)).findLast(
    (page) => parseLookupPage(page).ok,
  )
  const address = '2001:db80:1111:2222:3333:4444:5555:6666'
  for (const first of LISTING_REASONS) {
    for (const second of LISTING_REASONS.filter((reason) => reason !== first)) {
      const text = replyText({ ...LISTING, reasons: [first, second] }, address, longest ?? '')
      expect(text.endsWith(`?ip=${encodeURIComponent(address)}`)).toBe(true)
    }
  }
})

test('the header has one fixed form', () => {
  expect(reputationHeader(LISTING, 'tag')).toBe(
    'X-TLS-Reputation: applied=tag; tier=reject; sender=192.0.2.1/32; reasons=plaintext,downgrade,weak_cipher; until=2026-12-01T00:00:00Z',
  )
  expect(reputationHeader({ ...LISTING, expires_at: Number.POSITIVE_INFINITY }, 'tag')).toContain('until=withdrawn')
})

test('whatever the sender is called, text stays one line of printable ASCII', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), fc.integer(), (sender, expires_at) => {
      for (const text of [
        reputationHeader({ ...LISTING, sender, expires_at }, 'tag'),
        replyText(LISTING, sender.toWellFormed(), null),
      ]) {
        expect(text).toMatch(/^[\x20-\x7e]{1,380}$/)
      }
    }),
  )
})
