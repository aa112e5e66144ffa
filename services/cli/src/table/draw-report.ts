import { escapeControls } from '@tlsrep/collector/pipeline/escape'
import { grouped } from '@tlsrep/collector/pipeline/reconciliation-text'
import { DIRECTIONS, type Direction } from '@tlsrep/schemas'
import { shareText } from '../output/quantities.ts'
import { type Column, drawTable, type TableStyle } from './draw-table.ts'
import { MAX_PEERS, type PeerRow } from './peer-table.ts'
import type { Report } from './report.ts'

const OUTCOME_COLUMNS: readonly Column[] = [
  { title: 'outcome' },
  { title: 'tls_version' },
  { title: 'sessions', align: 'right' },
  { title: 'share', align: 'right' },
]

const COUNT_COLUMNS: readonly Column[] = [
  { title: 'in clear', align: 'right' },
  { title: 'old TLS', align: 'right' },
  { title: 'failed', align: 'right' },
  { title: 'sessions', align: 'right' },
  { title: 'last seen' },
]
const PEER_COLUMNS: readonly Column[] = [
  { title: 'peer_ip' },
  { title: 'peer_name', wraps: 'anywhere' },
  ...COUNT_COLUMNS,
]
const NARROW_PEER_COLUMNS: readonly Column[] = [{ title: 'peer', wraps: 'anywhere' }, ...COUNT_COLUMNS]

/** Below this, a peer's name stands under its address instead of beside it. */
const ROOM_FOR_NAMES = 110

const BLIND_SPOT_COLUMNS: readonly Column[] = [
  { title: 'sessions', align: 'right' },
  { title: 'what the log leaves open', wraps: 'words' },
  { title: 'what changes that', wraps: 'words' },
]

/** The three tables for people, one below the other. */
export function drawReport(report: Report, style: TableStyle): string {
  const sections = [
    ...DIRECTIONS.flatMap((direction) => outcomes(report, direction, style)),
    ...DIRECTIONS.flatMap((direction) => peers(report, direction, style)),
    ...blindSpots(report, style),
  ]
  return sections.length === 0 ? 'No session in this log.\n' : sections.join('\n')
}

function outcomes(report: Report, direction: Direction, style: TableStyle): string[] {
  const rows = report.outcomes.filter((row) => row.direction === direction)
  if (rows.length === 0) return []
  const total = rows.reduce((sum, { sessions }) => sum + sessions, 0)
  const cells = rows.map(({ outcome, tls_version, sessions }) => [
    outcome,
    tls_version ?? '',
    grouped(sessions),
    shareText(sessions, total),
  ])
  const title = `${direction === 'inbound' ? 'Inbound' : 'Outbound'}: ${grouped(total)} ${plural(total, 'session')}`
  return [section(title, drawTable(OUTCOME_COLUMNS, cells, style), style)]
}

function peers(report: Report, direction: Direction, style: TableStyle): string[] {
  const rows = report.worst_peers.filter((row) => row.direction === direction)
  if (rows.length === 0) return []
  const narrow = style.width !== undefined && style.width < ROOM_FOR_NAMES
  const cells = rows.map((row) => [
    ...(narrow ? [narrowPeer(row)] : [row.peer_ip, peerName(row)]),
    ...counts(row, narrow),
  ])
  const title = direction === 'inbound' ? 'Senders with the worst TLS' : 'Servers we send to with the worst TLS'
  const cut = report.peers_forgotten === 0 ? '' : forgottenNote(report.peers_forgotten)
  return [section(title, drawTable(narrow ? NARROW_PEER_COLUMNS : PEER_COLUMNS, cells, style) + cut, style)]
}

function peerName({ peer_name }: PeerRow): string {
  return escapeControls(peer_name ?? '')
}

function narrowPeer(row: PeerRow): string {
  return row.peer_name === null ? row.peer_ip : `${row.peer_ip}\n${peerName(row)}`
}

/** @param narrow leaves the time of day out */
function counts(row: PeerRow, narrow: boolean): string[] {
  const seen = new Date(row.last_seen).toISOString()
  return [
    grouped(row.plaintext),
    grouped(row.deprecated),
    grouped(row.failed),
    grouped(row.sessions),
    narrow ? seen.slice(0, 10) : `${seen.slice(0, 16).replace('T', ' ')}Z`,
  ]
}

function forgottenNote(count: number): string {
  return (
    `More than ${grouped(MAX_PEERS)} peers: ${grouped(count)} with the least against them were forgotten; ` +
    'counts of those that came back are lower bounds.\n'
  )
}

function blindSpots(report: Report, style: TableStyle): string[] {
  if (report.blind_spots.length === 0) return []
  const cells = report.blind_spots.map(({ sessions, what, remedy }) => [
    grouped(sessions),
    escapeControls(what),
    escapeControls(remedy),
  ])
  return [section('What this log cannot prove', drawTable(BLIND_SPOT_COLUMNS, cells, style), style)]
}

function section(title: string, body: string, style: TableStyle): string {
  return `${style.colour ? `\u001b[1m${title}\u001b[0m` : title}\n${body}`
}

function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`
}
