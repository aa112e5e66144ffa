/** One whole, as decay factors are counted: integers, so that sums of integers times factors are exact in any order. */
export const DECAY_ONE = 2 ** 20

export const DAY_MS = 86_400_000

/** 12:00 UTC of a day, milliseconds since 1970: the moment that a day's evidence is dated at. */
export function noonOf(day: number): number {
  return day * DAY_MS + DAY_MS / 2
}

/** UTC day of a moment, days since 1970-01-01. */
export function dayOf(moment: number): number {
  return Math.floor(moment / DAY_MS)
}

/** What is left of DECAY_ONE after `ageMs`, a whole number that never rises with age. An age below zero is none. */
export function decayFactor(ageMs: number, halfLifeMs: number): number {
  return Math.round(DECAY_ONE * 2 ** (-Math.max(0, ageMs) / halfLifeMs))
}

/** Factors for ages of whole days, from 0 up to the last that is not 0. */
export function dayFactors(halfLifeMs: number): readonly number[] {
  const factors: number[] = []
  for (let age = 0; ; age++) {
    const factor = decayFactor(age * DAY_MS, halfLifeMs)
    if (factor === 0) return factors
    factors.push(factor)
  }
}
