import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type HalfRow, type Pair, pairUp } from './pair-up.ts'

const WINDOW = 100

function row(id: string, observed: number, more: Partial<HalfRow> = {}): HalfRow {
  const nothing = { excused: false, clear: false, failed: false, refused: false }
  return { id, sender: 'a', observed, listener: null, host: 'mx', address: '', reason: null, ...nothing, ...more }
}

const short = (pairs: readonly Pair[]): string[] =>
  pairs.map(({ kind, clear, failure }) => `${kind} ${failure.id}>${clear.id}`)

describe('pairUp', () => {
  test.each<[string, HalfRow[], string[]]>([
    ['a failure, then mail in clear', [row('f', 0, { failed: true }), row('c', 50, { clear: true })], ['D2 f>c']],
    ['the other way round is no pair', [row('c', 0, { clear: true }), row('f', 50, { failed: true })], []],
    [
      'in the same millisecond, whatever the order',
      [row('c', 5, { clear: true }), row('f', 5, { failed: true })],
      ['D2 f>c'],
    ],
    ['at the window’s end', [row('f', 0, { failed: true }), row('c', 100, { clear: true })], ['D2 f>c']],
    ['after the window', [row('f', 0, { failed: true }), row('c', 101, { clear: true })], []],
    [
      'the last failure before it',
      [row('f', 0, { failed: true }), row('g', 10, { failed: true }), row('c', 20, { clear: true })],
      ['D2 g>c'],
    ],
    [
      'both kinds',
      [row('r', 0, { refused: true }), row('f', 10, { failed: true }), row('c', 20, { clear: true })],
      ['D2 f>c', 'after_refusal r>c', 'D2_after_refusal f>c'],
    ],
    [
      'an excused session is not forced',
      [row('r', 0, { refused: true }), row('f', 0, { failed: true }), row('c', 20, { clear: true, excused: true })],
      ['D2 f>c'],
    ],
    ['another sender’s failure', [row('f', 0, { failed: true }), row('c', 20, { sender: 'b', clear: true })], []],
  ])('%s', (_, rows, expected) => {
    expect(short(pairUp(rows, WINDOW))).toEqual(expected)
  })

  test('agrees with a search through all earlier sessions', () => {
    const half = fc.record({
      sender: fc.constantFrom('a', 'b'),
      observed: fc.nat(300),
      excused: fc.boolean(),
      clear: fc.boolean(),
      failed: fc.boolean(),
      refused: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(half, { maxLength: 30 }), (halves) => {
        const rows = halves
          .map((one, index) => row(String(index).padStart(2, '0'), one.observed, one))
          .sort((a, b) => a.sender.localeCompare(b.sender) || a.observed - b.observed || a.id.localeCompare(b.id))
        const last = (clear: HalfRow, which: 'failed' | 'refused'): HalfRow | undefined =>
          rows
            .filter((other) => other.sender === clear.sender && other[which] && other.observed <= clear.observed)
            .at(-1)
        const expected = rows
          .filter((clear) => clear.clear)
          .flatMap((clear) => {
            const near = (failure: HalfRow | undefined) =>
              failure !== undefined && clear.observed - failure.observed <= WINDOW ? failure : undefined
            const fallback = near(last(clear, 'failed'))
            const forced = clear.excused ? undefined : near(last(clear, 'refused'))
            return [
              ...(fallback ? [`D2 ${fallback.id}>${clear.id}`] : []),
              ...(forced ? [`after_refusal ${forced.id}>${clear.id}`] : []),
              ...(fallback && forced ? [`D2_after_refusal ${fallback.id}>${clear.id}`] : []),
            ]
          })
        expect(short(pairUp(rows, WINDOW))).toEqual(expected)
      }),
    )
  })
})
