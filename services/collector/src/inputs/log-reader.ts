import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileChunks } from './byte-chunks.ts'
import { decompressed } from './compression.ts'
import { hasFingerprint, plainHeadOf, writtenOf } from './file-head.ts'
import { type InputError, openError, readError } from './input-error.ts'
import type { LogFile } from './log-file.ts'
import type { LogMember } from './log-members.ts'

/**
 * - `bytes`: what comes next; valid until the next call
 * - `end`: nothing more, for now or for good
 * - `replaced`: the file was emptied or written anew: what it held behind the last bytes is not in it any more. `lost` is how much of
 *   that had been seen there.
 */
export type ReadResult =
  | { kind: 'bytes'; bytes: Buffer; modifiedAt: number }
  | { kind: 'end' }
  | { kind: 'replaced'; lost: number }

/** Reads one file on disk from a position on. */
export interface LogReader {
  /** More may come after the end. */
  readonly grows: boolean
  /** Bytes on disk, as far as is known. */
  readonly size: number
  /** @param most no more bytes than this. @throws InputError */
  read(most: number): Promise<ReadResult>
  close(): Promise<void>
}

/**
 * Opens the file in the form in which it was found last.
 * @param buffer is filled by each read
 * @returns null when another file is there now
 * @throws InputError
 */
export async function openReader(
  file: LogFile,
  member: LogMember,
  from: number,
  buffer: Buffer,
): Promise<LogReader | null> {
  const handle = await open(member.path, 'r').catch((error: unknown) => {
    throw openError(member.path, member.path, error)
  })
  try {
    const stats = await handle.stat({ bigint: true })
    if (String(stats.dev) === member.device && String(stats.ino) === member.inode) {
      if (member.compression !== 'none') return new CompressedReader(handle, member, member.compression, from)
      const head = await plainHeadOf(handle)
      if (hasFingerprint(head, file.fingerprint)) return new PlainReader(handle, member.path, head, from, buffer)
    }
  } catch (error) {
    await handle.close()
    throw readError(member.path, from, error)
  }
  await handle.close()
  return null
}

/**
 * Some file systems (NFS, those of sandboxes) let a reader see that a file has grown before what was written is there: until then it reads
 * as NUL. So bytes from the first NUL on are waited for in a file written to lately, no longer than this in milliseconds; then they are
 * what the file holds.
 */
const UNWRITTEN_MS = 500
const UNWRITTEN_TRIES = 25

/**
 * Reads what is written to a file as it grows. The descriptor goes with the file wherever it is renamed to, also when it is deleted. What
 * was read counts only when the file still begins as before: a file that was emptied meanwhile holds other bytes there.
 */
class PlainReader implements LogReader {
  readonly grows = true
  size: number
  readonly #handle: FileHandle
  readonly #path: string
  readonly #buffer: Buffer
  #head: Buffer
  #position: number
  #changedAt = -1n

  constructor(handle: FileHandle, path: string, head: Buffer, position: number, buffer: Buffer) {
    this.#handle = handle
    this.#path = path
    this.#head = head
    this.#position = position
    this.size = position
    this.#buffer = buffer
  }

  async read(most: number): Promise<ReadResult> {
    try {
      const length = Math.min(most, this.#buffer.length)
      for (let tries = 0; ; tries++) {
        const { bytesRead } = await this.#handle.read(this.#buffer, 0, length, this.#position)
        const modifiedAt = await this.#verify(this.#position + bytesRead)
        if (modifiedAt === null) return { kind: 'replaced', lost: this.size - this.#position }
        if (bytesRead === 0) return { kind: 'end' }
        const read = this.#buffer.subarray(0, bytesRead)
        const isStill = tries === UNWRITTEN_TRIES || Date.now() - modifiedAt > UNWRITTEN_MS
        const bytes = isStill ? read : writtenOf(read)
        if (bytes.length > 0) {
          this.#position += bytes.length
          return { kind: 'bytes', bytes, modifiedAt }
        }
        await sleep(UNWRITTEN_MS / UNWRITTEN_TRIES)
      }
    } catch (error) {
      throw readError(this.#path, this.#position, error)
    }
  }

  /** When it was last written; null when it is not the file any more that it was, or ends before `end`. */
  async #verify(end: number): Promise<number | null> {
    const stats = await this.#handle.stat({ bigint: true })
    const size = Number(stats.size)
    if (size < end) return null
    if (stats.mtimeNs !== this.#changedAt || size !== this.size) {
      const head = await plainHeadOf(this.#handle)
      if (head.length < this.#head.length || head.compare(this.#head, 0, this.#head.length, 0, this.#head.length) !== 0)
        return null
      this.#head = head
      this.#changedAt = stats.mtimeNs
    }
    this.size = size
    return Number(stats.mtimeMs)
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

const COMPRESSED_CHUNK_BYTES = 64 * 1024

/** Reads a compressed file once, from its beginning; what lies before `from` is decompressed and left out. */
class CompressedReader implements LogReader {
  readonly grows = false
  readonly size: number
  readonly #handle: FileHandle
  readonly #modifiedAt: number
  readonly #parts: AsyncGenerator<Buffer>
  #skip: number
  #rest: Buffer = Buffer.alloc(0)

  constructor(handle: FileHandle, member: LogMember, compression: 'gzip' | 'zstd', from: number) {
    this.#handle = handle
    this.size = member.size
    this.#modifiedAt = member.modifiedAt
    this.#skip = from
    this.#parts = decompressed(compression, member.path, fileChunks(handle.fd, COMPRESSED_CHUNK_BYTES))
  }

  async read(most: number): Promise<ReadResult> {
    while (this.#rest.length === 0) {
      const next = await this.#parts.next()
      if (next.done === true) return { kind: 'end' }
      const skipped = Math.min(this.#skip, next.value.length)
      this.#skip -= skipped
      this.#rest = next.value.subarray(skipped)
    }
    const bytes = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(bytes.length)
    return { kind: 'bytes', bytes, modifiedAt: this.#modifiedAt }
  }

  async close(): Promise<void> {
    await this.#parts.return(undefined)
    await this.#handle.close()
  }
}

/** Whether reading stopped because the file itself is not whole; what comes before is good. */
export function isDamage(error: InputError): boolean {
  return error.code === 'cut_off' || error.code === 'damaged'
}
