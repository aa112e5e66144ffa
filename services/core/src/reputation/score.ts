import type { Direction, Fault, Outcome, Tier, TlsVersion } from '@tlsrep/schemas'

/**
 * One row of `sender_evidence_daily`: integers counted by event time for one sender and UTC day. Order of arrival, sharding, replay
 * and restart cannot change it.
 */
export interface EvidenceRow {
  /** Days since 1970-01-01 UTC. A day's evidence is dated at 12:00 UTC of its day. */
  day: number
  direction: Direction
  listener: string | null
  outcome: Outcome
  fault: Fault
  tls_version: TlsVersion | null
  /** IANA name of the cipher suite. */
  cipher: string | null
  /** True when a guard took the period out of account (our own trouble, a whole network's). */
  excused: boolean
  sessions: number
  mails_accepted: number
  mails_rejected: number
  mails_plaintext: number
}

/** Half-life, weights, thresholds, caps: the one policy file, read and validated. Every listing names its hash. */
export interface Policy {
  hash: string
  half_life_days: number
  /** Effective sessions after decay below which nobody is listed. */
  evidence_floor: number
}

/** What a sender's evidence says at one moment, with the arithmetic that led there. */
export interface Reputation {
  /** Uncapped: listeners and outputs apply the least of tier, cap and mode. */
  tier: Tier
  /** Lower and upper confidence bound of the bad share, 0 to 1: listed on the lower, delisted on the upper. */
  lower_bound: number
  upper_bound: number
  effective_sessions: number
  /** Milliseconds since 1970 UTC at which decay alone will cross the delisting bound; null when not listed. */
  review_at: number | null
  reasons: readonly string[]
}

/**
 * The one score function. Pure: the same rows, policy and `now` give the same bytes, live, in replay, in what-if and in explain.
 * Rows may come in any order.
 * @param now milliseconds since 1970 UTC
 */
export type ScoreFunction = (rows: readonly EvidenceRow[], policy: Policy, now: number) => Reputation
