import type { Direction, Fault, Outcome, TlsVersion } from '@tlsrep/schemas'

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
  /** `D2`: `sessions` counts pairs of a failed handshake and mail in clear, not sessions. Null: the sessions themselves. */
  downgrade: 'D2' | null
  /** True when a guard took the period out of account (our own trouble, a whole network's). */
  excused: boolean
  sessions: number
  mails_accepted: number
  mails_rejected: number
  mails_plaintext: number
}
