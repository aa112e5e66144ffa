import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lineText } from '../framing/line-bytes.ts'
import { TextMemo } from './text-memo.ts'

const word = fc.string({ unit: fc.constantFrom('a', 'b', '.', '7'), maxLength: 12 })

describe('TextMemo', () => {
  it('answers with what was kept of that very text, or not at all', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, fc.boolean())), (steps) => {
        const memo = new TextMemo<string>(4)
        const kept = new Set<string>()
        for (const [text, keep] of steps) {
          const inLine = `<${text}>`
          const found = memo.find(lineText(inLine), 1, inLine.length - 1)
          if (found !== undefined) expect([found, kept.has(text)]).toEqual([text, true])
          if (keep) memo.keep(lineText(inLine), 1, inLine.length - 1, text)
          if (keep) expect(memo.find(lineText(text), 0, text.length)).toBe(text)
          if (keep) kept.add(text)
        }
      }),
    )
  })

  it('keeps no text of any length that a stranger likes', () => {
    const memo = new TextMemo<number>(4)
    const long = lineText('x'.repeat(1000))
    memo.keep(long, 0, long.text.length, 1)
    expect(memo.find(long, 0, long.text.length)).toBeUndefined()
  })
})
