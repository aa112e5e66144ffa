import type { Tier } from '@tlsrep/schemas'

/** How far an output or listener may go now. */
export type Mode = 'observe' | 'tag' | 'defer' | 'reject'
/** How far it may ever go, whatever its mode. */
export type Cap = 'tag' | 'defer' | 'reject'

export interface ActionLimits {
  cap: Cap
  mode: Mode
}

export interface AppliedTier {
  /** The least of tier, cap and mode; in mode `observe` always `clean`. */
  applied: Tier
  /** The least of tier and cap: what would be done if the mode did not hold it back. Equal to `applied` where it does not. */
  wanted: Tier
}

/** By severity. `watch` asks for no action, so no mode holds it back but `observe`. */
const SEVERITY: Readonly<Record<Tier, number>> = { clean: 0, watch: 1, tag: 2, defer: 3, reject: 4 }

export function leastTier(a: Tier, b: Tier): Tier {
  return SEVERITY[a] <= SEVERITY[b] ? a : b
}

/** What an output does about a listing, and what it would do if its mode let it. */
export function appliedTier(listing: { readonly tier: Tier }, limits: ActionLimits): AppliedTier {
  const wanted = leastTier(listing.tier, limits.cap)
  return { wanted, applied: limits.mode === 'observe' ? 'clean' : leastTier(wanted, limits.mode) }
}
