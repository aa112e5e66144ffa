import { setTimeout as sleep } from 'node:timers/promises'
import { UnknownNames } from '@tlsrep/core'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import type { Checkpoint } from '@tlsrep/schemas'
import type { OriginalLines } from '../dead-letters/original-lines.ts'
import { createFramer, type Framer } from '../framing/frame-line.ts'
import { openFileSource } from '../inputs/file-source.ts'
import { findLogs, isGlob, MAX_LOGS } from '../inputs/find-logs.ts'
import type { Follower } from '../inputs/follower.ts'
import { STDIN_NAME } from '../inputs/input-error.ts'
import { LogFollower } from '../inputs/log-follower.ts'
import { type LogPlace, pathIn } from '../inputs/log-names.ts'
import { StreamFollower } from '../inputs/stream-follower.ts'
import type { ParserFactory } from '../parsers/parser.ts'
import type { Reconciliation } from '../pipeline/reconciliation.ts'
import { Appender, GivenUp } from './append.ts'
import { Checkpoints, type Resume, resumeOf, storedCheckpoints, unusable } from './checkpoints.ts'
import type { CollectorInput, CollectorOptions } from './collector-options.ts'
import { type CollectorCounters, createCollectorCounters } from './counters.ts'
import { LogCollector } from './log-collector.ts'
import { fileGone, logReports } from './log-reports.ts'
import type { Positions } from './positions.ts'
import { Troubles } from './troubles.ts'

/** Between two looks for new logs of a glob. */
const FIND_MS = 5000
/** Positions of files that are gone for so long are forgotten. */
const FORGET_MS = 86_400_000
/** In process a batch is one insert into ClickHouse, of which large ones are cheap. Kafka takes smaller ones as fast, for less memory. */
const BATCH_EVENTS = { inProcess: 20_000, onKafka: 6_000 }
const BATCH_MS = 100
/** Bytes of a line too long that are kept. */
const LINES = { headBytes: 4096 }

/** One log as it stands. */
export interface LogStatus {
  /** Path of the log, or `stdin`. */
  log: string
  /** The file being read, and the offset behind the last line taken; null before the first. */
  position: { source_name: string; offset: number } | null
  /** Bytes known to wait. */
  behind: number
  /** Lines and sessions since the start, those read again after a restart included. */
  reconciliation: Reconciliation
}

/** Collects the logs of one input. */
export class InputCollector {
  readonly name: string
  readonly counters: CollectorCounters = createCollectorCounters()
  readonly #input: CollectorInput
  readonly #options: CollectorOptions
  readonly #parsers: readonly ParserFactory[]
  readonly #originals: OriginalLines
  readonly #troubles: Troubles
  readonly #logs = new Map<string, LogCollector>()

  constructor(
    input: CollectorInput,
    options: CollectorOptions,
    parsers: readonly ParserFactory[],
    originals: OriginalLines,
  ) {
    this.name = input.name
    this.#input = input
    this.#options = options
    this.#parsers = parsers
    this.#originals = originals
    this.#troubles = new Troubles(options.logger, { input: input.name })
  }

