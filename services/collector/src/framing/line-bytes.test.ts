import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { copyBytes, endsWith, isSame, LineBytes, lineText, says, words } from './line-bytes.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'b', '\u00ff'), maxLength: 24 })
const someWords = fc.string({ unit: fc.constantFrom('a', 'b', '\u00ff'), minLength: 1, maxLength: 14 })

describe('says', () => {
  it('answers as startsWith does, at every place of a text', () => {
    fc.assert(
      fc.property(text, someWords, (line, phrase) => {
        const { bytes } = lineText(line)
        const looked = words(phrase)
        for (let at = 0; at <= line.length; at++) {
          expect(says(bytes, at, looked)).toBe(line.startsWith(phrase, at))
          expect(endsWith(bytes, at, looked)).toBe(line.slice(0, at).endsWith(phrase))
        }
      }),
    )
  })
})

describe('bytes', () => {
  it('are copied and compared as slices are', () => {
    const to = new DataView(new ArrayBuffer(32))
    fc.assert(
      fc.property(text, text, fc.nat(24), (line, other, from) => {
        const start = Math.min(from, line.length)
        const part = line.slice(start)
        const { bytes } = lineText(line)
        copyBytes(bytes, start, part.length, to, 3)
        expect(isSame(bytes, start, to, 3, part.length)).toBe(true)
        const same = isSame(bytes, start, lineText(other).bytes, 0, part.length)
        expect(same).toBe(part === other.padEnd(part.length, '\0').slice(0, part.length))
      }),
    )
  })

  it('of one block show nothing of the block before', () => {
    const block = new LineBytes()
    block.load('postfix/smtpd[1]: connect from')
    expect(says(block.load('postfix/smtpd[1]: conn'), 18, words('connect'))).toBe(false)
  })
})
