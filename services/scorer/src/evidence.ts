import type { EvidenceRow } from '@tlsrep/core/reputation/score'
import { DIRECTIONS, FAULTS, OUTCOMES, TLS_VERSIONS } from '@tlsrep/schemas'
import { ROW_WEIGHS } from './candidates.ts'
import { inChunks } from './chunks.ts'
import type { PairKind } from './pair-up.ts'
import type { Store } from './store.ts'

/** Senders in one query. */
const SENDERS = 2000
const DAY_MS = 86_400_000

/** A row of `sender_evidence_daily`, summed. */
export interface DailyRow {
  sender: string
  day: string
  direction: string
  listener: string
  outcome: string
  fault: string
  tls_version: string
  cipher: string
  downgrade: string
  excused: number
  sessions: number
  mails_accepted: number
  mails_rejected: number
  mails_plaintext: number
}

/**
 * The evidence of these senders, as the score function takes it: the one way in which live scoring, replay and explain read it. Only
 * inbound sessions: what we send to a sender never feeds its listing. A sender without evidence has no entry.
 */
export async function readEvidence(store: Store, senders: readonly string[]): Promise<Map<string, EvidenceRow[]>> {
  const evidence = new Map<string, EvidenceRow[]>()
  for (const chunk of inChunks(senders, SENDERS)) {
    const rows = await store.rows<DailyRow>(QUERY, { senders: chunk })
    for (const [sender, daily] of Map.groupBy(rows, (row) => row.sender)) evidence.set(sender, evidenceRows(daily))
  }
  return evidence
}

const QUERY = `
SELECT
  sender, day, direction, listener, outcome, fault, tls_version, cipher, downgrade, excused,
  sum(sender_evidence_daily.sessions) AS sessions,
  sum(sender_evidence_daily.mails_accepted) AS mails_accepted,
  sum(sender_evidence_daily.mails_rejected) AS mails_rejected,
  sum(sender_evidence_daily.mails_plaintext) AS mails_plaintext
FROM sender_evidence_daily
WHERE sender IN {senders:Array(String)} AND direction = 'inbound'
GROUP BY sender, day, direction, listener, outcome, fault, tls_version, cipher, downgrade, excused
ORDER BY sender, day, direction, listener, outcome, fault, tls_version, cipher, downgrade, excused`

export interface SendersToScore {
  /** The sender to go on after, in the order of the table; '' to begin. */
  after: string
  /** What `costlyCombinations` says. */
  costly: readonly string[]
  /** Leaves out whom this policy has scored already; null to leave out nobody. */
  notScoredBy: string | null
  limit: number
}

/** Senders with evidence against them, in order: for those who go through all of them. */
export async function sendersToScore(store: Store, options: SendersToScore): Promise<string[]> {
  const { after, costly, notScoredBy, limit } = options
  const others =
    notScoredBy === null
      ? ''
      : 'AND sender NOT IN (SELECT sender FROM reputation FINAL WHERE policy_hash = {policy:String})'
  const rows = await store.rows<{ sender: string }>(
    `SELECT DISTINCT sender FROM sender_evidence_daily
     WHERE sender > {after:String} AND ${ROW_WEIGHS} ${others} ORDER BY sender LIMIT {limit:UInt32}`,
    { after, costly, limit, policy: notScoredBy ?? '' },
  )
  return rows.map((row) => row.sender)
}

/**
 * One sender's counts, with what follows our own refusals excused: as many sessions in clear as have a pair `after_refusal` are moved to
 * an excused row, and as many pairs `D2` as belong to such sessions are taken away. Excused counts stay in sight, so the score is still
 * a function of rows that anybody can read.
 */
export function evidenceRows(daily: readonly DailyRow[]): EvidenceRow[] {
  const rows: EvidenceRow[] = []
  const refusals = new Map<string, number>()
  const counterpairs = new Map<string, number>()
  for (const row of daily) {
    const kind = row.downgrade as PairKind | ''
    if (kind === '' || kind === 'D2') rows.push(evidenceRow(row, kind === 'D2' ? 'D2' : null))
    else if (row.excused === 0) {
      const counts = kind === 'after_refusal' ? refusals : counterpairs
      counts.set(`${row.day} ${row.listener}`, row.sessions)
    }
  }
  if (refusals.size === 0 && counterpairs.size === 0) return rows
  return rows.flatMap((row) => {
    const door = `${dayText(row.day)} ${row.listener ?? ''}`
    if (row.excused || row.outcome !== 'plaintext' || row.fault !== 'peer') return [row]
    return row.downgrade === 'D2' ? without(row, counterpairs.get(door) ?? 0) : excuse(row, door, refusals)
  })
}

function without(row: EvidenceRow, sessions: number): EvidenceRow[] {
  return sessions >= row.sessions ? [] : [{ ...row, sessions: row.sessions - sessions }]
}

/** Moves sessions to an excused row, and of the mails the same share, rounded down. */
function excuse(row: EvidenceRow, door: string, refusals: Map<string, number>): EvidenceRow[] {
  const sessions = Math.min(row.sessions, refusals.get(door) ?? 0)
  if (sessions === 0) return [row]
  refusals.set(door, (refusals.get(door) ?? 0) - sessions)
  const share = (mails: number): number => Math.floor((mails * sessions) / row.sessions)
  const excused: EvidenceRow = {
    ...row,
    excused: true,
    sessions,
    mails_accepted: share(row.mails_accepted),
    mails_rejected: share(row.mails_rejected),
    mails_plaintext: share(row.mails_plaintext),
  }
  if (sessions === row.sessions) return [excused]
  const rest: EvidenceRow = {
    ...row,
    sessions: row.sessions - sessions,
    mails_accepted: row.mails_accepted - excused.mails_accepted,
    mails_rejected: row.mails_rejected - excused.mails_rejected,
    mails_plaintext: row.mails_plaintext - excused.mails_plaintext,
  }
  return [rest, excused]
}

function evidenceRow(row: DailyRow, downgrade: 'D2' | null): EvidenceRow {
  return {
    day: Date.parse(row.day) / DAY_MS,
    direction: symbol(DIRECTIONS, row.direction),
    listener: row.listener === '' ? null : row.listener,
    outcome: symbol(OUTCOMES, row.outcome),
    fault: symbol(FAULTS, row.fault),
    tls_version: row.tls_version === '' ? null : symbol(TLS_VERSIONS, row.tls_version),
    cipher: row.cipher === '' ? null : row.cipher,
    downgrade,
    excused: row.excused !== 0,
    sessions: row.sessions,
    mails_accepted: row.mails_accepted,
    mails_rejected: row.mails_rejected,
    mails_plaintext: row.mails_plaintext,
  }
}

function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/** Words in the tables come from records that were checked against the schema; another one is a table of another version. */
function symbol<T extends string>(symbols: readonly T[], text: string): T {
  const found = symbols.find((each) => each === text)
  if (found === undefined)
    throw new Error(`sender_evidence_daily holds ${JSON.stringify(text)}, which this version does not know`)
  return found
}
