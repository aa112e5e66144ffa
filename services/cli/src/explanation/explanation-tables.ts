import type { EvidenceRow } from '@tlsrep/core/reputation/score'
import { escapeText } from '@tlsrep/platform/log/escape'
import type { SampleSession, SenderExplanation } from '@tlsrep/scorer/explain'
import type { TableStyle } from '../table/draw-table.ts'
import { drawRows, type RowColumn } from '../table/row-table.ts'

const DAY_MS = 86_400_000
const DAYS_SHOWN = 30

const DAY_COLUMNS: readonly RowColumn[] = [
  { key: 'day' },
  { key: 'listener', dispensable: 1 },
  { key: 'what', wraps: 'words' },
  { key: 'sessions' },
  { key: 'mails' },
  { key: 'counts' },
]

/** The newest days of evidence, and how much of each still counts. */
export function days({ sender, evidence, explanation }: SenderExplanation, style: TableStyle): string {
  if (evidence.length === 0) return ''
  const factors = new Map(explanation.reputation.days.map(({ day, factor }) => [day, factor]))
  const rows = evidence.slice(-DAYS_SHOWN).map((row) => ({
    day: new Date(row.day * DAY_MS).toISOString().slice(0, 10),
    listener: row.listener,
    what: whatOf(row),
    sessions: row.sessions,
    mails: row.downgrade === null ? row.mails_accepted + row.mails_rejected : null,
    counts: row.excused ? 'excused' : `× ${(factors.get(row.day) ?? 0).toFixed(3)}`,
  }))
  const more = evidence.length - rows.length
  const rest = more > 0 ? `and ${more} older rows: tlsrep query sender --param sender=${sender}\n` : ''
  return drawRows(rows, DAY_COLUMNS, style).text + rest
}

function whatOf({ direction, downgrade, outcome, fault, tls_version, cipher }: EvidenceRow): string {
  const way = direction === 'inbound' ? '' : 'outbound: '
  if (downgrade !== null) return `${way}${downgrade}: a failed handshake, then mail in clear`
  const blame = fault === 'none' || fault === 'peer' ? '' : `fault ${fault}`
  return way + [outcome, tls_version ?? '', cipher ?? '', blame].filter((part) => part !== '').join(' ')
}

const SAMPLE_COLUMNS: readonly RowColumn[] = [
  { key: 'when' },
  { key: 'host', wraps: 'anywhere', dispensable: 2 },
  { key: 'address' },
  { key: 'name', wraps: 'anywhere', dispensable: 1 },
  { key: 'what', wraps: 'words' },
  { key: 'log', wraps: 'anywhere' },
  { key: 'byte' },
]

/** Sessions to look up in the log. What is the same for all of them is said once. */
export function samples({ samples: sessions }: SenderExplanation, style: TableStyle): string {
  const [first] = sessions
  if (first === undefined) return ''
  const oneLog = sessions.every(({ source_name }) => source_name === first.source_name)
  const oneAddress = sessions.every(({ peer_ip }) => peer_ip === first.peer_ip)
  const columns = SAMPLE_COLUMNS.filter(({ key }) => !(key === 'log' && oneLog) && !(key === 'address' && oneAddress))
  const place = oneLog ? `in ${escapeText(first.source_name)}, from these bytes on:\n` : ''
  return place + drawRows(sessions.map(sampleRow), columns, style).text
}

function sampleRow(session: SampleSession): object {
  const { observed_at, host, peer_ip, peer_name, outcome, tls_version, failure_reason } = session
  return {
    when: new Date(observed_at).toISOString(),
    host,
    address: plainAddress(peer_ip),
    name: peer_name,
    what: [outcome, tls_version ?? '', failure_reason ?? ''].filter((part) => part !== '').join(' '),
    log: session.source_name,
    byte: session.source_offset,
  }
}

function plainAddress(text: string): string {
  return text.replace(/^::ffff:(?=\d+\.)/, '')
}

const PAIR_COLUMNS: readonly RowColumn[] = [
  { key: 'observed_at', title: 'mail in clear' },
  { key: 'seconds', title: 'seconds after\nthe failure' },
  { key: 'failure_reason', title: 'which failed for', wraps: 'anywhere' },
  { key: 'host', wraps: 'anywhere', dispensable: 1 },
]

export function pairs({ pairs: found }: SenderExplanation, style: TableStyle): string {
  if (found.length === 0) return ''
  const rows = found.map(({ observed_at, failed_at, failure_reason, host }) => ({
    observed_at: new Date(observed_at).toISOString(),
    seconds: Math.round((observed_at - failed_at) / 1000),
    failure_reason,
    host,
  }))
  return drawRows(rows, PAIR_COLUMNS, style).text
}
