import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbitraryAddress, arbitraryPrefix } from '../outputs/parity-addresses.test-support.ts'
import { EffectiveList } from './effective-list.ts'
import {
  arbitraryOp,
  bytesOf,
  expectedTier,
  type Facts,
  keyOf,
  namedAddresses,
  noFacts,
  note,
  type Op,
  overrideOf,
} from './history.test-support.ts'

function run(list: EffectiveList, facts: Facts, op: Op): void {
  note(facts, op)
  const { now } = facts
  switch (op.op) {
    case 'score': {
      const { sender, tier } = op
      const dates = { listed_at: 0, expires_at: now + op.expires_at, version: facts.version }
      list.setScored(keyOf(sender), { sender, tier, reasons: ['plaintext'], ...dates }, now)
      break
    }
    case 'delist':
      list.removeScored(keyOf(op.sender), now)
      break
    case 'allow':
    case 'deny':
      list.setOverride(keyOf(op.sender), overrideOf(op.sender, op.op, now + op.expires_at), now)
      break
    case 'withdraw':
      list.removeOverride(keyOf(op.sender), now)
      break
    case 'wait':
      list.expire(now)
  }
}

const pools = fc.uniqueArray(arbitraryPrefix, { maxLength: 2 })
const ops = fc.array(arbitraryOp, { maxLength: 40 })

describe('for any address, after any history', () => {
  test('allow beats deny beats protected pool beats score, and the most specific of a kind decides', () => {
    fc.assert(
      fc.property(pools, ops, fc.array(arbitraryAddress, { maxLength: 5 }), (pools, ops, strangers) => {
        const list = new EffectiveList(pools, () => {})
        const facts = noFacts(pools)
        for (const op of ops) run(list, facts, op)
        for (const address of [...strangers, ...namedAddresses(facts)]) {
          expect(list.match(bytesOf(address), facts.now)?.tier, address).toBe(expectedTier(facts, address))
        }
      }),
      { numRuns: 400 },
    )
  })

  test('the changes told add up to the list, and none is told that is none', () => {
    fc.assert(
      fc.property(pools, ops, (pools, ops) => {
        const copy = new Map<string, string>()
        const list = new EffectiveList(pools, (sender, before) => {
          expect(copy.get(sender)).toBe(before?.tier)
          const after = list.listings.get(sender)
          expect(after).not.toBe(before)
          if (after === undefined) copy.delete(sender)
          else copy.set(sender, after.tier)
        })
        const facts = noFacts(pools)
        for (const op of ops) run(list, facts, op)
        expect(copy).toEqual(new Map([...list.listings].map(([sender, { tier }]) => [sender, tier])))
      }),
    )
  })

  test('the content hash depends on what is there, not on how it came there', () => {
    fc.assert(
      fc.property(pools, ops, (pools, ops) => {
        const facts = noFacts(pools)
        const list = new EffectiveList(pools, () => {})
        for (const op of ops) run(list, facts, op)
        list.expire(facts.now)
        const straight = new EffectiveList(pools, () => {})
        for (const override of facts.overrides.values())
          straight.setOverride(keyOf(override.sender), override, facts.now)
        for (const [sender, { tier, expires_at }] of facts.scores) {
          const listing = { sender, tier, reasons: ['plaintext'] as const, listed_at: 0, expires_at, version: 1 }
          straight.setScored(keyOf(sender), listing, facts.now)
        }
        expect([...list.listings.keys()].sort()).toEqual([...straight.listings.keys()].sort())
        expect(list.contentHash).toBe(straight.contentHash)
      }),
    )
  })
})

test('a listing ends at its expiry even before anybody removed it', () => {
  const list = new EffectiveList([], () => {})
  const listing = { tier: 'tag' as const, reasons: ['plaintext'] as const, listed_at: 0, version: 1 }
  list.setScored(keyOf('192.0.2.1/32'), { ...listing, sender: '192.0.2.1/32', expires_at: 10 }, 0)
  list.setScored(keyOf('192.0.2.0/24'), { ...listing, sender: '192.0.2.0/24', tier: 'watch', expires_at: 20 }, 0)
  expect(list.match(bytesOf('192.0.2.1'), 9)?.tier).toBe('tag')
  expect(list.match(bytesOf('192.0.2.1'), 10)?.tier).toBe('watch')
  expect(list.match(bytesOf('192.0.2.1'), 20)).toBeUndefined()
})

test('a sender that is published again and again does not fill the queue of expiries', () => {
  const list = new EffectiveList([], () => {})
  for (let version = 1; version <= 20_000; version++) {
    const sender = '192.0.2.1/32'
    list.setScored(
      keyOf(sender),
      { sender, tier: 'tag', reasons: ['plaintext'], listed_at: 0, expires_at: 50_000 + version, version },
      0,
    )
  }
  expect(list.expire(69_999)).toBe(0)
  expect(list.expire(70_000)).toBe(1)
  expect(list.listings.size).toBe(0)
})

test('a pool that is no prefix is a mistake of whoever made it', () => {
  expect(() => new EffectiveList(['192.0.2.1/24'], () => {})).toThrow('protected pool')
})
