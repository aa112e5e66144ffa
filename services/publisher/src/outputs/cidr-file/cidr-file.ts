import { type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import type { Logger } from '../../logger.ts'
import { systemTimer, type Timer } from '../../timer.ts'
import type { ListingDelta, ListingSnapshot, Output } from '../output.ts'
import { type CidrTextOptions, cidrContent, cidrHead, cidrTail } from './cidr-text.ts'

export interface CidrFileOptions extends CidrTextOptions {
  path: string
  logger: Logger
  now: () => number
  after?: Timer
  /** Least time (ms) between two writes. */
  minInterval?: number
  /** Time (ms) for which a file is to be believed; it is written anew at half of it, changed or not. */
  validity?: number
}

export interface CidrFileCounters {
  writes: number
  write_failures: number
  rules: number
}

const MIN_INTERVAL_MS = 1000
const VALIDITY_MS = 3_600_000
/** Waits (ms) after a failed write: the first, doubled up to the last. */
const RETRY_MS = { first: 1000, last: 60_000 }
/** Rules written between two breaths that others get. */
const SLICE = 2000

/**
 * A cidr_table(5) file, replaced as a whole: written beside, synchronised, renamed. Postfix's smtpd reads it at its start, so that a new one
 * is in force within the life of a process; postscreen has to be reloaded.
 *
 * A file cannot end by itself. Every listing's expiry is a change and rewrites it; should the publisher die, the first line says until when
 * to believe it, and its time of modification, which moves with each rewrite, lets anybody notice.
 *
 * When it cannot be written, the old file stays, the failure is logged once and counted, and it is tried again.
 */
export class CidrFile implements Output {
  readonly name: string
  readonly counters: CidrFileCounters = { writes: 0, write_failures: 0, rules: 0 }
  readonly #options: CidrFileOptions
  readonly #after: Timer
  #snapshot: ListingSnapshot | undefined
  #lastWrite = Number.NEGATIVE_INFINITY
  #retryAfter = RETRY_MS.first / 2
  #failing = false
  #cancel: () => void = () => {}
  #waiting: (() => void)[] = []
  #writing = false
  #closed = false

  constructor(options: CidrFileOptions) {
    this.name = `cidr-file ${options.path}`
    this.#options = options
    this.#after = options.after ?? systemTimer
  }

  get path(): string {
    return this.#options.path
  }

  /** Resolves when the file is written, or a write has failed (it is tried again without being asked). */
  publish(snapshot: ListingSnapshot, _delta: ListingDelta): Promise<void> {
    this.#snapshot = snapshot
    if (this.#closed) return Promise.resolve()
    const written = new Promise<void>((resolve) => this.#waiting.push(resolve))
    const { now, minInterval = MIN_INTERVAL_MS } = this.#options
    if (!this.#writing) this.#schedule(Math.min(Math.max(this.#lastWrite + minInterval - now(), 0), minInterval))
    return written
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
    if (!this.#writing) this.#settle()
  }

  #schedule(delay: number): void {
    this.#cancel()
    if (this.#closed) return
    if (delay <= 0) {
      this.#cancel = () => {}
      void this.#write()
    } else this.#cancel = this.#after(delay, () => void this.#write())
  }

  async #write(): Promise<void> {
    const { now, logger } = this.#options
    if (this.#snapshot === undefined || this.#writing) return
    this.#writing = true
    const settled = this.#waiting
    this.#waiting = []
    this.#lastWrite = now()
    try {
      await this.#replace({ ...this.#snapshot, takenAt: now() })
      this.counters.writes++
      if (this.#failing) logger.info({ path: this.#options.path }, 'the map file can be written again')
      this.#failing = false
      this.#retryAfter = RETRY_MS.first / 2
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#writing = false
      for (const resolve of settled) resolve()
      if (this.#closed) this.#settle()
      else this.#schedule(this.#untilNext())
    }
  }

  #untilNext(): number {
    const { minInterval = MIN_INTERVAL_MS, validity = VALIDITY_MS } = this.#options
    if (this.#failing) return this.#retryAfter
    return this.#waiting.length > 0 ? minInterval : validity / 2
  }

  async #replace(snapshot: ListingSnapshot): Promise<void> {
    const { path, flavour, validity = VALIDITY_MS } = this.#options
    const content = cidrContent(snapshot, this.#options)
    const fresh = `${path}.new`
    // Postfix reads as another user.
    const file = await open(fresh, 'w', 0o644)
    try {
      await file.appendFile(cidrHead(content, flavour, snapshot.takenAt, snapshot.takenAt + validity))
      for (let at = 0; at < content.rules.length; at += SLICE) {
        const lines = content.rules.slice(at, at + SLICE).map((rule) => `${rule.prefix}\t${rule.action}\n`)
        await file.appendFile(lines.join(''))
      }
      await file.appendFile(cidrTail(content))
      await file.sync()
      await file.close()
      await rename(fresh, path)
    } catch (error) {
      await file.close().catch(() => {})
      await unlink(fresh).catch(() => {})
      throw error
    }
    await syncDirectory(dirname(path))
    this.counters.rules = content.rules.length
  }

  #failed(cause: unknown): void {
    const { path, logger } = this.#options
    this.counters.write_failures++
    if (!this.#failing) {
      const error = unwritable(path, cause)
      const { code, where, remedy } = error
      logger.error({ err: error, code, where, remedy }, error.message)
    }
    this.#failing = true
    this.#retryAfter = Math.min(2 * this.#retryAfter, RETRY_MS.last)
  }

  #settle(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting = []
  }
}

/** The rename itself has to outlive a loss of power; file systems that cannot do this do it by themselves. */
async function syncDirectory(path: string): Promise<void> {
  let directory: FileHandle | undefined
  try {
    directory = await open(path, 'r')
    await directory.sync()
  } catch {
    // The new file is in place either way.
  } finally {
    await directory?.close()
  }
}

function unwritable(path: string, cause: unknown): OperatorError {
  const detail = cause instanceof Error ? cause.message : String(cause)
  return new OperatorError({
    code: 'TLSREP_MAP_FILE_UNWRITABLE',
    message: `the map file cannot be written (${detail}); the old one stays and is tried again`,
    where: path,
    remedy: 'Make room on the disk, or let the user that tlsrep runs as write to the directory.',
    cause,
  })
}
