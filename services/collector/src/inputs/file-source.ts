import { close, fstatSync, open, type Stats } from 'node:fs'
import { Socket } from 'node:net'
import { promisify } from 'node:util'
import { fileChunks, peek } from './byte-chunks.ts'
import { decompressed, detectCompression, MAGIC_BYTES, refuseForeignFormat } from './compression.ts'
import type { Input, InputItem } from './input.ts'
import { directoryError, InputError, openError, readError, STDIN_NAME, shellOperand } from './input-error.ts'
import { type LineBlockOptions, lineBlocks } from './line-blocks.ts'

const openFile = promisify(open)
const closeFile = promisify(close)

/** Bytes read at once. They are decoded in smaller blocks (`lineBlocks`), which stay in the processor's cache from decoding to parsing. */
const CHUNK_BYTES = 1024 * 1024

export interface FileSourceOptions {
  /** Milliseconds since 1970 UTC; stands for the modification time of what has none (standard input, pipes). */
  now: number
  lines?: LineBlockOptions
}

/** A log file, a pipe or standard input that is read once, from its beginning to its end. */
export interface FileSource extends Input {
  /** Bytes on disk, compressed as they are; null where that cannot be known beforehand. */
  readonly size: number | null
  /** Bytes of `size` that have been read. */
  readonly bytesRead: number
  /** When it was last written, milliseconds since 1970 UTC. The newest line cannot be much younger. */
  readonly modifiedAt: number
  /** Gives the file back without reading it (to its end). Not needed after `read` ended. */
  close(): Promise<void>
}

/**
 * Opens a log for one reading: a path, or `-` for standard input. gzip and zstd are recognised by their first bytes, also on pipes.
 * @throws InputError when it cannot be opened; `read` throws one when it turns out to be no text, or breaks in the middle
 */
export async function openFileSource(path: string, options: FileSourceOptions): Promise<FileSource> {
  if (path === '-') return new OpenSource(STDIN_NAME, 0, standardInputStats(), options)
  const fd = await openFile(path, 'r').catch((error: unknown) => {
    throw openError(path, path, error)
  })
  const stats = fstatSync(fd)
  if (stats.isDirectory()) {
    await closeFile(fd)
    throw directoryError(path, path)
  }
  return new OpenSource(path, fd, stats, options)
}

function standardInputStats(): Stats {
  try {
    return fstatSync(0)
  } catch (error) {
    throw new InputError('cannot_open', STDIN_NAME, 'Standard input is closed. Name a file, or pipe a log in.', error)
  }
}

class OpenSource implements FileSource {
  readonly name: string
  readonly size: number | null
  readonly modifiedAt: number
  bytesRead = 0
  readonly #fd: number
  readonly #stats: Stats
  readonly #lines: LineBlockOptions
  /** Whether the descriptor is ours to close. */
  #owned: boolean

  constructor(name: string, fd: number, stats: Stats, options: FileSourceOptions) {
    this.name = name
    this.#fd = fd
    this.#stats = stats
    this.#owned = fd !== 0
    this.#lines = options.lines ?? {}
    this.size = stats.isFile() ? stats.size : null
    this.modifiedAt = stats.isFile() ? stats.mtimeMs : options.now
  }

  async *read(signal: AbortSignal): AsyncGenerator<InputItem> {
    try {
      const { head, chunks } = await peek(this.#bytes(signal), MAGIC_BYTES)
      refuseForeignFormat(head, this.name)
      const compression = detectCompression(head)
      const text = compression === 'none' ? chunks : decompressed(compression, this.name, chunks)
      for await (const item of this.#textLines(text)) {
        if (signal.aborted) return
        yield item
      }
    } catch (error) {
      // An interrupted stream ends where it is: that is no fault of its data.
      if (!signal.aborted) throw error
    } finally {
      await this.close()
    }
  }

  async close(): Promise<void> {
    if (!this.#owned) return
    this.#owned = false
    await closeFile(this.#fd)
  }

  /** The bytes as they are on disk. */
  async *#bytes(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.#chunks(signal)) {
        this.bytesRead += chunk.length
        yield chunk
      }
    } catch (error) {
      throw error instanceof InputError ? error : readError(this.name, this.bytesRead, error)
    }
  }

  /**
   * Pipes are read by the event loop: a blocked read in the thread pool would hold up the end of the process until the other side
   * writes.
   */
  #chunks(signal: AbortSignal): AsyncIterable<Uint8Array> {
    if (this.#fd === 0 && !this.#stats.isFile()) {
      const { stdin } = process
      signal.addEventListener('abort', () => stdin.destroy(), { once: true })
      return stdin
    }
    if (!this.#stats.isFIFO()) return fileChunks(this.#fd, CHUNK_BYTES)
    this.#owned = false
    return new Socket({ fd: this.#fd, readable: true, writable: false, signal })
  }

  async *#textLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<InputItem> {
    const { head, chunks } = await peek(bytes, 2)
    refuseUtf16(head, this.name)
    yield* lineBlocks(this.name, chunks, this.#lines)
  }
}

function refuseUtf16(head: Uint8Array, source: string): void {
  const [first, second] = head
  const little = first === 0xff && second === 0xfe
  const big = first === 0xfe && second === 0xff
  if (!little && !big) return
  throw new InputError(
    'utf16',
    source,
    `${source}: is UTF-16 text. Convert it first: iconv -f UTF-16 -t UTF-8${shellOperand(source)} | tlsrep parse -`,
  )
}
