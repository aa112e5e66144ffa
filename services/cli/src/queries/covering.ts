import { parsePrefix } from '@tlsrep/core/sender/prefix'
import { createPrefixSet } from '@tlsrep/core/sender/prefix-set'

/** An operator's decision, as far as it matters which one holds. */
interface Decision {
  sender: string
  action: string
}

/**
 * Finds the decision that holds for a sender: one of its own or of a prefix around it; an allow beats a deny, and of equals the narrowest
 * holds. The publisher decides the same (its EffectiveList).
 */
export function decisionFinder<T extends Decision>(decisions: readonly T[]): (sender: string) => T | undefined {
  const ranked = decisions
    .map((decision) => ({ decision, covers: covering(decision.sender), bits: parsePrefix(decision.sender)?.bits ?? 0 }))
    .sort((a, b) => Number(b.decision.action === 'allow') - Number(a.decision.action === 'allow') || b.bits - a.bits)
  return (sender) => ranked.find(({ covers }) => covers(sender))?.decision
}

function covering(own: string): (sender: string) => boolean {
  if (parsePrefix(own)?.exact !== true) return (sender) => sender === own
  const set = createPrefixSet([own])
  return (sender) => sender === own || (parsePrefix(sender) !== undefined && set.covers(sender))
}
