import type { Policy } from '@tlsrep/core/policy/policy'
import { policySets, protectingPool } from '@tlsrep/core/policy/policy-sets'
import { type EvidenceRow, type Reputation, score } from '@tlsrep/core/reputation/score'

/** Why a sender is not listed whatever its evidence says. */
export type Exclusion = { why: 'relay' } | { why: 'protected_pool'; pool: string }

export interface Judgement {
  reputation: Reputation
  exclusion: Exclusion | null
  /** The evidence that counts: none where others sent it. */
  rows: readonly EvidenceRow[]
}

/** A sender's evidence and its policy's exceptions put together: the one way for live scoring, replay and explain. */
export type Judge = (sender: string, rows: readonly EvidenceRow[], now: number) => Judgement

/** Make it once per policy. Loopback is not asked about: no evidence is ever kept of it. */
export function createJudge(policy: Policy): Judge {
  const sets = policySets(policy)
  return (sender, evidence, now) => {
    // What comes from a configured relay was sent by others. A network with a relay in it cannot be told apart from it.
    const isRelay = sets.relays.overlaps(sender)
    const rows = isRelay ? [] : evidence
    const exclusion = isRelay
      ? ({ why: 'relay' } as const)
      : sets.protectedPools.overlaps(sender)
        ? ({ why: 'protected_pool', pool: protectingPool(policy, sender) ?? '' } as const)
        : null
    return { reputation: score(rows, policy, now), exclusion, rows }
  }
}
