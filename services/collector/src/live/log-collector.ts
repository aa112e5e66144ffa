import { setTimeout as sleep } from 'node:timers/promises'
import { InvalidRecordError, type TlsNegotiation } from '@tlsrep/schemas'
import type { OriginalLines } from '../dead-letters/original-lines.ts'
import type { Framer } from '../framing/frame-line.ts'
import type { Follower, FollowItem, LineSource } from '../inputs/follower.ts'
import type { InputItem } from '../inputs/input.ts'
import type { LinePlace, ParserFactory, ParserOptions } from '../parsers/parser.ts'
import { type DeadLine, ParseRun } from '../pipeline/parse-run.ts'
import type { Reconciliation } from '../pipeline/reconciliation.ts'
import { type Appender, GivenUp } from './append.ts'
import { Batch } from './batch.ts'
import type { Checkpoints, Resume } from './checkpoints.ts'
import type { CollectorCounters } from './counters.ts'
import { Dispatch } from './dispatch.ts'
import { mergeLearned } from './merge-learned.ts'
import { Positions } from './positions.ts'
import { eventRecord, type GoesWith, invalidEventRecord, letterRecord } from './record-maker.ts'
import type { Troubles } from './troubles.ts'

export interface LogCollectorOptions {
  /** Configured name of the collector. */
  collector: string
  follower: Follower
  framer: Framer
  parsers: readonly ParserFactory[]
  parserOptions: ParserOptions
  /** Null for what cannot be read again. */
  checkpoints: Checkpoints | null
  resume: Resume
  /** Everything that was stored before the last stop has been read again; reading goes on from here. */
  resumed: (positions: Positions) => void
  appender: Appender
  originals: OriginalLines
  troubles: Troubles
  counters: CollectorCounters
  now: () => number
  /** Events and dead letters after which a batch is handed on. */
  batchRecords: number
  /** Milliseconds after which it is, full or not. */
  batchMs: number
  goesWith: GoesWith
}

/** A position is saved at least so often while lines come that make no events. */
const POSITION_MS = 1000
/** How long a stop waits for the event log to take what was read. What it does not take is read again at the next start. */
const STOP_MS = 5000
/** Follower's own bound is lower; this one is for streams. */
const LONGEST_WAIT_MS = 1000

/**
 * Collects one log: pulls lines, makes events of them, and hands these on in batches, each together with the position behind it. Nothing
 * is pulled while a full batch waits for the one before, so a store that stands still stops the reading.
 */
export class LogCollector {
  readonly #options: LogCollectorOptions
  readonly #run: ParseRun
  readonly #positions: Positions
  readonly #dispatch: Dispatch
  readonly #names = new Map<string, string>()
  #batch = new Batch()
  #file: LineSource | null = null
  #modifiedAt = Number.NaN
  #position = 0
  #bytesRead = 0
  /** The lines at hand were read before the last stop. */
  #again = false

