import type { Writable } from 'node:stream'

/** Written at once even while more comes: what a single block or the end of input emits may be large. */
const BATCH_BYTES = 256 * 1024
/** One UTF-16 code unit becomes at most this many bytes of UTF-8. */
const BYTES_PER_UNIT = 3
const LINE_FEED = 10

/**
 * Writes lines to a stream in large batches. `line` never waits; `flush` hands everything over and tells when the stream has room
 * again, so that a slow reader slows the parser and nothing piles up. Lines are encoded one by one into buffers that are used again:
 * into a pipe, measured several times faster than to gather text and let the stream encode it.
 */
export class LineWriter {
  readonly #stream: Writable
  readonly #signal: AbortSignal
  readonly #spare: Buffer[] = []
  #batch: Buffer
  #used = 0
  #full = false

  constructor(stream: Writable, signal: AbortSignal) {
    this.#stream = stream
    this.#signal = signal
    this.#batch = Buffer.allocUnsafeSlow(BATCH_BYTES)
  }

  line(text: string): void {
    const most = text.length * BYTES_PER_UNIT + 1
    if (most > BATCH_BYTES - this.#used && this.#used > 0) this.#write()
    if (most > BATCH_BYTES) {
      this.#full = !this.#stream.write(`${text}\n`)
      return
    }
    this.#used += this.#batch.write(text, this.#used)
    this.#batch[this.#used++] = LINE_FEED
  }

  /** @returns undefined when there is nothing to wait for: most calls need no promise. */
  flush(): Promise<void> | undefined {
    if (this.#used > 0) this.#write()
    return this.#full ? this.#room() : undefined
  }

  /** Everything has left the process (or cannot: the run was interrupted). */
  async end(): Promise<void> {
    await this.flush()
    await written(this.#stream, '')
  }

  #write(): void {
    const batch = this.#batch
    const done = (): void => {
      this.#spare.push(batch)
    }
    this.#full = !this.#stream.write(batch.subarray(0, this.#used), done)
    this.#batch = this.#spare.pop() ?? Buffer.allocUnsafeSlow(BATCH_BYTES)
    this.#used = 0
  }

  #room(): Promise<void> {
    if (this.#signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.off('drain', done)
        this.#signal.removeEventListener('abort', done)
        this.#full = false
        resolve()
      }
      this.#stream.on('drain', done)
      this.#signal.addEventListener('abort', done, { once: true })
    })
  }
}

/** Writes text and resolves when the stream has taken it; a stream that broke has, too (its error is handled where it is opened). */
export function written(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve) => stream.write(text, () => resolve()))
}
