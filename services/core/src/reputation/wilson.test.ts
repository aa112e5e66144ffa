import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wilsonInterval } from './wilson.ts'

const share = fc.double({ min: 0, max: 1, noNaN: true })
const trials = fc.double({ min: 0.01, max: 1e6, noNaN: true })
/** Of the last places of a double. */
const ROUNDING = 1e-14
const width = fc.double({ min: 0.5, max: 5, noNaN: true })

describe('wilsonInterval', () => {
  it.each([
    [1, 0.207],
    [2, 0.342],
    [5, 0.566],
    [10, 0.722],
    [100, 0.963],
  ])('has the known lower bound for %i of as many', (n, lower) => {
    expect(wilsonInterval(1, n, 1.96).lower).toBeCloseTo(lower, 3)
  })

  it('knows nothing without trials', () => {
    expect(wilsonInterval(0, 0, 1.96)).toEqual({ lower: 0, upper: 1 })
  })

  it('ends where the share seen is z standard deviations away (Wilson 1927)', () => {
    fc.assert(
      fc.property(share, trials, width, (p, n, z) => {
        const { lower, upper } = wilsonInterval(p, n, z)
        for (const bound of [lower, upper]) {
          const distance = (p - bound) ** 2 * n
          expect(Math.abs(distance - z * z * bound * (1 - bound))).toBeLessThan(1e-6 * (1 + z * z))
        }
        expect(lower).toBeLessThanOrEqual(p + 1e-12)
        expect(upper).toBeGreaterThanOrEqual(p - 1e-12)
      }),
    )
  })

  it('rises at both ends by a bad trial and falls at both by a good one', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1000, noNaN: true }),
        fc.double({ min: 0, max: 1000, noNaN: true }),
        width,
        (bad, good, z) => {
          fc.pre(bad + good > 0.01)
          const interval = (s: number, f: number) => wilsonInterval(s / (s + f), s + f, z)
          const before = interval(bad, good)
          expect(interval(bad + 1, good).lower).toBeGreaterThanOrEqual(before.lower - ROUNDING)
          expect(interval(bad + 1, good).upper).toBeGreaterThanOrEqual(before.upper - ROUNDING)
          expect(interval(bad, good + 1).lower).toBeLessThanOrEqual(before.lower + ROUNDING)
          expect(interval(bad, good + 1).upper).toBeLessThanOrEqual(before.upper + ROUNDING)
        },
      ),
    )
  })
})
