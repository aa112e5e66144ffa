import { stat } from 'node:fs/promises'
import { ChangeWait } from './change-wait.ts'
import type { Follower, FollowItem } from './follower.ts'
import type { InputItem } from './input.ts'
import { InputError } from './input-error.ts'
import { type LineBlockOptions, LineCutter } from './line-blocks.ts'
import { LogCatalogue } from './log-catalogue.ts'
import type { KnownFile, LogFile } from './log-file.ts'
import { LogMembers } from './log-members.ts'
import { type LogPlace, pathIn } from './log-names.ts'
import { isDamage, type LogReader, openReader, type ReadResult } from './log-reader.ts'

/** What somebody should know of a log that is followed. Paths may be of the log's own making: escape control characters. */
export interface FollowReports {
  /** These files cannot be used for now, all of them; empty when all can. Comes with every look at the directory. */
  errors(errors: readonly InputError[]): void
  /** A file was emptied or cut, and `bytes` that had been seen in it were not read. */
  lost(file: LogFile, bytes: number): void
  /** A file ends before the place up to which it was read; it is read from its beginning. */
  shrunk(file: LogFile): void
}

export interface LogFollowerOptions {
  place: LogPlace
  known: readonly KnownFile[]
  reports: FollowReports
  signal: AbortSignal
  /** Milliseconds between two looks at a file that says nothing; several times that where it has said nothing for long. */
  pollMs?: number
  /** Milliseconds between two looks at the directory while nothing speaks for a change; after an error, also before the next try. */
  lookMs?: number
  chunkBytes?: number
  lines?: LineBlockOptions
}

const POLL_MS = 80
/** In waits: after so many in which nothing happened, each is so many times as long. Where the operating system tells, it ends at once. */
const QUIET = { after: 25, times: 6 }
const CHUNK_BYTES = 256 * 1024
const LOOK_MS = 2000

interface Open {
  file: LogFile
  reader: LogReader
  cutter: LineCutter
  /** Where to stop, when lines are read again. */
  to: number | null
  position: number
  /** Of the bytes read last; milliseconds since 1970 UTC. */
  modifiedAt: number
  /** It was waited on: whoever writes it may not have gone over to the next file yet. */
  waitedOn: boolean
  /** It was at its end after its successor had been seen. */
  settled: boolean
}

/**
 * Follows one log through rotation, in whatever way it is done. All files of the log are one list in time order, each known by inode and
 * content: what is read next is the first of them with bytes that were not read, and where there is none, the newest is waited on. So
 * catching up, renaming, truncation after a copy and late lines in a rotated file are one case.
 */
export class LogFollower implements Follower<LogFile> {
  bytesRead = 0
  readonly #place: LogPlace
  readonly #members: LogMembers
  readonly #catalogue: LogCatalogue
  readonly #reports: FollowReports
  readonly #signal: AbortSignal
  readonly #wait: ChangeWait
  readonly #pollMs: number
  readonly #lookMs: number
  readonly #buffer: Buffer
  readonly #lines: LineBlockOptions
  readonly #queue: FollowItem<LogFile>[] = []
  #open: Open | null = null
  #rebuilt = false
  #lookAt = 0
  /** Waits since something happened. */
  #quiet = 0
  #baseSeen = ''
  #baseUnreadable = false
  readonly #failed = new Map<LogFile, InputError>()

  constructor(options: LogFollowerOptions) {
    this.#place = options.place
    this.#members = new LogMembers(options.place)
    this.#reports = options.reports
    this.#catalogue = new LogCatalogue(options.known, options.reports.shrunk)
    this.#signal = options.signal
    this.#wait = new ChangeWait(options.signal)
    this.#pollMs = options.pollMs ?? POLL_MS
    this.#lookMs = options.lookMs ?? LOOK_MS
    this.#buffer = Buffer.allocUnsafeSlow(options.chunkBytes ?? CHUNK_BYTES)
    this.#lines = options.lines ?? {}
  }

  async next(waitMs: number): Promise<FollowItem<LogFile>> {
    for (;;) {
      const item = this.#queue.shift()
      if (item !== undefined) return item
      if (this.#signal.aborted) return { kind: 'over' }
      if (await this.#advance()) {
        this.#quiet = 0
        continue
      }
      const poll = this.#quiet < QUIET.after ? this.#pollMs : QUIET.times * this.#pollMs
      const stirs = await this.#wait.wait(this.#open?.file.member?.path ?? null, Math.min(waitMs, poll))
      this.#quiet = stirs ? 0 : this.#quiet + 1
      return { kind: 'idle' }
    }
  }

  wake(): void {
    this.#wait.wake()
  }

  /** Files found at the last look, in time order, and those that are remembered. */
  get files(): readonly LogFile[] {
    return this.#catalogue.files
  }

  get behind(): number {
    const open = this.#open
    return this.files.reduce((bytes, file) => {
      const grown = open?.file === file && open.reader.grows ? open.reader.size - file.position : 0
      return bytes + Math.max(file.unread, grown)
    }, 0)
  }

  async close(): Promise<void> {
    this.#wait.close()
    const open = this.#open
    this.#open = null
    await open?.reader.close()
  }

  /** One step; false when there is nothing to do but wait. */
  async #advance(): Promise<boolean> {
    const open = this.#open
    if (open === null) return this.#openNext()
    try {
      return await this.#readOn(open)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      await this.#giveUp(open, error)
      return true
    }
  }

