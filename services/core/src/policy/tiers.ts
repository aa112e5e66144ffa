import { TIERS, type Tier } from '@tlsrep/schemas'

/** Tiers that are listings; `clean` is their absence. Mildest first. */
export const LISTED_TIERS = ['watch', 'tag', 'defer', 'reject'] as const satisfies readonly Tier[]
export type ListedTier = (typeof LISTED_TIERS)[number]

export function leastTier(a: Tier, b: Tier): Tier {
  return TIERS.indexOf(a) <= TIERS.indexOf(b) ? a : b
}
