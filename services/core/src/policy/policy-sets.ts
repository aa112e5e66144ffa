import { createPrefixSet, type PrefixSet } from '../sender/prefix-set.ts'
import type { Policy } from './policy.ts'

/** The policy's address blocks, made ready for lookups. Make them once per policy. */
export interface PolicySets {
  /** Our own way in: backup MX, forwarding hosts, filters. What comes from them was sent by others, so it is nobody's evidence. */
  relays: PrefixSet
  /** Large shared senders: counted and explained like others, never listed. */
  protectedPools: PrefixSet
}

export function policySets(policy: Policy): PolicySets {
  return {
    relays: createPrefixSet(policy.relays),
    protectedPools: createPrefixSet(policy.protected_pools.flatMap((pool) => pool.cidrs)),
  }
}

/** Name of the protected pool that the sender lies in or reaches into, so that it must not be listed; undefined when there is none. */
export function protectingPool(policy: Policy, sender: string): string | undefined {
  return policy.protected_pools.find((pool) => createPrefixSet(pool.cidrs).overlaps(sender))?.name
}