  async #readOn(open: Open): Promise<boolean> {
    const most = open.to === null ? this.#buffer.length : Math.min(this.#buffer.length, open.to - open.position)
    const result: ReadResult = most === 0 ? { kind: 'end' } : await open.reader.read(most)
    if (result.kind === 'bytes') {
      open.position += result.bytes.length
      open.settled = false
      open.modifiedAt = result.modifiedAt
      this.bytesRead += result.bytes.length
      this.#failed.delete(open.file)
      this.#handOver(open, open.cutter.take(result.bytes))
      return true
    }
    if (result.kind === 'replaced') return this.#replaced(open, result.lost)
    return open.to === null && open.reader.grows ? this.#atEndForNow(open) : this.#atEnd(open)
  }

  #handOver({ file, cutter, to, modifiedAt }: Open, items: Iterable<InputItem>): void {
    for (const item of items) {
      const end = cutter.offset
      if (to === null) file.position = end
      this.#queue.push({ kind: 'lines', file, item, end, modifiedAt, again: to !== null })
    }
  }

  /** Goes on to the next file only when the writer has: its first lines are there, and a look after that found no more here. */
  async #atEndForNow(open: Open): Promise<boolean> {
    const { file } = open
    await this.#look(false)
    if (this.#newest === file) {
      open.waitedOn = true
      if (this.#nextUnread(file) === undefined) return false
      // Late lines of an older file; an unfinished line here is read again afterwards.
      await this.close()
      return true
    }
    if (!open.settled) {
      // What was written between the last read and the successor's first line is still to be read.
      open.settled = true
      return !open.waitedOn
    }
    return this.#atEnd(open)
  }

  async #atEnd(open: Open): Promise<boolean> {
    const { file } = open
    this.#handOver(open, open.cutter.end())
    if (open.to === null) {
      file.finish()
      this.#queue.push({ kind: 'finished', file })
    }
    file.again = null
    await this.close()
    return true
  }

  /** What was not read yet is in the copy that was made before, if one was. */
  async #replaced(open: Open, lost: number): Promise<boolean> {
    const { file } = open
    await this.#look(true)
    if (file.member !== null) {
      const reader = await openReader(file, file.member, open.position, this.#buffer)
      await open.reader.close()
      if (reader === null) this.#open = null
      else this.#open = { ...open, reader, waitedOn: false }
      return true
    }
    if (lost > 0 && this.files.includes(file)) this.#reports.lost(file, lost)
    return this.#atEnd(open)
  }

  /** What is damaged stays so until the file is another; all else is tried again. */
  async #giveUp({ file }: Open, error: InputError): Promise<void> {
    if (isDamage(error)) {
      file.exhaust()
      file.again = null
    }
    await this.close()
    this.#leave(file, error)
    this.#lookAt = 0
  }

  /** It is tried again after a while; but one renamed since it was found at once, or a newer file would be read before it. */
  #leave(file: LogFile, error: InputError): void {
    if (error.code === 'not_found') return
    this.#failed.set(file, error)
    file.retryAt = performance.now() + this.#lookMs
  }

  async #openNext(): Promise<boolean> {
    await this.#look(false)
    if (!this.#rebuilt) return this.#openAgain()
    const newest = this.#newest
    const file = this.#nextUnread(null) ?? (newest?.member?.compression === 'none' ? newest : undefined)
    return file !== undefined && this.#openAt(file, file.position, null)
  }

  async #openAgain(): Promise<boolean> {
    if (this.#baseUnreadable) return false
    const file = this.files.find(({ again, member }) => again !== null && member !== null)
    if (file?.again) return this.#openAt(file, file.again.from, file.again.to)
    this.#rebuilt = true
    this.#queue.push({ kind: 'rebuilt' })
    return true
  }

  async #openAt(file: LogFile, from: number, to: number | null): Promise<boolean> {
    if (file.member === null || file.retryAt > performance.now()) return false
    try {
      const reader = await openReader(file, file.member, from, this.#buffer)
      if (reader !== null) {
        file.openedAt(file.member.path)
        const cutter = new LineCutter(file.source, this.#lines, from)
        const { modifiedAt } = file.member
        this.#open = { file, reader, cutter, to, position: from, modifiedAt, waitedOn: false, settled: false }
        return true
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      this.#leave(file, error)
    }
    // It is not there any more, or not readable: the next look will tell.
    this.#lookAt = 0
    return false
  }

  /** The one that is written to, or was last. */
  get #newest(): LogFile | undefined {
    return this.files.findLast((file) => file.member !== null || file === this.#open?.file)
  }

  #nextUnread(except: LogFile | null): LogFile | undefined {
    const now = performance.now()
    return this.files.find((file) => file !== except && file.unread > 0 && file.retryAt <= now)
  }

  async #look(now: boolean): Promise<void> {
    const base = await stateOf(pathIn(this.#place, this.#place.base))
    const clock = performance.now()
    if (!now && base === this.#baseSeen && clock < this.#lookAt) return
    this.#baseSeen = base
    this.#lookAt = clock + this.#lookMs
    const { members, errors } = await this.#members.find()
    this.#catalogue.update(members, this.#open?.file ?? null, clock)
    for (const file of this.#failed.keys()) if (file.member === null) this.#failed.delete(file)
    const path = pathIn(this.#place, this.#place.base)
    this.#baseUnreadable = errors.some(({ source, code }) => source === path && code !== 'not_found')
    this.#reports.errors([...errors, ...this.#failed.values()])
  }
}

/** What changes when another file is written to under this name, or the first bytes of one. */
async function stateOf(path: string): Promise<string> {
  try {
    const { dev, ino, size } = await stat(path, { bigint: true })
    return `${dev} ${ino} ${size > 0n}`
  } catch {
    return ''
  }
}
