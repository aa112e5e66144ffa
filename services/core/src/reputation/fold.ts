import type { Tier } from '@tlsrep/schemas'
import type { Policy } from '../policy/policy.ts'
import { LISTED_TIERS, leastTier } from '../policy/tiers.ts'
import { DAY_MS, noonOf } from './decay.ts'
import type { EvidenceDay } from './evidence-days.ts'
import { type Measure, measureAt, type Sums, sumDays } from './measure.ts'
import type { Weigher } from './weigher.ts'

/** What one day with evidence against the sender asked for, as of its 12:00 UTC. */
export interface ListingTest {
  day: number
  lower_bound: number
  weight_against: number
  /** The highest tier whose threshold and floor are reached; `clean` when none is. */
  tier: Tier
}

export interface Standing {
  tier: Tier
  /** The day whose evidence raised the sender to where it still is, or is down from; null when clean. */
  listedOn: number | null
  /** The newest day with evidence against the sender; null when there is none. */
  lastAgainst: number | null
  /** Of all days together; null without evidence. */
  sums: Sums | null
  tests: readonly ListingTest[]
}

/**
 * Hysteresis: walks the days in order. A day with evidence against the sender can list it or raise its tier, judged as of that day's
 * 12:00; at that 12:00, at the end of each gap and at `now` the listing is asked whether it still stands. Time alone, and days with nothing
 * against the sender, can only end or lower a listing. Nobody's looking changes anything.
 * @param now milliseconds since 1970 UTC, not before the newest day
 */
export function foldDays(days: readonly EvidenceDay[], policy: Policy, weigher: Weigher, now: number): Standing {
  const tests: ListingTest[] = []
  let standing: Standing = { tier: 'clean', listedOn: null, lastAgainst: null, sums: null, tests }
  days.forEach((day, i) => {
    standing = stillStanding(standing, policy, weigher, day.day * DAY_MS)
    // Days on which nobody asks need no sums.
    if (!day.against && standing.tier === 'clean' && i < days.length - 1) return
    standing = { ...standing, sums: sumDays(days, i + 1, weigher) }
    if (day.against) standing = tested(standing, tests, policy, weigher)
  })
  return stillStanding(standing, policy, weigher, now)
}

/** Puts the newest day to the test, and the sender where the test says if that is higher than where it is. */
function tested(standing: Standing, tests: ListingTest[], policy: Policy, weigher: Weigher): Standing {
  if (standing.sums === null) return standing
  const test = listingTest(standing.sums, policy, weigher)
  tests.push(test)
  const stays = leastTier(standing.tier, test.tier) === test.tier
  return { ...standing, lastAgainst: test.day, ...(stays ? {} : { tier: test.tier, listedOn: test.day }) }
}

function listingTest(sums: Sums, policy: Policy, weigher: Weigher): ListingTest {
  const { lower_bound, weight_against } = measureAt(sums, noonOf(sums.day), weigher, policy.bounds.z)
  const enough = weight_against >= policy.evidence.floor_to_list
  const highest = LISTED_TIERS.findLast((tier) => lower_bound >= policy.bounds[tier].list_at)
  return { day: sums.day, lower_bound, weight_against, tier: enough && highest !== undefined ? highest : 'clean' }
}

/**
 * Asks as of the newest day's 12:00, and at `moment`. The first is when the upper bound is lowest: from there on decay raises it. Asked at
 * any later moment of that day, a tier would come back by time alone.
 */
function stillStanding(standing: Standing, policy: Policy, weigher: Weigher, moment: number): Standing {
  if (standing.sums === null || standing.tier === 'clean') return standing
  const noon = Math.min(noonOf(standing.sums.day), moment)
  const atNoon = tierThatStands(standing, standing.tier, policy, weigher, noon)
  const tier = noon === moment ? atNoon : tierThatStands(standing, atNoon, policy, weigher, moment)
  return { ...standing, tier, listedOn: tier === 'clean' ? null : standing.listedOn }
}

function tierThatStands(
  { sums, lastAgainst }: Standing,
  tier: Tier,
  policy: Policy,
  weigher: Weigher,
  at: number,
): Tier {
  if (tier === 'clean' || sums === null || lastAgainst === null || at >= endOfLife(lastAgainst, policy)) return 'clean'
  const measure = measureAt(sums, at, weigher, policy.bounds.z)
  if (measure.weight_against < policy.evidence.floor_to_stay) return 'clean'
  return stands(tier, measure, policy)
}

function stands(tier: Tier, { upper_bound }: Measure, policy: Policy): Tier {
  const highest = LISTED_TIERS.findLast((listed) => upper_bound >= policy.bounds[listed].delist_below) ?? 'clean'
  return leastTier(tier, highest)
}

/** The moment from which on a listing has ended, whatever its evidence still weighs. */
export function endOfLife(lastAgainst: number, policy: Policy): number {
  return Math.ceil(noonOf(lastAgainst) + policy.listing.max_life_days * DAY_MS)
}
