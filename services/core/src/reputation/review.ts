import type { Policy } from '../policy/policy.ts'
import { DAY_MS, noonOf } from './decay.ts'
import { endOfLife, type Standing } from './fold.ts'
import { measureAt } from './measure.ts'
import type { Weigher } from './weigher.ts'

/**
 * The first millisecond at which a listing ends if nothing more is heard: its evidence weighs less than the floor, or its life is over.
 * Decay never lowers the upper bound, so these are the only ways. Null for a sender that is not listed.
 */
export function reviewAt(standing: Standing, policy: Policy, weigher: Weigher, now: number): number | null {
  const { sums, lastAgainst, tier } = standing
  if (tier === 'clean' || sums === null || lastAgainst === null) return null
  const { floor_to_stay } = policy.evidence
  const weightAt = (moment: number): number => measureAt(sums, moment, weigher, policy.bounds.z).weight_against
  // A half-life beyond the closed form, so that no rounding of factors can keep it above the floor there.
  const halfLives = Math.log2(weightAt(noonOf(sums.day)) / floor_to_stay) + 1
  let stands = now
  let ended = Math.ceil(Math.max(now, noonOf(sums.day)) + halfLives * weigher.halfLifeMs) + 1
  while (ended - stands > 1) {
    const middle = Math.floor((stands + ended) / 2)
    if (weightAt(middle) >= floor_to_stay) stands = middle
    else ended = middle
  }
  return Math.min(ended, endOfLife(lastAgainst, policy))
}

/**
 * When every output must drop the listing by itself: when its evidence will have decayed. Where it rests on none (an operator's deny),
 * after a listing's longest life, unless it is published anew before.
 */
export function expiryOf({ review_at }: { readonly review_at: number | null }, policy: Policy, now: number): number {
  return review_at ?? Math.ceil(now + policy.listing.max_life_days * DAY_MS)
}
