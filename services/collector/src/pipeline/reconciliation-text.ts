import { DIRECTIONS, OUTCOMES } from '@tlsrep/schemas'
import { escapeControls } from './escape.ts'
import {
  check,
  DEAD_REASONS,
  type DeadReason,
  deadLines,
  IGNORED_CLASSES,
  type IgnoredClass,
  ignoredLines,
  type Reconciliation,
  type ReconciliationCheck,
} from './reconciliation.ts'

const IGNORED_WORDS: Record<IgnoredClass, string> = {
  other_program: 'of programs that are no mail server',
  empty: 'empty',
  other: 'nothing about TLS or sessions',
  noise: 'debug output in between',
  orphan: 'of sessions of which nothing else is left',
  duplicate: 'the same line again',
}

const DEAD_WORDS: Record<DeadReason, string> = {
  no_framing: 'no known syslog format',
  bad_stamp: 'a time stamp that is no time',
  binary: 'not text',
  too_long: 'longer than 64 KiB',
  unparsed: 'like a session line, and cannot be read',
}

/** Characters of a shape that are shown; the JSON has more. */
const SHAPE_SHOWN = 100

/** Unknown names shown; the JSON has them all. */
const NAMES_SHOWN = 20

/** The account for people, as lines without colour. Everything that came from the log is escaped. */
export function renderReconciliation(reconciliation: Reconciliation): string {
  const rows = [
    linesEquation(reconciliation),
    ...framingRows(reconciliation),
    ...classRows(reconciliation),
    ...deadRows(reconciliation),
    ...lossRows(reconciliation),
    sessionsEquation(reconciliation),
    ...outcomeRows(reconciliation),
    ...unknownNameRows(reconciliation),
  ]
  return `${rows.join('\n')}\n`
}

/** The account for scripts, as an object for JSON: all of it, and whether the equations hold. */
export function reconciliationJson(reconciliation: Reconciliation): Reconciliation & { balanced: ReconciliationCheck } {
  return { ...reconciliation, balanced: check(reconciliation) }
}

function linesEquation(reconciliation: Reconciliation): string {
  const { read, joined } = reconciliation.lines
  const right = `${grouped(joined)} joined + ${grouped(ignoredLines(reconciliation))} ignored + ${grouped(deadLines(reconciliation))} dead`
  return equation('lines', `${grouped(read)} read`, right, check(reconciliation).lines)
}

function sessionsEquation(reconciliation: Reconciliation): string {
  const { opened, emitted, open, handed_over } = reconciliation.sessions
  const right = `${grouped(emitted)} emitted + ${grouped(open)} open + ${grouped(handed_over)} handed over`
  return equation('sessions', `${grouped(opened)} opened`, right, check(reconciliation).sessions)
}

function equation(name: string, left: string, right: string, holds: boolean): string {
  const verdict = holds ? '=' : '≠'
  const complaint = holds ? '' : '  (does not add up: a fault of tlsrep, please report it)'
  return `${name.padEnd(9)} ${left} ${verdict} ${right}${complaint}`
}

function framingRows({ framings }: Reconciliation): string[] {
  return Object.entries(framings)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => row('framed', count, name, ''))
}

function classRows({ lines }: Reconciliation): string[] {
  return IGNORED_CLASSES.filter((name) => lines.ignored[name] > 0).map((name) =>
    row('ignored', lines.ignored[name], name, IGNORED_WORDS[name]),
  )
}

function deadRows({ lines, dead_samples }: Reconciliation): string[] {
  return DEAD_REASONS.filter((reason) => lines.dead[reason] > 0).flatMap((reason) => [
    row('dead', lines.dead[reason], reason, DEAD_WORDS[reason]),
    ...dead_samples
      .filter((sample) => sample.reason === reason)
      .map(
        ({ source, offset, shape }) =>
          `${' '.repeat(12)}${escapeControls(source)} at byte ${offset}: ${shortened(escapeControls(shape))}`,
      ),
  ])
}

function lossRows({ loss_notices }: Reconciliation): string[] {
  if (loss_notices === 0) return []
  return [row('of these', loss_notices, 'loss notices', 'the syslog daemon dropped lines: see its rate limits')]
}

function outcomeRows({ events }: Reconciliation): string[] {
  const rows = DIRECTIONS.flatMap((direction) =>
    OUTCOMES.filter((outcome) => events.outcomes[direction][outcome] > 0).map((outcome) =>
      row(direction, events.outcomes[direction][outcome], outcome, ''),
    ),
  )
  if (events.truncated > 0)
    rows.push(row('of these', events.truncated, 'truncated', 'beginning or end missing from the log'))
  return rows
}

function unknownNameRows({ unknown_names, unknown_names_others }: Reconciliation): string[] {
  if (unknown_names.length === 0) return []
  const shown = unknown_names.slice(0, NAMES_SHOWN)
  const others = unknown_names.slice(NAMES_SHOWN).reduce((total, { count }) => total + count, unknown_names_others)
  const rows = shown.map(({ kind, name, count }) => row(kind, count, escapeControls(name), ''))
  if (others > 0) rows.push(row('others', others, '', ''))
  return ['names that no table knows (kept as logged)', ...rows]
}

function row(kind: string, count: number, name: string, words: string): string {
  const explained = words === '' ? '' : `  (${words})`
  return `  ${kind.padEnd(9)} ${grouped(count).padStart(13)}  ${name}${explained}`
}

function shortened(text: string): string {
  return text.length > SHAPE_SHOWN ? `${text.slice(0, SHAPE_SHOWN)}…` : text
}

/** A whole number with its thousands apart, the same in every locale. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US')
}
