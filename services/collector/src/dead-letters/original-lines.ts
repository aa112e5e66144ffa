import { mkdir, open, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'

/** A dead line as it was: it may hold addresses, subjects, and whatever an attacker writes. */
export interface OriginalLine {
  reason: string
  source: string
  offset: number
  /** Bytes of the whole line. */
  length: number
  /** The line, or the beginning of one too long; latin1, one character a byte. */
  text: string
}

export interface OriginalLinesOptions {
  /** The data directory. */
  directory: string
  /** Size of the file; one older file of this size is kept beside it. */
  maxBytes?: number
}

const MAX_BYTES = 16 * 1024 * 1024
const OWNER_ONLY = 0o600

/**
 * Keeps the bytes of dead lines at the collector, where the operator can look at them, in two files of limited size that only their owner
 * may read: `dead-lines.ndjson`, and the one before it. A disk that is full costs these copies, nothing else.
 */
export class OriginalLines {
  readonly path: string
  readonly counters = { dead_originals_kept: 0, dead_originals_lost: 0 }
  readonly #maxBytes: number
  #turn: Promise<unknown> = Promise.resolve()
  /** A write broke in the middle of a line. */
  #torn = false

  constructor(options: OriginalLinesOptions) {
    this.path = join(options.directory, 'dead-lines.ndjson')
    this.#maxBytes = options.maxBytes ?? MAX_BYTES
  }

  /** Adds lines, one after another's. Never rejects. @returns why they could not be kept, null when they are */
  keep(lines: readonly OriginalLine[]): Promise<OperatorError | null> {
    const done = this.#turn.then(() => this.#keep(lines))
    this.#turn = done
    return done
  }

  async #keep(lines: readonly OriginalLine[]): Promise<OperatorError | null> {
    if (lines.length === 0) return null
    try {
      await this.#write(lines.map((line) => `${printable(JSON.stringify(line))}\n`))
      this.counters.dead_originals_kept += lines.length
      return null
    } catch (error) {
      this.counters.dead_originals_lost += lines.length
      return notKept(this.path, error)
    }
  }

  async #write(lines: readonly string[]): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 })
    for (let at = 0; at < lines.length; ) {
      const room = this.#maxBytes - (await this.#sizeAfterRotation())
      const { text, count } = fitting(lines, at, room)
      await this.#append(text)
      at += count
    }
  }

  async #sizeAfterRotation(): Promise<number> {
    const size = await stat(this.path).then(
      (stats) => stats.size,
      () => 0,
    )
    if (size < this.#maxBytes) return size
    await rename(this.path, `${this.path}.1`)
    return 0
  }

  async #append(text: string): Promise<void> {
    const file = await open(this.path, 'a', OWNER_ONLY)
    try {
      const stats = await file.stat()
      if (stats.isFile() && (stats.mode & 0o077) !== 0) await file.chmod(OWNER_ONLY)
      const begin = this.#torn ? '\n' : ''
      this.#torn = true
      await file.appendFile(begin + text)
      this.#torn = false
    } finally {
      await file.close()
    }
  }
}

/** As many lines as there is room for, at least one. */
function fitting(lines: readonly string[], from: number, room: number): { text: string; count: number } {
  let text = lines[from] ?? ''
  let count = 1
  for (const line of lines.slice(from + 1)) {
    if (text.length + line.length > room) break
    text += line
    count++
  }
  return { text, count }
}

/** Text beyond ASCII as escapes: the file is looked at on terminals, and its bytes are those of the line again when it is read as JSON. */
function printable(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (code) => `\\u${code.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function notKept(path: string, cause: unknown): OperatorError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new OperatorError({
    code: 'TLSREP_DEAD_LINES_NOT_KEPT',
    message: `The bytes of dead lines cannot be kept: ${why}. Events are not affected.`,
    where: path,
    remedy: 'Make room on the disk, or give the user that tlsrep runs as the right to write there.',
    cause,
  })
}
