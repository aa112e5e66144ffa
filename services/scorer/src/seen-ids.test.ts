import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SeenIds } from './seen-ids.ts'

function id(n: number): Uint8Array {
  return createHash('sha256').update(String(n)).digest().subarray(0, 16)
}

describe('ids that were seen', () => {
  test('what is dated after everything stored is new, and after it was added it is not', () => {
    const seen = new SeenIds(10)
    seen.raiseHorizon(1000)
    expect(seen.judge(id(1), 1001)).toBe('new')
    expect(seen.judge(id(1), 1000)).toBe('ask')
    seen.add(id(1), 1001)
    expect(seen.judge(id(1), 1001)).toBe('ask')
    expect(seen.judge(id(2), 1001)).toBe('new')
  })

  test('two ids with one prefix are never taken for new', () => {
    const seen = new SeenIds(10)
    const twin = Uint8Array.from(id(1))
    twin[15] = (twin[15] ?? 0) ^ 1
    seen.add(id(1), 5)
    expect(seen.judge(twin, 5)).toBe('ask')
  })

  test('an id of zeros is remembered like any other', () => {
    const seen = new SeenIds(10)
    expect(seen.judge(new Uint8Array(16), 5)).toBe('new')
    seen.add(new Uint8Array(16), 5)
    expect(seen.judge(new Uint8Array(16), 5)).toBe('ask')
  })

  test('nothing that was stored is ever new again, however much came after it', () => {
    const event = fc.record({ n: fc.nat(300), at: fc.nat(1000) })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 400 }), fc.integer({ min: 1, max: 40 }), (events, capacity) => {
        const seen = new SeenIds(capacity)
        const stored = new Map<number, number>()
        for (const { n, at } of events) {
          const observed = stored.get(n) ?? at
          if (stored.has(n)) expect(seen.judge(id(n), observed)).toBe('ask')
          seen.add(id(n), observed)
          stored.set(n, observed)
        }
        for (const [n, at] of stored) expect(seen.judge(id(n), at)).toBe('ask')
      }),
    )
  })

  test('the horizon rises only when a generation is forgotten', () => {
    const seen = new SeenIds(3)
    for (let n = 0; n < 6; n++) seen.add(id(n), 100 + n)
    expect(seen.horizon).toBe(Number.NEGATIVE_INFINITY)
    seen.add(id(6), 106)
    expect(seen.horizon).toBe(102)
  })
})
