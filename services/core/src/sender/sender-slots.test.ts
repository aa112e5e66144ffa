import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAddress, senderPrefix } from './address.ts'
import { parseSender, type SenderKey } from './sender-key.ts'
import { SenderSlots } from './sender-slots.ts'

function keyOf(sender: string): SenderKey {
  const key = parseSender(sender)
  if (key === undefined) throw new Error(`${sender} is no sender`)
  return key
}

/** Few networks, so that prefixes lie within each other and come again. */
const v4 = fc
  .tuple(fc.constantFrom(0, 8, 15, 16, 23, 24, 31, 32), fc.nat(3), fc.nat(255))
  .map(([length, high, low]) => {
    const bits = (((10 << 24) | (high << 16) | low) >>> 0) & (length === 0 ? 0 : -1 << (32 - length))
    return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}/${length}`
  })
const v6 = fc
  .tuple(fc.constantFrom(0, 29, 32, 48, 64, 65, 127, 128), fc.nat(3), fc.nat(9))
  .map(([length, high, low]) => {
    const bits = (0x20010db8n << 96n) | (BigInt(high) << 64n) | BigInt(low)
    const kept = length === 0 ? 0n : (bits >> BigInt(128 - length)) << BigInt(128 - length)
    const groups = Array.from({ length: 8 }, (_, i) => ((kept >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
    const text = senderPrefix(parseAddress(groups.join(':')) ?? new Uint8Array(16))
    return length === 64 ? text : `${canonical(groups.join(':'))}/${length}`
  })
const name = fc.constantFrom('example.org', 'mail.example.org', 'example.net')
const sender = fc.oneof({ weight: 4, arbitrary: v4 }, { weight: 3, arbitrary: v6 }, { weight: 1, arbitrary: name })

/** The text of an address as the parser's other half writes it: that of its /64 when the rest is nothing. */
function canonical(groups: string): string {
  const slots = new SenderSlots()
  return slots.senderAt(slots.take(keyOf(`${groups}/128`))).replace('/128', '')
}

describe('slots of senders', () => {
  test('are what a map of their texts says, whatever was given and freed', () => {
    const steps = fc.array(fc.record({ sender, isFreed: fc.boolean() }), { maxLength: 1500 })
    fc.assert(
      fc.property(steps, (all) => {
        const expected = new Map<string, number>()
        let capacity = 0
        const slots = new SenderSlots((grown) => {
          expect(grown).toBeGreaterThan(capacity)
          capacity = grown
        })
        for (const { sender, isFreed } of all) {
          const key = keyOf(sender)
          const known = expected.get(sender) ?? -1
          expect(slots.find(key)).toBe(known)
          if (isFreed) {
            expect(slots.free(key)).toBe(known)
            expected.delete(sender)
          } else {
            const slot = slots.take(key)
            if (known >= 0) expect(slot).toBe(known)
            else expect([...expected.values()]).not.toContain(slot)
            expect(slot).toBeLessThan(capacity)
            expected.set(sender, slot)
          }
        }
        const held = [...expected].sort(([, a], [, b]) => a - b)
        for (const view of [slots, slots.copy()]) {
          expect([...view.slots()].map((slot) => [view.senderAt(slot), slot])).toEqual(held)
        }
        expect(slots.size).toBe(expected.size)
      }),
      { numRuns: 60 },
    )
  })

  test('find the longest prefix below a length that holds an address', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.oneof(v4, v6), { maxLength: 40 }),
        fc.oneof(v4, v6),
        fc.nat(129),
        (all, asked, below) => {
          const slots = new SenderSlots()
          for (const one of all) slots.take(keyOf(one))
          const address = parseAddress(asked.split('/')[0] ?? '') ?? new Uint8Array(16)
          const own = keyOf(`${asked.split('/')[0]}/${asked.includes(':') ? 128 : 32}`)
          const holding = all.map(keyOf).filter((key) => holds(key, own) && lengthOf(key) < below)
          const longest = holding.sort((a, b) => lengthOf(b) - lengthOf(a))[0]
          const slot = slots.longest(address, below)
          expect(slot).toBe(longest === undefined ? -1 : slots.find(longest))
          if (slot >= 0) expect(slots.lengthAt(slot)).toBe(lengthOf(longest ?? own))
        },
      ),
    )
  })

  test('are walked over within a prefix', () => {
    fc.assert(
      fc.property(fc.uniqueArray(sender, { maxLength: 40 }), sender, (all, asked) => {
        const slots = new SenderSlots()
        for (const one of all) slots.take(keyOf(one))
        const within = [...slots.within(keyOf(asked))].map((slot) => slots.senderAt(slot))
        expect(within.sort()).toEqual(all.filter((one) => holds(keyOf(asked), keyOf(one))).sort())
      }),
    )
  })
})

function lengthOf(key: SenderKey): number {
  return key.kind === 'name' ? 0 : key.length
}

function holds(outer: SenderKey, inner: SenderKey): boolean {
  if (outer.kind === 'name' || inner.kind === 'name') {
    return outer.kind === 'name' && inner.kind === 'name' && outer.name === inner.name
  }
  if (outer.kind !== inner.kind || outer.length > inner.length) return false
  const by = BigInt(inner.length - outer.length)
  const bits = (key: number | bigint, length: number): bigint => BigInt.asUintN(length, BigInt(key))
  return bits(inner.key, inner.length) >> by === bits(outer.key, outer.length)
}
