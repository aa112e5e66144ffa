import { decisionFinder } from './covering.ts'
import type { CurrentListing } from './current-listings.ts'
import type { CurrentOverride } from './current-overrides.ts'

/** A sender with a listing, by its score or by an operator, and whether it stands. Times are RFC 3339. */
export interface StandingListing {
  sender: string
  tier: string
  /** False where an operator has allowed the sender: no output lists it then. */
  in_force: boolean
  reasons: readonly string[]
  listed_at: string
  /** Null: until it is withdrawn. */
  expires_at: string | null
  /** Null where an operator listed it, as are the explanation and the remedy. */
  lower_bound: number | null
  effective_sessions: number | null
  explanation: string | null
  remedy: string | null
  /** The operators' decision that holds for it. */
  override: CurrentOverride | null
}

/** The list as the outputs have it, and what operators took off it, marked: first what was scored, the worst first, then what was denied. */
export function standingListings(
  listings: readonly CurrentListing[],
  overrides: readonly CurrentOverride[],
): StandingListing[] {
  const decisionOn = decisionFinder(overrides)
  const denied = overrides.filter((override) => override.action === 'deny')
  const isDenied = new Set(denied.map(({ sender }) => sender))
  return [
    ...listings
      .filter(({ sender }) => !isDenied.has(sender))
      .map((listing): StandingListing => {
        const override = decisionOn(listing.sender) ?? null
        // A decision about a network around the sender stands in the place of its score.
        const tier = override?.action === 'deny' ? (override.tier ?? 'reject') : listing.tier
        return { ...listing, tier, in_force: override?.action !== 'allow', override }
      }),
    ...denied.map((override): StandingListing => {
      const decision = decisionOn(override.sender) ?? override
      return {
        sender: override.sender,
        tier: override.tier ?? 'reject',
        in_force: decision.action !== 'allow',
        reasons: ['operator_deny'],
        listed_at: override.created_at,
        expires_at: override.until,
        lower_bound: null,
        effective_sessions: null,
        explanation: null,
        remedy: null,
        override: decision,
      }
    }),
  ]
}
