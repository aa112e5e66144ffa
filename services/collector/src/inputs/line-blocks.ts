import { createHash, type Hash } from 'node:crypto'
import type { InputItem, RefusedLine } from './input.ts'

const NEWLINE = 10

/** Bytes of SHA-256 that a line's hash keeps, as `ContentHash` in the schemas. */
const HASH_BYTES = 16

export interface LineBlockOptions {
  /** A line of more bytes (its `\n` not counted) is refused. */
  maxLineBytes?: number
  /** Bytes of a refused line that are kept for its shape. */
  headBytes?: number
}

/** Longer than anything that an MTA or syslog daemon writes, and short enough to hold many at once. */
export const MAX_LINE_BYTES = 64 * 1024
const HEAD_BYTES = 256
/**
 * A block is no longer, unless one line is. V8 puts strings from 128 KiB on into memory of their own, mapped and given back for each:
 * measured, that costs three times the decoding.
 */
const BLOCK_BYTES = 112 * 1024

/**
 * Cuts a stream of bytes into blocks of whole lines, each decoded once as latin1. Lines, offsets and refusals are those of the bytes:
 * however they were cut into chunks, they come out the same (how many lines share a block does not). A chunk may be a buffer that its
 * maker fills again: it is not touched after the next one was asked for. A line never costs more memory than `maxLineBytes`, and a byte
 * is looked at a bounded number of times.
 */
export async function* lineBlocks(
  source: string,
  chunks: AsyncIterable<Uint8Array>,
  options: LineBlockOptions = {},
): AsyncGenerator<InputItem> {
  const cutter = new LineCutter(source, options)
  for await (const chunk of chunks) {
    yield* cutter.take(asBuffer(chunk))
  }
  yield* cutter.end()
}

/** Holds what is between two chunks: the beginning of a line, copied, or of one too long, only counted and hashed. */
export class LineCutter {
  readonly #source: string
  readonly #maxLineBytes: number
  readonly #headBytes: number
  readonly #carry: Buffer
  /** Bytes of the unfinished line; beyond `#maxLineBytes` they are counted and not kept. */
  #carried = 0
  #offset: number
  /** Over the whole of a line that is too long. */
  #hash: Hash | null = null

  /** @param offset where the first chunk begins in its source; a line must begin there */
  constructor(source: string, options: LineBlockOptions = {}, offset = 0) {
    this.#source = source
    this.#offset = offset
    this.#maxLineBytes = options.maxLineBytes ?? MAX_LINE_BYTES
    this.#headBytes = Math.min(options.headBytes ?? HEAD_BYTES, this.#maxLineBytes)
    this.#carry = Buffer.allocUnsafeSlow(this.#maxLineBytes + 1)
  }

  /** Where the first line begins that has not been handed over; what lies between here and the end of the last chunk is held. */
  get offset(): number {
    return this.#offset
  }

  *take(chunk: Buffer): Generator<InputItem> {
    let position = 0
    if (this.#carried > 0) {
      const newline = chunk.indexOf(NEWLINE)
      if (newline < 0) {
        this.#keep(chunk, 0, chunk.length)
        return
      }
      this.#keep(chunk, 0, newline + 1, 1)
      yield this.#finishCarried(1)
      position = newline + 1
    }
    yield* this.#wholeLines(chunk, position)
  }

  /** The source ended: what is left is a last line without its terminator. */
  *end(): Generator<InputItem> {
    if (this.#carried > 0) yield this.#finishCarried(0)
  }

  /**
   * Jumps from line start to the last newline that a permitted line could reach, so that a block is proven to hold no line too long by a
   * few short backward searches. Each search stops at the newline before the line start at the latest.
   */
  *#wholeLines(chunk: Buffer, from: number): Generator<InputItem> {
    let blockStart = from
    let lineStart = from
    while (lineStart < chunk.length) {
      const reach = lineStart + this.#maxLineBytes
      const last = reach < chunk.length ? chunk.lastIndexOf(NEWLINE, reach) : chunk.lastIndexOf(NEWLINE)
      if (last >= lineStart) {
        if (last + 1 - blockStart > BLOCK_BYTES && lineStart > blockStart) {
          yield this.#block(chunk, blockStart, lineStart)
          blockStart = lineStart
        }
        lineStart = last + 1
        continue
      }
      if (reach >= chunk.length) break
      if (lineStart > blockStart) yield this.#block(chunk, blockStart, lineStart)
      const newline = chunk.indexOf(NEWLINE, reach)
      const lineEnd = newline < 0 ? chunk.length : newline + 1
      this.#keep(chunk, lineStart, lineEnd, newline < 0 ? 0 : 1)
      if (newline < 0) return
      yield this.#finishCarried(1)
      lineStart = lineEnd
      blockStart = lineEnd
    }
    if (lineStart > blockStart) yield this.#block(chunk, blockStart, lineStart)
    this.#keep(chunk, lineStart, chunk.length)
  }

  #block(chunk: Buffer, start: number, end: number): InputItem {
    const offset = this.#offset
    this.#offset += end - start
    return { kind: 'lines', block: { source: this.#source, text: chunk.toString('latin1', start, end), offset } }
  }

  /** @param terminator bytes of the line's terminator before `end` */
  #keep(chunk: Buffer, start: number, end: number, terminator: 0 | 1 = 0): void {
    const room = Math.max(0, this.#carry.length - this.#carried)
    if (room > 0) chunk.copy(this.#carry, this.#carried, start, end)
    const beyond = chunk.subarray(start + room, end - terminator)
    if (beyond.length > 0) {
      this.#hash ??= createHash('sha256').update(this.#carry)
      this.#hash.update(beyond)
    }
    this.#carried += end - start
  }

  #refusedHash(length: number): Buffer {
    const hash = this.#hash ?? createHash('sha256').update(this.#carry.subarray(0, length))
    this.#hash = null
    return hash.digest().subarray(0, HASH_BYTES)
  }

  /** @param terminator bytes of the terminator at the end of what is carried */
  #finishCarried(terminator: 0 | 1): InputItem {
    const carried = this.#carried
    const length = carried - terminator
    if (length <= this.#maxLineBytes) {
      this.#carried = 0
      return this.#block(this.#carry, 0, carried)
    }
    const head = this.#carry.toString('latin1', 0, this.#headBytes)
    const hash = this.#refusedHash(length)
    const line: RefusedLine = { source: this.#source, offset: this.#offset, length, reason: 'too_long', head, hash }
    this.#carried = 0
    this.#offset += carried
    return { kind: 'refused', line }
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
