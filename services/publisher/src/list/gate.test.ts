import { expect, test } from 'vitest'
import { BlastRadiusGate } from './gate.ts'

const LIMITS = { newListingsPerMinute: 3, goodSessionsPerMinute: 1000 }
const small = (listed_at: number) => ({ listed_at, effective_sessions: 10, lower_bound: 0.9 })

test('more new listings in a minute than the limit are held, the next minute begins anew', () => {
  const gate = new BlastRadiusGate(LIMITS, 0)
  expect([1, 2, 3, 4].map((ms) => gate.decide(small(60_000 + ms)))).toEqual([
    'pass',
    'pass',
    'pass',
    'too_many_new_listings',
  ])
  expect(gate.decide(small(120_000))).toBe('pass')
})

test('a sender with much good traffic beside its bad is held, a bad one of the same size is not', () => {
  const gate = new BlastRadiusGate(LIMITS, 0)
  expect(gate.decide({ listed_at: 1, effective_sessions: 20_000, lower_bound: 0.4 })).toBe('too_much_good_traffic')
  expect(gate.decide({ listed_at: 1, effective_sessions: 20_000, lower_bound: 0.99 })).toBe('pass')
})

test('good traffic adds up over the senders of a minute', () => {
  const gate = new BlastRadiusGate(LIMITS, 0)
  const half = { listed_at: 1, effective_sessions: 1200, lower_bound: 0.5 }
  expect([gate.decide(half), gate.decide(half)]).toEqual(['pass', 'too_much_good_traffic'])
})

test('after a release all that was listed before it passes, and what comes later is looked at again', () => {
  const gate = new BlastRadiusGate(LIMITS, 0)
  gate.release(60_500)
  expect([1, 2, 3, 4, 5].map((ms) => gate.decide(small(60_000 + ms)))).toEqual(Array(5).fill('pass'))
  expect([1, 2, 3, 4].map((ms) => gate.decide(small(60_500 + ms)))[3]).toBe('too_many_new_listings')
  expect(new BlastRadiusGate(LIMITS, gate.releasedBefore).decide(small(60_001))).toBe('pass')
})
