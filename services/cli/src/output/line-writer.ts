import type { Writable } from 'node:stream'

/** Written at once even while more comes: what a single block or the end of input emits may be large. */
const BATCH_CHARACTERS = 256 * 1024

/**
 * Writes lines to a stream in large batches. `line` never waits; `flush` hands everything over and tells when the stream has room
 * again, so that a slow reader slows the parser and nothing piles up.
 */
export class LineWriter {
  readonly #stream: Writable
  readonly #signal: AbortSignal
  #batch = ''
  #full = false

  constructor(stream: Writable, signal: AbortSignal) {
    this.#stream = stream
    this.#signal = signal
  }

  line(text: string): void {
    this.#batch += text
    this.#batch += '\n'
    if (this.#batch.length >= BATCH_CHARACTERS) this.#write()
  }

  /** @returns undefined when there is nothing to wait for: most calls need no promise. */
  flush(): Promise<void> | undefined {
    if (this.#batch !== '') this.#write()
    return this.#full ? this.#room() : undefined
  }

  /** Everything has left the process (or cannot: the run was interrupted). */
  async end(): Promise<void> {
    await this.flush()
    await written(this.#stream, '')
  }

  #write(): void {
    this.#full = !this.#stream.write(this.#batch)
    this.#batch = ''
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
