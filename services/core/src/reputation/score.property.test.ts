import { TIERS, type Tier } from '@tlsrep/schemas'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultPolicy, parsePolicy } from '../policy/parse-policy.ts'
import type { Policy } from '../policy/policy.ts'
import { LISTED_TIERS } from '../policy/tiers.ts'
import { DAY_MS, DECAY_ONE, dayOf, decayFactor, noonOf } from './decay.ts'
import { countEvidence } from './evidence-days.ts'
import type { EvidenceRow } from './evidence-row.ts'
import { KINDS } from './kinds.ts'
import { sumDays } from './measure.ts'
import { score } from './score.ts'
import { momentArbitrary, rowsArbitrary } from './test-arbitraries.ts'
import { plaintext, TODAY, tls } from './test-rows.ts'
import { weigherOf } from './weigher.ts'
import { wilsonInterval } from './wilson.ts'

const policy = defaultPolicy()
const RUNS = { numRuns: 1000 }

const rank = (tier: Tier): number => TIERS.indexOf(tier)
const rankAt = (rows: readonly EvidenceRow[], now: number, by: Policy = policy): number =>
  rank(score(rows, by, now).tier)
const newestDay = (rows: readonly EvidenceRow[]): number => Math.max(...rows.map(({ day }) => day))

function withoutHistory(): Policy {
  const parsed = parsePolicy('weights: { history_regression: 0 }', 'p.yaml')
  if (!parsed.ok) throw new Error('not a policy')
  return parsed.policy
}

describe('the score', () => {
  it('is the same bytes for rows in any order, rows split in two, and listeners merged', () => {
    const splits = fc.array(fc.nat(400), { minLength: 20, maxLength: 20 })
    fc.assert(
      fc.property(
        rowsArbitrary,
        momentArbitrary,
        splits,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (rows, now, cuts, keys) => {
          const split = rows.flatMap((row, i) => {
            const first = Math.min(cuts[i] ?? 0, row.sessions)
            return [
              { ...row, sessions: first, listener: null },
              { ...row, sessions: row.sessions - first, listener: 'mx' },
            ]
          })
          const shuffled = split.map((row) => ({ row, key: keys.next().value })).sort((a, b) => a.key - b.key)
          const expected = JSON.stringify(score(rows, policy, now))
          expect(
            JSON.stringify(
              score(
                shuffled.map(({ row }) => row),
                policy,
                now,
              ),
            ),
          ).toBe(expected)
        },
      ),
      RUNS,
    )
  })

  it('sums exactly: what it adds up is what unbounded integers add up to', () => {
    const huge = fc.integer({ min: 1, max: 2 ** 32 })
    fc.assert(
      fc.property(rowsArbitrary, fc.array(huge, { minLength: 16, maxLength: 16 }), (rows, counts) => {
        const weigher = weigherOf(policy)
        const many = rows.map((row, i) => ({ ...row, sessions: Math.floor((counts[i] ?? 1) / rows.length) }))
        const { days } = countEvidence(many, policy, weigher, TODAY)
        if (days.length === 0) return
        const sums = sumDays(days, days.length, weigher)
        KINDS.forEach((_, kind) => {
          const exact = days.reduce((sum, { day, counts: of }) => {
            return sum + BigInt(decayFactor((sums.day - day) * DAY_MS, weigher.halfLifeMs)) * BigInt(of[kind] ?? 0)
          }, 0n)
          expect(BigInt(sums.kinds[kind] ?? 0)).toBe(exact)
          expect(exact).toBeLessThan(2n ** 53n)
        })
      }),
      { numRuns: 300 },
    )
  })

  it('does not rise by a session that costs nothing, on the newest day or later', () => {
    fc.assert(
      fc.property(
        rowsArbitrary,
        momentArbitrary,
        fc.nat(60),
        fc.integer({ min: 1, max: 50 }),
        (rows, now, later, sessions) => {
          const day = Math.min(TODAY, newestDay(rows) + later)
          expect(rankAt([...rows, tls(sessions, day)], now)).toBeLessThanOrEqual(rankAt(rows, now))
        },
      ),
      RUNS,
    )
  })

  it('does not fall by a session in clear, on the newest day or later', () => {
    fc.assert(
      fc.property(
        rowsArbitrary,
        momentArbitrary,
        fc.nat(60),
        fc.integer({ min: 1, max: 50 }),
        (rows, now, later, sessions) => {
          const day = Math.min(TODAY, newestDay(rows) + later)
          expect(rankAt([...rows, plaintext(sessions, day)], now)).toBeGreaterThanOrEqual(rankAt(rows, now))
        },
      ),
      RUNS,
    )
  })

  it('does neither by a session of any day that has evidence, where a policy gives history no weight', () => {
    const flat = withoutHistory()
    fc.assert(
      fc.property(
        rowsArbitrary,
        momentArbitrary,
        fc.nat(15),
        fc.integer({ min: 1, max: 50 }),
        (rows, now, at, sessions) => {
          const { days } = countEvidence(rows, flat, weigherOf(flat), TODAY)
          const day = days[at % Math.max(1, days.length)]?.day ?? TODAY
          const before = rankAt(rows, now, flat)
          expect(rankAt([...rows, tls(sessions, day)], now, flat)).toBeLessThanOrEqual(before)
          expect(rankAt([...rows, plaintext(sessions, day)], now, flat)).toBeGreaterThanOrEqual(before)
        },
      ),
      RUNS,
    )
  })

  it('never rises by time alone, from the first moment of the newest day on', () => {
    fc.assert(
      fc.property(rowsArbitrary, fc.nat(90 * DAY_MS), fc.nat(30 * DAY_MS), (rows, first, second) => {
        const start = newestDay(rows) * DAY_MS
        expect(rankAt(rows, start + first + second)).toBeLessThanOrEqual(rankAt(rows, start + first))
      }),
      RUNS,
    )
  })

  it('ages without a jump: a millisecond changes what counts by no more than a millionth', () => {
    fc.assert(
      fc.property(
        rowsArbitrary,
        fc.oneof(
          fc.nat(60 * DAY_MS),
          fc.nat(120).map((half) => (half * DAY_MS) / 2),
        ),
        (rows, after) => {
          const now = newestDay(rows) * DAY_MS + after
          const earlier = score(rows, policy, now - 1).effective_sessions
          fc.pre(dayOf(now - 1) >= newestDay(rows))
          const later = score(rows, policy, now).effective_sessions
          expect(later).toBeLessThanOrEqual(earlier)
          expect(earlier - later).toBeLessThanOrEqual(rows.reduce((sum, { sessions }) => sum + sessions, 0) / DECAY_ONE)
        },
      ),
      RUNS,
    )
  })

  it('is the fold over every day in order, whoever looked when', () => {
    fc.assert(
      fc.property(rowsArbitrary, momentArbitrary, (rows, now) => {
        expect(score(rows, policy, now).tier).toBe(slowTier(rows, now))
      }),
      RUNS,
    )
  })
})