  logs(): LogStatus[] {
    return [...this.#logs].map(([log, collector]) => ({
      log,
      position: collector.position,
      behind: collector.behind,
      reconciliation: collector.reconciliation(),
    }))
  }

  /** @throws what a log's collector fails with */
  async run(signal: AbortSignal): Promise<void> {
    const { from } = this.#input
    try {
      await (from.kind === 'stdin' ? this.#runStream(signal) : this.#runLogs(from.paths, signal))
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error
    }
  }

  async #runLogs(paths: readonly string[], signal: AbortSignal): Promise<void> {
    const failed = new AbortController()
    const stop = AbortSignal.any([signal, failed.signal])
    const appender = this.#appender(stop)
    const stored = await this.#stored(appender, stop)
    const running: Promise<void>[] = []
    let failure: { error: unknown } | null = null
    const isOpenEnded = paths.some(isGlob)
    do {
      for (const place of await this.#newLogs(paths)) {
        const log = this.#follow(place, stored, appender, stop)
        const run = log.run(stop).catch((error: unknown) => {
          failure ??= { error }
          failed.abort()
        })
        running.push(run)
      }
      if (isOpenEnded) await sleep(FIND_MS, undefined, { signal: stop }).catch(() => {})
    } while (isOpenEnded && !stop.aborted)
    await Promise.all(running)
    this.#throwIf(failure)
  }

  #throwIf(failure: { error: unknown } | null): void {
    if (failure !== null) throw failure.error
  }

  async #newLogs(paths: readonly string[]): Promise<LogPlace[]> {
    const { logs, leftOut } = await findLogs(paths)
    const where = paths.join(', ')
    if (logs.length === 0) this.#troubles.met(where, noLogs(where))
    else this.#troubles.over(where)
    if (leftOut > 0) this.#troubles.met('logs left out', tooManyLogs(where, leftOut))
    return logs.filter((place) => !this.#logs.has(pathIn(place, place.base)))
  }

  #follow(
    place: LogPlace,
    stored: ReadonlyMap<string, Checkpoint>,
    appender: Appender,
    signal: AbortSignal,
  ): LogCollector {
    const { collector, now, chunkBytes } = this.#options
    const resume = resumeOf(stored, place)
    const newest = Math.max(0, ...resume.updatedAt.values())
    const follower = new LogFollower({
      place,
      known: resume.known,
      reports: logReports(this.#troubles, this.counters),
      signal,
      lines: LINES,
      ...(chunkBytes !== undefined && { chunkBytes }),
    })
    const resumed = (positions: Positions): void => this.#lookForGone(follower, resume, positions)
    const checkpoints = new Checkpoints(collector, this.name, now, newest)
    return this.#collect(pathIn(place, place.base), { follower, checkpoints, resume, resumed, appender })
  }

  #lookForGone(follower: LogFollower, { newest, updatedAt }: Resume, positions: Positions): void {
    for (const { key, name, member, position } of follower.files) {
      if (key === null || member !== null) continue
      if (key === newest) {
        this.counters.checkpoints_unusable++
        this.#troubles.said(fileGone(name, position))
      }
      if (this.#options.now() - (updatedAt.get(key) ?? 0) > FORGET_MS) positions.forget(key)
    }
  }

  async #runStream(signal: AbortSignal): Promise<void> {
    this.#options.logger.info(
      { input: this.name },
      'reads standard input: no position in it can be saved, so what was read and not stored is lost when tlsrep stops',
    )
    const stream = await openFileSource('-', { now: this.#options.now(), lines: LINES })
    const follower = new StreamFollower(stream, signal, this.#options.now)
    const appender = this.#appender(signal)
    const resume = { known: [], learned: null, newest: null, updatedAt: new Map() }
    await this.#collect(STDIN_NAME, { follower, checkpoints: null, resume, resumed: () => {}, appender }).run(signal)
  }

  #collect(
    log: string,
    parts: {
      follower: Follower
      checkpoints: Checkpoints | null
      resume: Resume
      resumed: (positions: Positions) => void
      appender: Appender
    },
  ): LogCollector {
    const { collector, maxOpenSessions, listenerName, now, batchEvents, batchMs, inProcess } = this.#options
    const made = new LogCollector({
      ...parts,
      collector,
      framer: this.#framer(),
      parsers: this.#parsers,
      parserOptions: { collector, maxOpenSessions, listenerName, unknownNames: new UnknownNames() },
      originals: this.#originals,
      troubles: this.#troubles,
      counters: this.counters,
      now,
      batchRecords: batchEvents ?? (inProcess === true ? BATCH_EVENTS.inProcess : BATCH_EVENTS.onKafka),
      batchMs: batchMs ?? BATCH_MS,
      goesWith: inProcess === true ? 'facts' : 'key',
    })
    this.#logs.set(log, made)
    return made
  }

  #framer(): Framer {
    const { zone, hostZones, host } = this.#input
    const framer = createFramer({ zone, hostZones, notAfter: this.#options.now() })
    if (host === undefined) return framer
    return {
      ...framer,
      frame(line) {
        const answer = framer.frame(line)
        if (answer === true && line.host === '') line.host = host
        return answer
      },
    }
  }

  #appender(signal: AbortSignal): Appender {
    const { eventLog, isOutage } = this.#options
    return new Appender({ eventLog, isOutage, troubles: this.#troubles, counters: this.counters, signal })
  }

  /** The input's checkpoints; those that cannot be read are said and forgotten. */
  async #stored(appender: Appender, signal: AbortSignal): Promise<ReadonlyMap<string, Checkpoint>> {
    const { collector, now } = this.#options
    const records = await appender.patiently('tls.checkpoints', () =>
      this.#options.eventLog.readCompacted('tls.checkpoints'),
    )
    const { good, damaged } = storedCheckpoints(records, collector, this.name)
    const checkpoints = new Checkpoints(collector, this.name, now)
    for (const [key, why] of damaged) {
      this.counters.checkpoints_unusable++
      this.#troubles.said(unusable(`${this.name}, ${key}`, why))
      if (signal.aborted) break
      await appender.append({ topic: 'tls.negotiations', records: [], checkpoint: checkpoints.tombstone(key) })
    }
    return good
  }
}

function noLogs(where: string): OperatorError {
  return new OperatorError({
    code: 'TLSREP_LOG_NOT_FOUND',
    message: `No log is found by ${where}. It is looked for again every few seconds.`,
    where,
    remedy: 'Check the path or glob, and that its directories may be entered.',
  })
}

function tooManyLogs(where: string, leftOut: number): OperatorError {
  return new OperatorError({
    code: 'TLSREP_TOO_MANY_LOGS',
    message: `${where} names ${MAX_LOGS + leftOut} logs; ${leftOut} of them are not read.`,
    where,
    remedy: `One input reads ${MAX_LOGS} logs at once. Divide them among several inputs, or let the syslog daemon write them into one file.`,
  })
}
