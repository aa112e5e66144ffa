import { read as readCallback } from 'node:fs'
import { promisify } from 'node:util'

const read = promisify(readCallback)

/**
 * Reads an open file from its current position to its end, always into the same buffer: a chunk is valid until the next one is asked
 * for. Measured faster than a stream, and flat in memory however large the file is.
 */
export async function* fileChunks(fd: number, chunkBytes: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(chunkBytes)
  for (;;) {
    const { bytesRead } = await read(fd, buffer, 0, chunkBytes, null)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

/** The beginning of a stream, and all of it. */
export interface Peeked {
  head: Buffer
  /** The whole stream, `head` included. */
  chunks: AsyncGenerator<Uint8Array>
}

/** Looks at the first `count` bytes of a stream (fewer where it is shorter) without taking them away from its reader. */
export async function peek(stream: AsyncIterable<Uint8Array>, count: number): Promise<Peeked> {
  const iterator = stream[Symbol.asyncIterator]()
  const first = await iterator.next()
  let held: Buffer =
    first.done === true ? Buffer.alloc(0) : Buffer.from(first.value.buffer, first.value.byteOffset, first.value.length)
  let done = first.done === true
  while (!done && held.length < count) {
    // Copied before the next chunk is asked for, as that may come in the same buffer.
    const copy = Buffer.from(held)
    const next = await iterator.next()
    done = next.done === true
    held = next.done === true ? copy : Buffer.concat([copy, next.value])
  }
  return { head: Buffer.from(held.subarray(0, count)), chunks: continued(held, iterator) }
}

async function* continued(held: Buffer, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (held.length > 0) yield held
    for (;;) {
      const next = await iterator.next()
      if (next.done === true) return
      yield next.value
    }
  } finally {
    await iterator.return?.()
  }
}

/** Cuts chunks into pieces of at most `bytes`, without copying. */
export async function* piecesOf(stream: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    for (let start = 0; start < chunk.length; start += bytes) yield chunk.subarray(start, start + bytes)
  }
}

/**
 * Makes the last `count` bytes of a stream a chunk of their own. Decompressors throw away what they just decoded when the checksum in
 * the last bytes is wrong; given those alone, they have handed over everything before.
 */
export async function* lastBytesApart(stream: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    const kept = Math.max(0, count - chunk.length)
    const released = held.length - kept
    if (released > 0) {
      yield held.subarray(0, released)
      held = held.subarray(released)
    }
    const passed = Math.max(0, chunk.length - count)
    const tail = Buffer.concat([held, chunk.subarray(passed)])
    if (passed > 0) yield chunk.subarray(0, passed)
    held = tail
  }
  if (held.length > 0) yield held
}
