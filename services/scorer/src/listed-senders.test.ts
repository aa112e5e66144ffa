import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ListedSenders } from './listed-senders.ts'
import type { PublishedListing } from './listing.ts'

const sender = fc.constantFrom(
  ...['10.0.0.1/32', '10.0.0.0/24', '2001:db8::/64', '2001:db8:0::/64', '2001:DB8::/64', 'example.org', 'no sender'],
)
const listing: fc.Arbitrary<PublishedListing> = fc.record({
  tier: fc.constantFrom('tag' as const, 'reject' as const),
  reasons: fc.constantFrom('plaintext', 'downgrade,plaintext'),
  policy_hash: fc.constantFrom('a', 'b'),
  listed_at: fc.nat(2 ** 45),
  expires_at: fc.nat(2 ** 45),
  sequence: fc.nat(),
})
const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), sender, listing, look: fc.nat(50) }),
  fc.record({ kind: fc.constant('plan' as const), sender, look: fc.nat(50) }),
  fc.record({ kind: fc.constant('delete' as const), sender }),
  fc.record({ kind: fc.constant('due' as const), now: fc.nat(50), limit: fc.nat(4) }),
)

test('senders are kept as they are spelled, with what was said last and the look that was planned last', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const listed = new ListedSenders()
      const expected = new Map<string, PublishedListing>()
      const looks = new Map<string, number>()
      for (const one of steps) {
        if (one.kind === 'set') {
          listed.set(one.sender, one.listing, one.look)
          expected.set(one.sender, one.listing)
          looks.set(one.sender, one.look)
        } else if (one.kind === 'plan') {
          listed.plan(one.sender, one.look)
          if (expected.has(one.sender)) looks.set(one.sender, one.look)
        } else if (one.kind === 'delete') {
          listed.delete(one.sender)
          expected.delete(one.sender)
          looks.delete(one.sender)
        } else {
          const due = listed.takeDue(one.now, one.limit)
          const all = [...looks.entries()].filter(([, look]) => look <= one.now).sort(([, a], [, b]) => a - b)
          expect(due.map((name) => looks.get(name))).toEqual(all.slice(0, one.limit).map(([, look]) => look))
          for (const name of due) looks.delete(name)
        }
        expect(listed.nextLook).toBe(looks.size === 0 ? null : Math.min(...looks.values()))
      }
      expect(listed.size).toBe(expected.size)
      for (const [name, value] of expected) expect(listed.get(name)).toEqual(value)
      const others = [...expected].filter(([, { policy_hash }]) => policy_hash !== 'a').map(([name]) => name)
      expect([...listed.scoredByOther('a')].sort()).toEqual(others.sort())
    }),
  )
})
