import type { Policy } from '@tlsrep/core/policy/policy'
import type { Reputation } from '@tlsrep/core/reputation/score'
import { costlyCombinations } from './candidates.ts'
import { readEvidence, sendersToScore } from './evidence.ts'
import { createJudge } from './judge.ts'
import type { Store } from './store.ts'

const PAGE = 2000

export interface ReplayedListing {
  sender: string
  reputation: Reputation
}

/**
 * The list as it would be at `now` if all of the evidence had come in a moment ago: every sender that would be listed, in the order of
 * the table. Publishes and writes nothing.
 * @param now milliseconds since 1970 UTC
 */
export async function* replayListings(store: Store, policy: Policy, now: number): AsyncGenerator<ReplayedListing> {
  const judge = createJudge(policy)
  const costly = await costlyCombinations(store, policy)
  for (let after = ''; ; ) {
    const senders = await sendersToScore(store, { after, costly, notScoredBy: null, limit: PAGE })
    const last = senders.at(-1)
    if (last === undefined) return
    after = last
    const evidence = await readEvidence(store, senders)
    for (const sender of senders) {
      const { reputation, exclusion } = judge(sender, evidence.get(sender) ?? [], now)
      if (reputation.tier !== 'clean' && exclusion === null) yield { sender, reputation }
    }
  }
}
