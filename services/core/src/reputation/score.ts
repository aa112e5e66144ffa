import type { ListingReason, Tier } from '@tlsrep/schemas'
import type { Policy } from '../policy/policy.ts'
import { DECAY_ONE, dayOf, decayFactor, noonOf } from './decay.ts'
import { type CountedEvidence, countEvidence, type EvidenceDay, type Uncounted } from './evidence-days.ts'
import type { EvidenceRow } from './evidence-row.ts'
import { foldDays, type ListingTest, type Standing } from './fold.ts'
import { KINDS, type Kind } from './kinds.ts'
import { type Measure, measureAt } from './measure.ts'
import { reviewAt } from './review.ts'
import { type Weigher, weigherOf } from './weigher.ts'

export type { EvidenceRow } from './evidence-row.ts'
export { expiryOf } from './review.ts'
export type { Policy }

/** One kind of evidence, over all days. */
export interface KindTally {
  kind: Kind
  /** Null for what costs nothing. */
  reason: ListingReason | null
  /** As counted; pairs for `downgrade`. */
  sessions: number
  /** After decay. */
  effective: number
  /** Thousandths of a session in clear, each. */
  weight: number
  /** effective × weight, in sessions in clear. */
  against: number
}

/** One day that has evidence. */
export interface DayTally {
  /** Days since 1970-01-01 UTC. */
  day: number
  /** What one session of the day still counts, 0 to 1. */
  factor: number
  /** As counted. */
  sessions: readonly { kind: Kind; count: number }[]
  /** What the day weighs against the sender now, in sessions in clear, with what pairs and history add. */
  against: number
  /** What the day asked for; null when it held nothing against the sender. */
  test: ListingTest | null
}

/** What a sender's evidence says at one moment, with the arithmetic that led there. Numbers that JSON can hold, keys in fixed order. */
export interface Reputation extends Measure {
  /** Uncapped: listeners and outputs apply the least of tier, cap and mode. */
  tier: Tier
  /** Milliseconds since 1970 UTC at which decay alone will end the listing; null when not listed. */
  review_at: number | null
  /** What speaks against a listed sender, the heaviest first; empty when not listed. */
  reasons: readonly ListingReason[]
  policy_hash: string
  /** The `now` that was scored. */
  scored_at: number
  /** The day whose evidence put the sender where it is; null when not listed. */
  listed_on: number | null
  /** Days since 1970-01-01 UTC of the oldest and newest evidence that still counts; null without evidence. */
  first_evidence_day: number | null
  last_evidence_day: number | null
  kinds: readonly KindTally[]
  days: readonly DayTally[]
  /** Sessions that were seen and do not count, by why. */
  uncounted: readonly { why: Uncounted; sessions: number }[]
}

/**
 * The one score function. Pure: the same rows, policy and `now` give the same bytes, live, in replay, in what-if and in explain.
 * Rows may come in any order, split or merged in any way, listeners apart or together. How a tier comes about: docs/reputation.md.
 * @param now milliseconds since 1970 UTC
 */
export function score(rows: readonly EvidenceRow[], policy: Policy, now: number): Reputation {
  const weigher = weigherOf(policy)
  const evidence = countEvidence(rows, policy, weigher, dayOf(now))
  const standing = foldDays(evidence.days, policy, weigher, now)
  const kinds = kindTallies(evidence.days, standing, weigher, now)
  const days = dayTallies(evidence.days, standing, weigher, now)
  const counting = days.filter((day) => day.factor > 0)
  return {
    tier: standing.tier,
    ...measure(standing, policy, weigher, now),
    review_at: reviewAt(standing, policy, weigher, now),
    reasons: standing.tier === 'clean' ? [] : heaviestReasons(kinds),
    policy_hash: policy.hash,
    scored_at: now,
    listed_on: standing.listedOn,
    first_evidence_day: counting[0]?.day ?? null,
    last_evidence_day: counting.at(-1)?.day ?? null,
    kinds,
    days,
    uncounted: evidence.uncounted,
  }
}

export type ScoreFunction = typeof score

const NOTHING: Measure = {
  effective_sessions: 0,
  weight_against: 0,
  weighed_total: 0,
  weighed_bad: 0,
  lower_bound: 0,
  upper_bound: 1,
}

function measure({ sums }: Standing, policy: Policy, weigher: Weigher, now: number): Measure {
  return sums === null ? NOTHING : measureAt(sums, now, weigher, policy.bounds.z)
}

/** What is left at `now` of a session of the newest day. */
function newestFactor({ sums }: Standing, weigher: Weigher, now: number): number {
  return sums === null ? 0 : decayFactor(now - noonOf(sums.day), weigher.halfLifeMs) / DECAY_ONE
}

function kindTallies(days: CountedEvidence['days'], standing: Standing, weigher: Weigher, now: number): KindTally[] {
  const newest = newestFactor(standing, weigher, now)
  return KINDS.flatMap(({ kind, reason }, index) => {
    const sessions = days.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0)
    if (sessions === 0) return []
    const weight = weigher.weights[index] ?? 0
    const effective = ((standing.sums?.kinds[index] ?? 0) / DECAY_ONE) * newest
    return [{ kind, reason, sessions, effective, weight, against: (effective * weight) / 1000 }]
  })
}

function dayTallies(days: readonly EvidenceDay[], standing: Standing, weigher: Weigher, now: number): DayTally[] {
  const newest = newestFactor(standing, weigher, now)
  const tests = new Map(standing.tests.map((test) => [test.day, test]))
  return days.map(({ day, counts, kinds }) => {
    const age = (standing.sums?.day ?? day) - day
    const factor = ((weigher.dayFactors[age] ?? 0) / DECAY_ONE) * newest
    const weighed = kinds.reduce((sum, kind) => sum + (counts[kind] ?? 0) * (weigher.weights[kind] ?? 0), 0)
    const sessions = kinds.map((index) => ({ kind: nameOf(index), count: counts[index] ?? 0 }))
    return { day, factor, sessions, against: (weighed * factor) / 1000, test: tests.get(day) ?? null }
  })
}

function nameOf(index: number): Kind {
  return KINDS[index]?.kind ?? 'tls'
}

/** Reasons by what their kinds weigh together; among equals in the order of KINDS. */
function heaviestReasons(kinds: readonly KindTally[]): ListingReason[] {
  const sums = new Map<ListingReason, number>()
  for (const { reason, against } of kinds) {
    if (reason !== null && against > 0) sums.set(reason, (sums.get(reason) ?? 0) + against)
  }
  return [...sums].sort(([, a], [, b]) => b - a).map(([reason]) => reason)
}
