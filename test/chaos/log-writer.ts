import { createHash } from 'node:crypto'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** How a log is rotated: logrotate's `create`, `copytruncate`, and `create` with `compress` and `delaycompress`. */
export type RotationKind = 'rename' | 'copytruncate' | 'compress'

/** Writes lines to a file as a syslog daemon does, not always whole ones at a time, and rotates it. */
export class LogWriter {
  readonly path: string
  readonly #lines: Iterator<Buffer, never, undefined>
  readonly #hash = createHash('sha256')
  #rest: Buffer = Buffer.alloc(0)
  lines = 0
  bytes = 0
  rotations = 0

  constructor(path: string, lines: Generator<Buffer, never, undefined>) {
    this.path = path
    this.#lines = lines
    writeFileSync(path, '')
  }

  /** Of all bytes so far, short: the same for the same log. */
  get digest(): string {
    return this.#hash.copy().digest('hex').slice(0, 16)
  }

  /** Writes what is planned, and rotates where that is. */
  put({ bytes, rotation }: { bytes: number; rotation: RotationKind | null }): void {
    this.write(bytes)
    if (rotation !== null) this.rotate(rotation)
  }

  /** Writes so many bytes, wherever in a line that ends. */
  write(bytes: number): void {
    let piece = this.#rest
    while (piece.length < bytes) {
      piece = Buffer.concat([piece, this.#lines.next().value])
      this.lines++
    }
    this.#rest = piece.subarray(bytes)
    this.#append(piece.subarray(0, bytes))
  }

  /** Writes the rest of a line that was begun. */
  endLine(): void {
    this.#append(this.#rest)
    this.#rest = Buffer.alloc(0)
  }

  /** Moves what is there away, as `mail.log.1`, and begins anew. */
  rotate(kind: RotationKind): void {
    this.endLine()
    this.rotations++
    const rotated = this.#rotatedFiles()
    for (const { name, number } of rotated.toSorted((a, b) => b.number - a.number)) {
      const suffix = name.endsWith('.gz') ? '.gz' : ''
      renameSync(this.#sibling(name), `${this.path}.${number + 1}${suffix}`)
    }
    if (kind === 'copytruncate') {
      copyFileSync(this.path, `${this.path}.1`)
      truncateSync(this.path)
      return
    }
    renameSync(this.path, `${this.path}.1`)
    writeFileSync(this.path, '')
    if (kind === 'compress' && existsSync(`${this.path}.2`)) this.#compress(`${this.path}.2`)
  }

  /** All files of the log, the oldest first. */
  files(): string[] {
    const rotated = this.#rotatedFiles().sort((a, b) => b.number - a.number)
    return [...rotated.map(({ name }) => this.#sibling(name)), this.path]
  }

  #rotatedFiles(): { name: string; number: number }[] {
    const prefix = `${basename(this.path)}.`
    return readdirSync(dirname(this.path))
      .filter((name) => name.startsWith(prefix))
      .map((name) => ({ name, number: Number.parseInt(name.slice(prefix.length), 10) }))
  }

  #compress(path: string): void {
    writeFileSync(`${path}.gz.tmp`, gzipSync(readFileSync(path), { level: 1 }))
    renameSync(`${path}.gz.tmp`, `${path}.gz`)
    rmSync(path)
  }

  #append(bytes: Buffer): void {
    appendFileSync(this.path, bytes)
    this.#hash.update(bytes)
    this.bytes += bytes.length
  }

  #sibling(name: string): string {
    return join(dirname(this.path), name)
  }
}
