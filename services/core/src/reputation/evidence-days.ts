import type { Policy } from '../policy/policy.ts'
import type { EvidenceRow } from './evidence-row.ts'
import { DOWNGRADE, HISTORY_REGRESSION, KINDS, NEGOTIATED, PLAINTEXT } from './kinds.ts'
import type { Weigher } from './weigher.ts'

/** Sums of one UTC day, by index into KINDS: whole sessions, pairs for `downgrade`. */
export interface EvidenceDay {
  readonly day: number
  readonly counts: number[]
  /** Indexes that are not 0, in order. */
  kinds: readonly number[]
  /** True when something of the day weighs against the sender. */
  against: boolean
}

/**
 * Why rows do not count. outbound: facts about a peer that we send to. excused: a guard took the period out of account. not_peer: the log
 * does not prove that the sender caused it. no_weight: an outcome that says nothing by itself. future: dated later than tomorrow.
 */
export const UNCOUNTED = ['outbound', 'excused', 'not_peer', 'no_weight', 'future'] as const
export type Uncounted = (typeof UNCOUNTED)[number]

export interface CountedEvidence {
  /** In order, days without counted evidence left out. */
  days: readonly EvidenceDay[]
  /** Sessions (and pairs) in rows that do not count, in the order of UNCOUNTED. */
  uncounted: readonly { why: Uncounted; sessions: number }[]
}

const ALL_KINDS = KINDS.map((_, index) => index)

/**
 * Sums rows by day and kind, listeners together. Sums of whole numbers: neither the order of the rows nor the splitting of one changes
 * them. Rows of tomorrow are today's, since a log's clock may be ahead of ours; later ones have not happened.
 * @param today UTC day of the moment that is scored
 */
export function countEvidence(
  rows: readonly EvidenceRow[],
  policy: Policy,
  weigher: Weigher,
  today: number,
): CountedEvidence {
  const byDay = new Map<number, EvidenceDay>()
  const uncounted = new Map<Uncounted, number>()
  for (const row of rows) {
    const kind = row.day > today + 1 ? 'future' : kindOfRow(row, weigher)
    if (typeof kind === 'string') {
      uncounted.set(kind, (uncounted.get(kind) ?? 0) + row.sessions)
      continue
    }
    if (row.sessions === 0) continue
    const { counts } = dayFor(byDay, Math.min(row.day, today))
    counts[kind] = (counts[kind] ?? 0) + row.sessions
  }
  const days = [...byDay.values()].sort((a, b) => a.day - b.day)
  markRegressions(days, policy)
  for (const day of days) {
    day.kinds = ALL_KINDS.filter((kind) => day.counts[kind] !== 0)
    day.against = day.kinds.some((kind) => weigher.weights[kind] !== 0)
  }
  return { days, uncounted: UNCOUNTED.flatMap((why) => tally(why, uncounted.get(why))) }
}

function dayFor(byDay: Map<number, EvidenceDay>, day: number): EvidenceDay {
  let found = byDay.get(day)
  if (found === undefined) {
    found = { day, counts: new Array<number>(KINDS.length).fill(0), kinds: [], against: false }
    byDay.set(day, found)
  }
  return found
}

function tally(why: Uncounted, sessions = 0): { why: Uncounted; sessions: number }[] {
  return sessions > 0 ? [{ why, sessions }] : []
}

/** Index into KINDS, or why the row does not count. */
function kindOfRow(row: EvidenceRow, weigher: Weigher): number | Uncounted {
  if (row.direction !== 'inbound') return 'outbound'
  if (row.excused) return 'excused'
  if (row.downgrade !== null) return row.fault === 'peer' ? DOWNGRADE : 'not_peer'
  if (row.outcome === 'plaintext') return row.fault === 'peer' ? PLAINTEXT : 'not_peer'
  if (row.outcome !== 'negotiated') return 'no_weight'
  return row.fault === 'none' ? weigher.negotiatedKind(row.tls_version, row.cipher) : 'not_peer'
}

/**
 * Kind D3, a sender that stops using TLS: after a run of days with TLS alone that is long enough, sessions in clear count once more,
 * on the first day that has them and on those that follow until one has TLS again. Read off the days, never counted by itself.
 */
function markRegressions(days: readonly EvidenceDay[], policy: Policy): void {
  const { min_tls_sessions, min_days } = policy.evidence.history
  let run = { sessions: 0, days: 0 }
  let stopped = false
  for (const { counts } of days) {
    const plaintext = counts[PLAINTEXT] ?? 0
    const tls = NEGOTIATED.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0)
    if (plaintext === 0) {
      if (tls === 0) continue
      run = { sessions: run.sessions + tls, days: run.days + 1 }
      stopped = false
      continue
    }
    const alwaysUsedTls = run.sessions >= min_tls_sessions && run.days >= min_days
    stopped = alwaysUsedTls || (stopped && tls === 0)
    if (stopped) counts[HISTORY_REGRESSION] = plaintext
    run = { sessions: 0, days: 0 }
  }
}