describe('the review', () => {
  it('is due at the very millisecond at which decay alone changes the tier', () => {
    const listed = fc
      .tuple(rowsArbitrary, fc.nat(40 * DAY_MS))
      .map(([rows, later]) => ({ rows, now: newestDay(rows) * DAY_MS + later }))
      .filter(({ rows, now }) => score(rows, policy, now).tier !== 'clean')
    fc.assert(
      fc.property(listed, fc.double({ min: 0, max: 1, noNaN: true }), ({ rows, now }, between) => {
        const { tier, review_at } = score(rows, policy, now)
        if (review_at === null) throw new Error('listed without a review')
        expect(review_at).toBeGreaterThan(now)
        expect(score(rows, policy, review_at - 1).tier).toBe(tier)
        expect(score(rows, policy, Math.floor(now + (review_at - 1 - now) * between)).tier).toBe(tier)
        expect(score(rows, policy, review_at)).toMatchObject({ tier: 'clean', review_at: null, reasons: [] })
      }),
      { numRuns: 500 },
    )
  })
})

/**
 * The tier by the words of docs/reputation.md, with nothing skipped: every calendar day from the first to `now`, its own evidence tested
 * at its 12:00 as is the standing, which is asked at its end once more.
 */
function slowTier(rows: readonly EvidenceRow[], now: number): Tier {
  const { days } = countEvidence(rows, policy, weigherOf(policy), dayOf(now))
  const counted = days.map(({ day, counts }) => ({ day, counts, bad: bad(counts) }))
  const lastBad = (until: number): number =>
    Math.max(...counted.filter(({ day, bad }) => day <= until && bad > 0).map(({ day }) => day))
  let tier: Tier = 'clean'
  for (let day = counted[0]?.day ?? dayOf(now); day <= dayOf(now); day++) {
    const known = counted.filter((one) => one.day <= day)
    if (known.at(-1)?.day === day && (known.at(-1)?.bad ?? 0) > 0) {
      const { against, lower } = slowMeasure(known, noonOf(day))
      const reached =
        LISTED_TIERS.filter((one) => against >= 8 && lower >= policy.bounds[one].list_at).at(-1) ?? 'clean'
      if (rank(reached) > rank(tier)) tier = reached
    }
    for (const at of [Math.min(noonOf(day), now), Math.min((day + 1) * DAY_MS, now)]) {
      const { against, upper } = slowMeasure(known, at)
      const stands = against >= 4 && at < noonOf(lastBad(day)) + 30 * DAY_MS
      const highest = stands
        ? (LISTED_TIERS.filter((one) => upper >= policy.bounds[one].delist_below).at(-1) ?? 'clean')
        : 'clean'
      if (rank(highest) < rank(tier)) tier = highest
    }
  }
  return tier
}

const bad = (counts: readonly number[]): number =>
  counts.reduce((sum, count, kind) => sum + count * (KINDS[kind]?.weight(policy) ?? 0), 0)

function slowMeasure(days: readonly { day: number; counts: readonly number[] }[], at: number) {
  const newest = days.at(-1)?.day ?? 0
  const asOf = Math.max(at, noonOf(newest))
  const halfLife = 14 * DAY_MS
  let total = 0
  let against = 0
  let weighedBad = 0
  for (const { day, counts } of days) {
    const left =
      (decayFactor((newest - day) * DAY_MS, halfLife) / DECAY_ONE) *
      (decayFactor(asOf - noonOf(newest), halfLife) / DECAY_ONE)
    KINDS.forEach(({ isSession, weight }, kind) => {
      const weighed = (left * (counts[kind] ?? 0) * weight(policy)) / 1000
      weighedBad += weighed
      total += isSession ? left * (counts[kind] ?? 0) : weighed
      if (isSession) against += weighed
    })
  }
  return { against, ...wilsonInterval(total > 0 ? weighedBad / total : 0, total, policy.bounds.z) }
}
