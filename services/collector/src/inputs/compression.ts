import type { Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { lastBytesApart, piecesOf } from './byte-chunks.ts'
import { InputError, shellOperand } from './input-error.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

/** Compressed bytes given to the decompressor at once. What a damaged piece decodes to is lost with it, so pieces are small. */
const PIECE_BYTES = 16 * 1024
const OUTPUT_BYTES = 128 * 1024
/** The checksum (gzip: and the length) at the end of the data. */
const TRAILER_BYTES = { gzip: 8, zstd: 4 }

/** Bytes that `detectCompression` wants to see. */
export const MAGIC_BYTES = 8

/** Says by the first bytes how a file is compressed. Names are not looked at: rotated logs have all sorts. */
export function detectCompression(head: Uint8Array): Compression {
  if (startsWith(head, [0x1f, 0x8b])) return 'gzip'
  if (isZstdFrame(head)) return 'zstd'
  return 'none'
}

/** Formats that are recognised in order to say what to do with them. */
const FOREIGN_FORMATS: readonly { magic: readonly number[]; what: string; convert: (operand: string) => string }[] = [
  {
    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    what: 'compressed by xz',
    convert: (operand) => `xz -dc${operand} | tlsrep parse -`,
  },
  {
    magic: [0x42, 0x5a, 0x68],
    what: 'compressed by bzip2',
    convert: (operand) => `bzip2 -dc${operand} | tlsrep parse -`,
  },
  {
    magic: [0x04, 0x22, 0x4d, 0x18],
    what: 'compressed by lz4',
    convert: (operand) => `lz4 -dc${operand} | tlsrep parse -`,
  },
  {
    magic: [0x50, 0x4b, 0x03, 0x04],
    what: 'a zip archive',
    convert: (operand) => `unzip -p${operand} | tlsrep parse -`,
  },
  {
    magic: [0x4c, 0x50, 0x4b, 0x53, 0x48, 0x48, 0x52, 0x48],
    what: 'a binary journal of systemd',
    convert: (operand) => `journalctl --file${operand} -o short-iso-precise | tlsrep parse -`,
  },
]

/** @throws InputError when the bytes are of a format that is not read here */
export function refuseForeignFormat(head: Uint8Array, source: string): void {
  const format = FOREIGN_FORMATS.find(({ magic }) => startsWith(head, magic))
  if (format === undefined || (format.what.includes('bzip2') && !isBzip2Level(head[3]))) return
  throw new InputError(
    'unsupported_format',
    source,
    `${source}: is ${format.what}, which is not read directly. Run: ${format.convert(shellOperand(source))}`,
  )
}

/** A log may well begin with "BZh"; bzip2 has a digit 1 to 9 after it. */
function isBzip2Level(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x31 && byte <= 0x39
}

function startsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => head[index] === byte)
}

/** A frame of data, or a skippable one (as parallel compressors write first). */
function isZstdFrame(head: Uint8Array): boolean {
  const [first = 0] = head
  return (
    startsWith(head, [0x28, 0xb5, 0x2f, 0xfd]) ||
    ((first & 0xf0) === 0x50 && startsWith(head.subarray(1), [0x2a, 0x4d, 0x18]))
  )
}

/**
 * Decompresses a stream, member by member where several were concatenated. Everything that can be decoded before a damage is delivered,
 * then an `InputError` comes (`cut_off` or `damaged`). Holds a bounded amount, whatever the data expand to.
 */
export async function* decompressed(
  compression: 'gzip' | 'zstd',
  source: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  let decoder = new PulledDecoder(compression)
  let inMember = true
  let taken = 0
  try {
    for await (const piece of piecesOf(lastBytesApart(chunks, TRAILER_BYTES[compression]), PIECE_BYTES)) {
      let rest = piece
      while (rest.length > 0) {
        if (!inMember) {
          // Archives on tape and block devices are padded with zeros, which both formats allow.
          if (rest[0] === 0) return
          decoder = new PulledDecoder(compression)
          inMember = true
        }
        yield* decoder.write(rest)
        taken += decoder.consumed
        rest = rest.subarray(decoder.consumed)
        inMember = !decoder.ended
      }
    }
    if (inMember) yield* decoder.end()
  } catch (error) {
    throw error instanceof DecodeFailure ? decodeError(compression, source, taken, error) : error
  } finally {
    decoder.destroy()
  }
}

class DecodeFailure extends Error {
  readonly cutOff: boolean

  constructor(cause: Error & { code?: string }) {
    super(cause.message, { cause })
    this.cutOff = cause.code === 'Z_BUF_ERROR'
  }
}

function decodeError(compression: string, source: string, taken: number, failure: DecodeFailure): InputError {
  const inResult = 'The lines before it are in the result.'
  if (failure.cutOff) {
    return new InputError(
      'cut_off',
      source,
      `${source}: the ${compression} data end in the middle, after ${taken} bytes. ${inResult} ` +
        'Perhaps the file was still being written, or its copy was interrupted: copy it again and run again.',
      failure,
    )
  }
  return new InputError(
    'damaged',
    source,
    `${source}: the ${compression} data are damaged at or after byte ${taken} (${failure.message}). ${inResult} ` +
      'Get a good copy of the file and run again.',
    failure,
  )
}

/**
 * A decompressor of node:zlib that is only ever one output chunk ahead of its reader. Used as an ordinary stream it drops, on an error,
 * what it has decoded and nobody has read yet.
 */
class PulledDecoder {
  readonly #stream: Transform & { bytesWritten: number }
  #wake: () => void = () => {}
  #consumedBefore = 0
  /** The member is complete; the bytes after those consumed belong to the next. */
  ended = false
  /** Bytes that the last `write` used. */
  consumed = 0

  constructor(compression: 'gzip' | 'zstd') {
    // A high-water mark of one byte makes every output chunk a full buffer, so decoding waits until it is read.
    const options = { chunkSize: OUTPUT_BYTES, highWaterMark: 1 }
    this.#stream = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options)
    this.#stream.on('error', () => this.#wake())
    this.#stream.on('end', () => {
      this.ended = true
      this.#wake()
    })
    this.#stream.on('readable', () => this.#wake())
  }

  /** `piece` is not touched after the last output of this call. */
  async *write(piece: Uint8Array): AsyncGenerator<Buffer> {
    let written = false
    this.#stream.write(piece, () => {
      written = true
      this.#wake()
    })
    yield* this.#outputs(() => written)
    this.consumed = this.#stream.bytesWritten - this.#consumedBefore
    this.#consumedBefore = this.#stream.bytesWritten
    // Output is read to its end, so a decoder that leaves input is one whose member is complete; its `end` event comes later.
    if (this.consumed < piece.length) this.ended = true
  }

  /** Must come only when all output has been read: a stream that was told to end stops waiting for its reader. */
  async *end(): AsyncGenerator<Buffer> {
    this.#stream.end()
    yield* this.#outputs(() => false)
  }

  async *#outputs(isWritten: () => boolean): AsyncGenerator<Buffer> {
    for (;;) {
      const output: Buffer | null = this.#stream.read()
      if (output !== null) yield output
      else if (this.#stream.errored) throw new DecodeFailure(this.#stream.errored)
      else if (this.ended || isWritten()) return
      else await this.#change()
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  destroy(): void {
    this.#stream.destroy()
  }
}
