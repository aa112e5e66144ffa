import { hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { fileChunks } from './byte-chunks.ts'
import { type Compression, decompressed, detectCompression, MAGIC_BYTES, refuseForeignFormat } from './compression.ts'
import { InputError, readError } from './input-error.ts'

/**
 * How much of a file's beginning tells it from others: several lines, the first of which has a time of its own. All of it is compared,
 * so two files of one log that agree here are the same one, moved, copied or compressed.
 */
export const FINGERPRINT_BYTES = 1024

/** Hash of a content's first `length` bytes, after decompression. */
export interface Fingerprint {
  /** First 16 bytes of SHA-256. */
  hash: Uint8Array
  length: number
}

export function fingerprintOf(head: Uint8Array, length = head.length): Fingerprint {
  return { hash: hash('sha256', head.subarray(0, length), 'buffer').subarray(0, 16), length }
}

/** Whether a content that begins with `head` may be the one with this fingerprint. */
export function hasFingerprint(head: Uint8Array, fingerprint: Fingerprint): boolean {
  if (fingerprint.length === 0 || head.length < fingerprint.length) return false
  return Buffer.compare(fingerprintOf(head, fingerprint.length).hash, fingerprint.hash) === 0
}

export interface FileHead {
  compression: Compression
  /** The first bytes of the content, at most `FINGERPRINT_BYTES`. */
  head: Buffer
}

/** @throws InputError when it cannot be opened or read, or is of a format that is not read here */
export async function readHead(path: string): Promise<FileHead> {
  const handle = await open(path, 'r')
  try {
    const magic = await headOf(handle, MAGIC_BYTES)
    refuseForeignFormat(magic, path)
    const compression = detectCompression(magic)
    const head = compression === 'none' ? await plainHeadOf(handle) : await decodedHead(handle, compression, path)
    return { compression, head }
  } catch (error) {
    throw error instanceof InputError ? error : readError(path, 0, error)
  } finally {
    await handle.close()
  }
}

/** What comes before the first NUL: a file that has grown can read as NUL where what was written is not there yet. */
export function writtenOf(bytes: Buffer): Buffer {
  const nul = bytes.indexOf(0)
  return nul < 0 ? bytes : bytes.subarray(0, nul)
}

/** The first bytes of a file that is not compressed, as far as they are written; all of them where it begins with NUL. */
export async function plainHeadOf(handle: FileHandle): Promise<Buffer> {
  const head = await headOf(handle, FINGERPRINT_BYTES)
  const written = writtenOf(head)
  return written.length === 0 ? head : written
}

/** The first bytes of an open file as they are on disk; fewer where it is shorter. */
async function headOf(handle: FileHandle, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes)
  let filled = 0
  while (filled < bytes) {
    const { bytesRead } = await handle.read(buffer, filled, bytes - filled, filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

/** Enough compressed bytes for one output of the decompressor. */
const COMPRESSED_CHUNK_BYTES = 16 * 1024

async function decodedHead(handle: FileHandle, compression: 'gzip' | 'zstd', path: string): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  try {
    for await (const part of decompressed(compression, path, fileChunks(handle.fd, COMPRESSED_CHUNK_BYTES))) {
      parts.push(Buffer.from(part.subarray(0, FINGERPRINT_BYTES)))
      length += part.length
      if (length >= FINGERPRINT_BYTES) break
    }
  } catch (error) {
    // Damage further on is met by who reads so far.
    if (length === 0) throw error
  }
  return Buffer.concat(parts).subarray(0, FINGERPRINT_BYTES)
}