  constructor(options: LogCollectorOptions) {
    this.#options = options
    const { appender, originals, troubles, counters, follower } = options
    this.#positions = new Positions(options.checkpoints)
    this.#dispatch = new Dispatch({ appender, originals, troubles, counters, done: () => follower.wake() })
    this.#run = new ParseRun({
      framer: options.framer,
      parsers: options.parsers,
      parserOptions: options.parserOptions,
      emit: (event) => this.#emit(event),
      onDead: (dead) => this.#bury(dead),
    })
    this.#restore()
  }

  /** The account of this process, lines read again included. */
  reconciliation(): Reconciliation {
    const account = this.#run.reconciliation()
    for (const sample of account.dead_samples) sample.source = this.#nameOf(sample.source)
    return account
  }

  /** Where reading is: the file, and the offset behind the last line taken; null before the first. */
  get position(): { source_name: string; offset: number } | null {
    return this.#file === null ? null : { source_name: this.#file.name, offset: this.#position }
  }

  /** Bytes known to wait in the log. */
  get behind(): number {
    return this.#options.follower.behind
  }

  /**
   * Runs until `signal` is aborted, or a stream ends.
   * @throws what an append was rejected with, where it was no outage; InputError of a stream
   */
  async run(signal: AbortSignal): Promise<void> {
    const { follower } = this.#options
    try {
      while (!signal.aborted) {
        const item = await follower.next(this.#waitMs())
        this.#countBytes()
        if (item.kind === 'over') break
        await this.#take(item, signal)
        await this.#handOnWhenDue(signal)
      }
      if (!signal.aborted) this.#run.finish()
      await (signal.aborted ? atMost(STOP_MS, this.#handOnRest()) : this.#handOnRest())
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error
    } finally {
      await follower.close()
    }
  }

  async #take(item: FollowItem, signal: AbortSignal): Promise<void> {
    switch (item.kind) {
      case 'lines':
        if (item.file !== this.#file && !item.again) await this.#handOnBefore(signal)
        if (!signal.aborted) this.#parse(item.file, item.item, item)
        return
      case 'rebuilt':
        this.#again = false
        // What the lines read again seemed to teach, without those before them, was known better.
        this.#restore()
        this.#options.resumed(this.#positions)
        return
      case 'finished':
        this.#options.counters.finished_files++
        this.#positions.finished(item.file)
        this.#batch.begin()
    }
  }

  #parse(
    file: LineSource,
    item: InputItem,
    { end, modifiedAt, again }: { end: number; modifiedAt: number; again: boolean },
  ): void {
    this.#again = again
    this.#enter(file, modifiedAt)
    const offset = item.kind === 'lines' ? item.block.offset : item.line.offset
    this.#positions.begin(file, offset, end - offset)
    this.#run.take(item)
    this.#positions.done(file, this.#run.sources.at(-1)?.lastTime ?? Number.NaN, again ? null : end)
    this.#position = end
    if (!again) this.#batch.begin()
  }

  #enter(file: LineSource, modifiedAt: number): void {
    if (file !== this.#file) {
      this.#file = file
      this.#names.set(file.source, file.name)
      this.#run.startSource({ name: file.source, modifiedAt })
    } else if (modifiedAt !== this.#modifiedAt) this.#options.framer.receivedAt(modifiedAt)
    this.#modifiedAt = modifiedAt
  }

  #emit(event: TlsNegotiation): void {
    if (this.#again) {
      this.#options.counters.repeated_events++
      return
    }
    event.source_name = this.#nameOf(event.source_name)
    try {
      this.#batch.addEvent(eventRecord(event, this.#options.goesWith))
    } catch (error) {
      if (!(error instanceof InvalidRecordError)) throw error
      this.#batch.addLetter(invalidEventRecord(event, error, this.#options.now()), null)
    }
  }

  #bury(dead: DeadLine): void {
    if (this.#again) return
    const { collector, now } = this.#options
    const sourceName = this.#nameOf(dead.source)
    const { reason, offset, text, start, end, refused } = dead
    const length = refused?.length ?? end - start
    const original = { reason, source: sourceName, offset, length, text: text.slice(start, end) }
    this.#batch.addLetter(letterRecord(dead, { collector, sourceName, diedAt: now() }), original)
  }

  #nameOf(source: string): string {
    return this.#names.get(source) ?? source
  }

  #restore(): void {
    const { learned } = this.#options.resume
    if (learned !== null) for (const parser of this.#run.parsers) parser.restore(learned)
  }

  #countBytes(): void {
    const { bytesRead } = this.#options.follower
    this.#options.counters.received_bytes += bytesRead - this.#bytesRead
    this.#bytesRead = bytesRead
  }

  #waitMs(): number {
    // When the batch under way is done, the wait is cut short.
    if (this.#batch.since === null || this.#dispatch.isBusy) return LONGEST_WAIT_MS
    return Math.max(0, Math.min(this.#dueAt() - performance.now(), LONGEST_WAIT_MS))
  }

  #dueAt(): number {
    const { since, holdsRecords } = this.#batch
    if (since === null) return Number.POSITIVE_INFINITY
    return since + (holdsRecords ? this.#options.batchMs : POSITION_MS)
  }

  async #handOnWhenDue(signal: AbortSignal): Promise<void> {
    this.#dispatch.check()
    const isFull = this.#batch.isFull(this.#options.batchRecords)
    if (!isFull && performance.now() < this.#dueAt()) return
    if (isFull) await this.#free(signal)
    if (!this.#dispatch.isBusy) this.#handOn()
  }

  /** A batch is of one file: the position that goes with it can be of one only. */
  async #handOnBefore(signal: AbortSignal): Promise<void> {
    if (this.#batch.since === null) return
    await this.#free(signal)
    if (!signal.aborted) this.#handOn()
  }

  async #handOnRest(): Promise<void> {
    await this.#dispatch.free()
    if (this.#batch.since !== null) this.#handOn()
    await this.#dispatch.free()
  }

  #handOn(): void {
    const batch = this.#batch
    this.#batch = new Batch()
    const { parsers } = this.#run
    const oldestOpen = parsers
      .map((parser) => parser.oldestOpen())
      .filter((place): place is LinePlace => place !== null)
    const learned = mergeLearned(parsers.map((parser) => parser.learned()))
    this.#dispatch.start(batch, this.#positions.records({ oldestOpen, learned }))
  }

  /** Waits until nothing is under way, or the signal is aborted. */
  async #free(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    let stop: () => void = () => {}
    const stopped = new Promise<void>((resolve) => {
      stop = resolve
      signal.addEventListener('abort', stop, { once: true })
    })
    try {
      await Promise.race([this.#dispatch.free(), stopped])
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }
}

/** Waits for work to be done, no longer than `ms` milliseconds. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const done = new AbortController()
  const timeout = sleep(ms, undefined, { signal: done.signal }).catch(() => {})
  try {
    await Promise.race([work, timeout])
  } finally {
    done.abort()
  }
}
