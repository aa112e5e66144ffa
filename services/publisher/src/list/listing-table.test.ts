import { parseSender, type SenderKey } from '@tlsrep/core/sender/sender-key'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PublishedListing } from '../outputs/output.ts'
import { arbitraryPrefix } from '../outputs/parity-addresses.test-support.ts'
import { ListingTable } from './listing-table.ts'

const listing = fc
  .record({
    sender: fc.oneof(arbitraryPrefix, fc.constantFrom('example.org', 'example.net')),
    tier: fc.constantFrom('watch' as const, 'tag' as const, 'defer' as const, 'reject' as const),
    reasons: fc.constantFrom(['plaintext'] as const, ['downgrade', 'plaintext'] as const),
    listed_at: fc.nat(2 ** 45),
    expires_at: fc.oneof(fc.nat(100), fc.constant(Number.POSITIVE_INFINITY)),
    version: fc.option(fc.nat(), { nil: undefined }),
  })
  .map(({ version, ...rest }): PublishedListing => (version === undefined ? rest : Object.assign(rest, { version })))

function keyOf(sender: string): SenderKey {
  return parseSender(sender) ?? expect.unreachable(`${sender} is no sender`)
}

test('a table is a map of what was put in, and ends it in order', () => {
  fc.assert(
    fc.property(fc.array(listing, { maxLength: 60 }), fc.array(arbitraryPrefix), fc.nat(100), (all, gone, now) => {
      const table = new ListingTable()
      const expected = new Map<string, PublishedListing>()
      for (const one of all) {
        table.set(keyOf(one.sender), one)
        expected.set(one.sender, one)
      }
      for (const sender of [...gone, ...all.slice(0, 5).map(({ sender }) => sender)]) {
        expect(table.delete(keyOf(sender))).toBe(expected.delete(sender))
      }
      expect(new Map(table)).toEqual(expected)
      expect(table.size).toBe(expected.size)
      const shown = table.listedAt(now)
      const left = [...expected.values()].filter(({ expires_at }) => expires_at > now)
      const ended: number[] = []
      for (const { sender, expires_at } of table.ended(now)) {
        ended.push(expires_at)
        table.delete(keyOf(sender))
      }
      const ends = [...expected.values()].map(({ expires_at }) => expires_at).sort((a, b) => a - b)
      expect(ended).toEqual(ends.filter((end) => end <= now))
      expect(table.nextEnd).toBe(ends.find((end) => end > now) ?? Number.POSITIVE_INFINITY)
      // Taken before those ended, and not changed since.
      expect(new Map([...shown].map((one) => [one.sender, one]))).toEqual(new Map(left.map((one) => [one.sender, one])))
      expect(shown.size).toBe(left.length)
    }),
  )
})
