import type { LogRecord } from '@tlsrep/platform/event-log/event-log'
import type { LineSource } from '../inputs/follower.ts'
import { LogFile } from '../inputs/log-file.ts'
import type { Learned, LinePlace } from '../parsers/parser.ts'
import type { Checkpoints } from './checkpoints.ts'
import { ReadTrail } from './read-trail.ts'

/** What the parsers say when a position is to be saved. */
export interface ParserView {
  oldestOpen: readonly LinePlace[]
  learned: Learned
}

/** How far each file of a log has come, and what of it a restart would have to read again. */
export class Positions {
  readonly #checkpoints: Checkpoints | null
  readonly #trail = new ReadTrail()
  /** Of files that were read in this process: the offset behind the last line taken. */
  readonly #ends = new Map<LogFile, number>()
  /** Files whose saved position asks for lines to be read again, or was not saved since they ended. */
  readonly #unsettled = new Set<LogFile>()
  readonly #gone: LogRecord[] = []
  #current: LogFile | null = null
  /** Log time of the newest line. */
  #newest = Number.NEGATIVE_INFINITY

  /** @param checkpoints null: nothing can be read again, so no position is saved */
  constructor(checkpoints: Checkpoints | null) {
    this.#checkpoints = checkpoints
  }

  /** A block that begins at `offset` is about to be parsed. */
  begin(file: LineSource, offset: number, length: number): void {
    this.#trail.note({ source: file.source, offset }, length, this.#newest)
  }

  /** It has been parsed. @param newest log time of its last line; NaN: none. @param end null where it was read again */
  done(file: LineSource, newest: number, end: number | null): void {
    if (newest > this.#newest) this.#newest = newest
    if (!(file instanceof LogFile)) return
    if (end === null) {
      this.#ends.set(file, file.position)
      this.#unsettled.add(file)
      return
    }
    this.#ends.set(file, end)
    this.#current = file
  }

  finished(file: LineSource): void {
    if (!(file instanceof LogFile)) return
    if (!this.#ends.has(file)) this.#ends.set(file, file.position)
    this.#unsettled.add(file)
  }

  /** The file does not exist any more: its position is to be forgotten. */
  forget(key: string): void {
    if (this.#checkpoints !== null) this.#gone.push(this.#checkpoints.tombstone(key))
  }

  /** What has to be saved now: first, to be saved with the events, the position of the file that is being read. */
  records({ oldestOpen, learned }: ParserView): LogRecord[] {
    const checkpoints = this.#checkpoints
    if (checkpoints === null) return []
    this.#trail.need(oldestOpen)
    const records: LogRecord[] = []
    const save = (file: LogFile): void => {
      const emittedTo = this.#ends.get(file) ?? file.position
      const resumeFrom = Math.min(this.#trail.resumeFrom(file.source) ?? emittedTo, emittedTo)
      records.push(checkpoints.record(file, { emittedTo, resumeFrom, newestLineAt: this.#newest, learned }))
      if (resumeFrom < emittedTo) this.#unsettled.add(file)
      else this.#unsettled.delete(file)
    }
    const current = this.#current
    if (current !== null) save(current)
    for (const file of this.#unsettled) {
      if (file !== current && this.#trail.resumeFrom(file.source) === undefined) save(file)
    }
    records.push(...this.#gone.splice(0))
    return records
  }
}
