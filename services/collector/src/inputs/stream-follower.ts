import { ChangeWait } from './change-wait.ts'
import type { FileSource } from './file-source.ts'
import type { Follower, FollowItem, LineSource } from './follower.ts'
import type { InputItem } from './input.ts'

/** Lines that come once and cannot be read again: standard input. No position in it survives the process. */
export class StreamFollower implements Follower {
  readonly behind = 0
  readonly #stream: FileSource
  readonly #file: LineSource
  readonly #items: AsyncIterator<InputItem>
  readonly #wait: ChangeWait
  readonly #now: () => number
  #next: Promise<IteratorResult<InputItem>> | null = null
  #arrived: IteratorResult<InputItem> | { error: unknown } | null = null
  #begun = false

  constructor(stream: FileSource, signal: AbortSignal, now: () => number) {
    this.#stream = stream
    this.#file = { source: stream.name, name: stream.name }
    this.#items = stream.read(signal)[Symbol.asyncIterator]()
    this.#wait = new ChangeWait(signal)
    this.#now = now
  }

  get bytesRead(): number {
    return this.#stream.bytesRead
  }

  /** @throws InputError when the stream breaks, or is no text */
  async next(waitMs: number): Promise<FollowItem> {
    if (!this.#begun) {
      this.#begun = true
      return { kind: 'rebuilt' }
    }
    if (this.#next === null) this.#ask()
    if (this.#arrived === null) await this.#wait.wait(null, waitMs)
    const arrived = this.#arrived
    if (arrived === null) return { kind: 'idle' }
    this.#next = null
    if ('error' in arrived) throw arrived.error
    if (arrived.done === true) return { kind: 'over' }
    const item = arrived.value
    const end = item.kind === 'lines' ? item.block.offset + item.block.text.length : item.line.offset + item.line.length
    return { kind: 'lines', file: this.#file, item, end, modifiedAt: this.#now(), again: false }
  }

  #ask(): void {
    this.#arrived = null
    const arrive = (arrived: IteratorResult<InputItem> | { error: unknown }): void => {
      this.#arrived = arrived
      this.#wait.wake()
    }
    this.#next = this.#items.next()
    this.#next.then(arrive, (error: unknown) => arrive({ error }))
  }

  wake(): void {
    this.#wait.wake()
  }

  close(): Promise<void> {
    return this.#stream.close()
  }
}
