import { type Stats, statSync } from 'node:fs'
import { createFramer } from '@tlsrep/collector/framing/frame-line'
import { openFileSource } from '@tlsrep/collector/inputs/file-source'
import { InputError } from '@tlsrep/collector/inputs/input-error'
import type { ParserFactory } from '@tlsrep/collector/parsers/parser'
import { createPostfixParser } from '@tlsrep/collector/parsers/postfix/postfix'
import { escapeControls } from '@tlsrep/collector/pipeline/escape'
import { ParseRun, parseSource } from '@tlsrep/collector/pipeline/parse-run'
import { reconciliationJson, renderReconciliation } from '@tlsrep/collector/pipeline/reconciliation-text'
import { UnknownNames } from '@tlsrep/core'
import type { TlsNegotiation } from '@tlsrep/schemas'
import { toJson } from '@tlsrep/schemas/json'
import { EXIT } from '../exit-codes.ts'
import { LineWriter, written } from '../output/line-writer.ts'
import { NO_PROGRESS, type Progress, showProgress } from '../output/progress.ts'
import { drawReport } from '../table/draw-report.ts'
import { styleFor } from '../table/draw-table.ts'
import { ReportBuilder } from '../table/report.ts'
import type { CommandIo } from './command-io.ts'
import { orderComplaint } from './file-order.ts'
import { MTA_NAMES, type ParseOptions } from './parse-options.ts'

/** In the order in which they are asked whose a program is. */
const PARSERS: Readonly<Record<(typeof MTA_NAMES)[number], ParserFactory>> = { postfix: createPostfixParser }

/** More sessions than any MTA host holds at once, in less than 1 GB; a log that opens more is cut, and says so by `truncated`. */
const MAX_OPEN_SESSIONS = 1_000_000

/**
 * Reads logs from their beginning to their end: events to stdout, the account of every line and session to stderr.
 * @returns the exit code
 */
export async function parse(paths: readonly string[], options: ParseOptions, io: CommandIo): Promise<number> {
  const writer = new LineWriter(io.stdout, io.signal)
  const report = options.table ? new ReportBuilder() : undefined
  const emit =
    report === undefined
      ? (event: TlsNegotiation) => writer.line(toJson(event))
      : (event: TlsNegotiation) => report.add(event)
  const run = createRun(options, io, emit)
  const errors = await readSources(paths, run, options, io, () => writer.flush())
  if (!io.signal.aborted) {
    run.finish()
    if (report !== undefined) writeReport(report, run, options, io, writer)
  }
  await writer.end()
  await written(io.stderr, options.json ? accountJson(run, errors) : accountText(run, options, io))
  return io.signal.aborted ? EXIT.interrupted : Math.max(EXIT.ok, ...errors.map(exitCodeOf))
}

function exitCodeOf(error: InputError): number {
  return error.inTheMiddle ? EXIT.faults : EXIT.usage
}

function createRun(options: ParseOptions, io: CommandIo, emit: (event: TlsNegotiation) => void): ParseRun {
  const year = options.year === undefined ? {} : { year: options.year }
  return new ParseRun({
    framer: createFramer({
      ...year,
      notAfter: io.now(),
      zone: options.tz?.everywhere ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
      hostZones: options.tz?.byHost,
    }),
    parsers: Object.entries(PARSERS)
      .filter(([name]) => options.mta === 'auto' || options.mta === name)
      .map(([, create]) => create),
    parserOptions: {
      collector: options.collector ?? '',
      maxOpenSessions: MAX_OPEN_SESSIONS,
      listenerName: () => undefined,
      unknownNames: new UnknownNames(),
    },
    emit,
    yearGiven: options.year !== undefined,
  })
}

/**
 * Reads the sources one after another. One that cannot be read is reported and left out; the others are still worth reading.
 * @returns what went wrong
 */
async function readSources(
  paths: readonly string[],
  run: ParseRun,
  options: ParseOptions,
  io: CommandIo,
  flush: () => Promise<void> | undefined,
): Promise<InputError[]> {
  const progress = progressFor(paths, options, io)
  const errors: InputError[] = []
  let bytesRead = 0
  for (const path of paths) {
    if (io.signal.aborted) break
    try {
      const bytesBefore = bytesRead
      const source = await openFileSource(path, { now: io.now() })
      await parseSource(run, source, io.signal, () => {
        bytesRead = bytesBefore + source.bytesRead
        progress.update(bytesRead, run.linesRead)
        return flush()
      })
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      errors.push(error)
      // As JSON, errors are a part of the account, so that stderr is one line.
      if (options.json) continue
      progress.interrupt(() => io.stderr.write(`tlsrep: ${escapeControls(error.message)}\n`))
    }
  }
  progress.stop()
  return errors
}

function progressFor(paths: readonly string[], options: ParseOptions, io: CommandIo): Progress {
  // Events on the same terminal would be written over the bar.
  const eventsOnTerminal = io.stdout.isTTY && !options.table
  if (!options.progress || !io.stderr.isTTY || eventsOnTerminal) return NO_PROGRESS
  return showProgress(io.stderr, totalBytes(paths))
}

/** What cannot be opened is not counted: it will not be read. Null where a pipe is among them. */
function totalBytes(paths: readonly string[]): number | null {
  let total = 0
  for (const path of paths) {
    const stats = path === '-' ? undefined : statsOf(path)
    if (path === '-' || stats?.isFIFO()) return null
    if (stats?.isFile()) total += stats.size
  }
  return total
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    // Said when it is opened.
    return undefined
  }
}

function writeReport(
  builder: ReportBuilder,
  run: ParseRun,
  options: ParseOptions,
  io: CommandIo,
  writer: LineWriter,
): void {
  const report = builder.report(run.reconciliation().sessions.handed_over)
  const text = options.json ? JSON.stringify(report) : drawReport(report, styleFor(io.stdout, io.env)).trimEnd()
  writer.line(text)
}

function accountJson(run: ParseRun, errors: readonly InputError[]): string {
  return `${JSON.stringify({
    ...reconciliationJson(run.reconciliation()),
    errors: errors.map(({ code, source, message }) => ({ code, source, message })),
    notes: notes(run),
  })}\n`
}

function accountText(run: ParseRun, options: ParseOptions, io: CommandIo): string {
  return [
    // On a terminal the account follows the tables.
    options.table && io.stdout.isTTY ? '\n' : '',
    io.signal.aborted ? 'tlsrep: interrupted. The account so far:\n' : '',
    renderReconciliation(run.reconciliation()),
    ...notes(run).map((note) => `tlsrep: ${escapeControls(note)}\n`),
  ].join('')
}

/** What the user should know beside the numbers. */
function notes(run: ParseRun): string[] {
  const { lines, sessions } = run.reconciliation()
  const order = orderComplaint(run.sources)
  const nothing =
    lines.read > 0 && sessions.opened === 0
      ? `No session found: no line is of the session programs of a mail server that is read (${MTA_NAMES.join(', ')}).`
      : undefined
  return [order, nothing].filter((note) => note !== undefined)
}
