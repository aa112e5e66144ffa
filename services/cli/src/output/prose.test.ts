import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { labelled, momentText, wrapped } from './prose.ts'

describe('wrapped', () => {
  it('keeps every word, in order, in lines that are no wider than asked unless a word is', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 })
    fc.assert(
      fc.property(words, fc.integer({ min: 12, max: 100 }), (list, width) => {
        const lines = wrapped(list.join(' '), width).trimEnd().split('\n')
        expect(lines.join(' ').split(' ')).toEqual(list)
        expect(lines.every((line) => line.length <= width)).toBe(true)
      }),
    )
    expect(wrapped('a /var/log/a/long/path b', 8)).toBe('a\n/var/log/a/long/path\nb\n')
  })

  it('keeps a per cent sign with its number', () => {
    expect(wrapped('a share of 100.0 % is all', 16)).toBe('a share of\n100.0 % is all\n')
  })

  it('puts further lines under the first one behind a label', () => {
    expect(labelled('Mode  ', 'observe nothing now', 16)).toBe('Mode  observe\n      nothing\n      now\n')
  })
})

it('says a moment to the minute, from a number and from text', () => {
  expect([momentText(Date.UTC(2026, 10, 25, 12, 34, 56)), momentText('2026-11-25T12:34:56.789Z')]).toEqual([
    '2026-11-25 12:34 UTC',
    '2026-11-25 12:34 UTC',
  ])
})
