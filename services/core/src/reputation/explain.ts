import { TIERS } from '@tlsrep/schemas'
import type { Policy } from '../policy/policy.ts'
import { LISTED_TIERS, type ListedTier } from '../policy/tiers.ts'
import { tlsSessionsToClear } from './clearing.ts'
import type { EvidenceRow } from './evidence-row.ts'
import { remedyFor } from './remedy.ts'
import { type KindTally, type Reputation, score } from './score.ts'
import { amountText, dayText, kindWords, momentText, plural, shareText, uncountedWords, weightText } from './words.ts'

/** The next tier up, and what stands between. */
export interface NextTier {
  tier: ListedTier
  /** Threshold on the lower bound. */
  list_at: number
  /**
   * new_evidence: it would be reached, but only a day with evidence against the sender can list. share: as it is, no number of sessions
   * would do. floor: what speaks against it weighs too little. volume: more of the same would do.
   */
  missing: 'new_evidence' | 'share' | 'floor' | 'volume'
}

/** Everything about a sender's standing that a person may ask for. Holds no text that a peer wrote. */
export interface Explanation {
  reputation: Reputation
  /** Null at the highest tier, and without evidence against the sender. */
  next_tier: NextTier | null
  /** The arithmetic in sentences. */
  explanation: string
  /** For the sender's postmaster; empty when not listed. */
  remedy: string
  /** When decay alone ends the listing, milliseconds since 1970 UTC; null when not listed. */
  clears_at: number | null
  /** Sessions with TLS today that would end it at once; 0 when not listed, null when more than a million. */
  tls_sessions_to_clear: number | null
}

/** Scores and says why. Slower than score() by some ten times, since it searches for what would clear the sender. */
export function explain(rows: readonly EvidenceRow[], policy: Policy, now: number): Explanation {
  const reputation = score(rows, policy, now)
  const toClear = tlsSessionsToClear(rows, policy, now)
  const next = nextTier(reputation, policy)
  const sentences = [
    counted(reputation),
    ...reputation.kinds.map((kind) => kindSentence(kind)),
    ...reputation.uncounted.map(
      ({ why, sessions }) => `Not counted: ${plural(sessions, 'session')} ${uncountedWords(why)}.`,
    ),
    interval(reputation, policy),
    listed(reputation, policy),
    whyNotMore(reputation, next, policy),
    ending(reputation, toClear),
  ]
  return {
    reputation,
    next_tier: next,
    explanation: sentences.filter((sentence) => sentence !== '').join(' '),
    remedy: remedyFor(reputation.reasons),
    clears_at: reputation.review_at,
    tls_sessions_to_clear: toClear,
  }
}

function nextTier(reputation: Reputation, policy: Policy): NextTier | null {
  const next = LISTED_TIERS.find((tier) => TIERS.indexOf(tier) > TIERS.indexOf(reputation.tier))
  if (next === undefined || reputation.weighed_bad === 0) return null
  const { list_at } = policy.bounds[next]
  return { tier: next, list_at, missing: whatIsMissing(reputation, list_at, policy.evidence.floor_to_list) }
}

function whatIsMissing(reputation: Reputation, listAt: number, floor: number): NextTier['missing'] {
  if (badShare(reputation) <= listAt) return 'share'
  if (reputation.weight_against < floor) return 'floor'
  return reputation.lower_bound < listAt ? 'volume' : 'new_evidence'
}

function badShare({ weighed_bad, weighed_total }: Reputation): number {
  return weighed_total > 0 ? weighed_bad / weighed_total : 0
}

function counted({ kinds, effective_sessions, first_evidence_day, last_evidence_day, scored_at }: Reputation): string {
  if (first_evidence_day === null || last_evidence_day === null) return 'Nothing that counts is known of this sender.'
  const sessions = kinds.reduce((sum, { kind, sessions: n }) => (isSession(kind) ? sum + n : sum), 0)
  const days =
    first_evidence_day === last_evidence_day
      ? `on ${dayText(first_evidence_day)}`
      : `from ${dayText(first_evidence_day)} to ${dayText(last_evidence_day)}`
  return `Counted: ${plural(sessions, 'session')} ${days}; after decay ${amountText(effective_sessions)} at ${momentText(scored_at)}.`
}

function isSession(kind: KindTally['kind']): boolean {
  return kind !== 'downgrade' && kind !== 'history_regression'
}

function kindSentence({ kind, sessions, effective, weight, against }: KindTally): string {
  const cost =
    weight === 0
      ? 'costs nothing'
      : `weighs ${isSession(kind) ? '' : 'another '}${weightText(weight)} each, together ${amountText(against)}`
  return `${sessions.toLocaleString('en')} ${kindWords(kind)} (${amountText(effective)} after decay): ${cost}.`
}

function interval(reputation: Reputation, policy: Policy): string {
  const { weighed_bad, weighed_total, lower_bound, upper_bound } = reputation
  if (weighed_total === 0) return ''
  return `Against the sender speak ${amountText(weighed_bad)} of ${amountText(weighed_total)}, a share of ${shareText(badShare(reputation))}; with z = ${policy.bounds.z} the true share lies between ${shareText(lower_bound)} and ${shareText(upper_bound)}.`
}

function listed(reputation: Reputation, policy: Policy): string {
  const { tier, listed_on } = reputation
  if (tier === 'clean' || listed_on === null) return 'Not listed.'
  const test = reputation.days.find(({ day }) => day === listed_on)?.test
  if (test === null || test === undefined || test.tier === 'clean') return `Listed at ${tier}.`
  const since = `The evidence of ${dayText(test.day)} brought the lower bound to ${shareText(test.lower_bound)}, which lists at ${test.tier} (from ${shareText(policy.bounds[test.tier].list_at)} on).`
  const now = test.tier === tier ? `It stays listed at ${tier}` : `It has come down to ${tier} and stays there`
  return `${since} ${now} until the upper bound is below ${shareText(policy.bounds[tier].delist_below)} or the evidence against it weighs less than ${policy.evidence.floor_to_stay} sessions.`
}

function whyNotMore(reputation: Reputation, next: NextTier | null, policy: Policy): string {
  if (next === null) return ''
  const { lower_bound, weight_against } = reputation
  const needs = `Not ${next.tier}: that takes a lower bound of ${shareText(next.list_at)}`
  switch (next.missing) {
    case 'share':
      return `${needs}, which a share of ${shareText(badShare(reputation))} never reaches, however many sessions are counted.`
    case 'floor':
      return `${needs} and evidence that weighs ${policy.evidence.floor_to_list} sessions in clear; it weighs ${amountText(weight_against)}.`
    case 'volume':
      return `${needs}; it is ${shareText(lower_bound)}.`
    case 'new_evidence':
      return `${needs} on a day with evidence against the sender; a listing ends ${policy.listing.max_life_days} days after the last such day.`
  }
}

function ending({ review_at, tier }: Reputation, toClear: number | null): string {
  if (tier === 'clean' || review_at === null) return ''
  const sessions =
    toClear === null ? '' : `, or today with ${plural(toClear, 'session')} that use TLS and none in clear`
  return `Without new evidence the listing ends on ${momentText(review_at)}${sessions}.`
}
