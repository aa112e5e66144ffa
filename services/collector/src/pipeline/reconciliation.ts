import { type Direction, OUTCOMES, type Outcome } from '@tlsrep/schemas'
import type { LineClass } from '../parsers/parser.ts'

/**
 * Lines that are accounted for without being part of a session: of programs that no parser claims, empty ones, and the classes of
 * `LineClass`.
 */
export const IGNORED_CLASSES = ['other_program', 'empty', 'other', 'noise', 'orphan', 'duplicate'] as const
export type IgnoredClass = (typeof IGNORED_CLASSES)[number]

/** Why a line became a dead letter: no framing reads it, its stamp is no time, it is no text, it is too long, no parser reads it. */
export const DEAD_REASONS = ['no_framing', 'bad_stamp', 'binary', 'too_long', 'unparsed'] as const
export type DeadReason = (typeof DEAD_REASONS)[number]

/** Where a dead letter was found, and what it looked like without saying what it said. */
export interface DeadSample {
  reason: DeadReason
  source: string
  offset: number
  /** Redacted: letters are `a`, digits `9`. Log text all the same: escape control characters when it is shown. */
  shape: string
}

export interface UnknownNameCount {
  kind: string
  /** As logged: escape control characters when it is shown. */
  name: string
  count: number
}

/**
 * Every line and every session, accounted for. Two equations hold at every moment, during a run and after it:
 * lines read = joined + ignored + dead, and sessions opened = emitted + open + handed over.
 */
export interface Reconciliation {
  lines: {
    read: number
    joined: number
    ignored: Record<IgnoredClass, number>
    dead: Record<DeadReason, number>
  }
  /** Lines by the framing that read them. */
  framings: Record<string, number>
  sessions: {
    opened: number
    emitted: number
    open: number
    /** postscreen PASS that smtpd went on with: one connection, emitted once. */
    handed_over: number
  }
  /** Events received from the parsers, counted apart from the parsers' own book-keeping. */
  events: {
    count: number
    truncated: number
    outcomes: Record<Direction, Record<Outcome, number>>
  }
  /** Lines in which a syslog daemon says that it lost lines. */
  loss_notices: number
  /** The first few dead letters of each reason. */
  dead_samples: DeadSample[]
  unknown_names: UnknownNameCount[]
  /** Sightings of unknown names beyond those kept by name. */
  unknown_names_others: number
}

export function createReconciliation(): Reconciliation {
  return {
    lines: { read: 0, joined: 0, ignored: zeros(IGNORED_CLASSES), dead: zeros(DEAD_REASONS) },
    framings: {},
    sessions: { opened: 0, emitted: 0, open: 0, handed_over: 0 },
    events: { count: 0, truncated: 0, outcomes: { inbound: zeros(OUTCOMES), outbound: zeros(OUTCOMES) } },
    loss_notices: 0,
    dead_samples: [],
    unknown_names: [],
    unknown_names_others: 0,
  }
}

function zeros<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>
}

/** Counts a line under the class that its parser gave it. */
export function countLine(lines: Reconciliation['lines'], lineClass: LineClass): void {
  switch (lineClass) {
    case 'joined':
      lines.joined++
      return
    case 'ignored_other':
      lines.ignored.other++
      return
    case 'ignored_noise':
      lines.ignored.noise++
      return
    case 'ignored_orphan':
      lines.ignored.orphan++
      return
    case 'ignored_duplicate':
      lines.ignored.duplicate++
      return
    case 'dead_unparsed':
      lines.dead.unparsed++
  }
}

export function ignoredLines({ lines }: Reconciliation): number {
  return sum(lines.ignored)
}

export function deadLines({ lines }: Reconciliation): number {
  return sum(lines.dead)
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

export interface ReconciliationCheck {
  /** Every line read has exactly one class. */
  lines: boolean
  /** Every session opened has one fate, and every one emitted has arrived. */
  sessions: boolean
}

/** Whether both equations hold. False is a fault of tlsrep, never of the log. */
export function check(reconciliation: Reconciliation): ReconciliationCheck {
  const { lines, sessions, events } = reconciliation
  const received = sum(events.outcomes.inbound) + sum(events.outcomes.outbound)
  return {
    lines: lines.read === lines.joined + ignoredLines(reconciliation) + deadLines(reconciliation),
    sessions:
      sessions.opened === sessions.emitted + sessions.open + sessions.handed_over &&
      sessions.emitted === events.count &&
      events.count === received,
  }
}
