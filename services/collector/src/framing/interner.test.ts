import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createInterner, hashOf } from './interner.ts'

describe('an interner', () => {
  it('gives what stands in the text, whatever came before', () => {
    const interner = createInterner()
    const name = fc.string({ unit: 'binary-ascii', maxLength: 40 })
    fc.assert(
      fc.property(name, fc.nat(3), (text, before) => {
        const start = Math.min(before, text.length)
        const hash = hashOf(text, start, text.length)
        expect(interner.intern(text, start, text.length, hash)).toBe(text.slice(start))
      }),
    )
  })

  it('stays right when it is full, and when hashes collide', () => {
    const interner = createInterner()
    for (let index = 0; index < 20_000; index++) {
      const text = `postfix/name-${index}`
      expect(interner.intern(text, 0, text.length, hashOf(text, 0, text.length))).toBe(text)
    }
    for (let index = 0; index < 100; index++) {
      const text = `collision-${index}`
      expect(interner.intern(text, 0, text.length, 7)).toBe(text)
      expect(interner.intern(text, 0, text.length, 7)).toBe(text)
    }
  })
})
