import { type FSWatcher, watch } from 'node:fs'

/** After news, so long nothing is looked at: a busy log is read in blocks, not line by line. */
const GATHER_MS = 15

/**
 * Waits for a file to change, at most a given time. The operating system's word that it did is a hint that shortens the wait: network
 * file systems give none, and there may be no watches left. Whoever waits looks at the file afterwards in any case.
 */
export class ChangeWait {
  readonly #signal: AbortSignal
  #watched: { path: string; watcher: FSWatcher } | null = null
  #end: (() => void) | null = null
  #gather: NodeJS.Timeout | undefined
  #woken = false
  #changeSeen = false

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.wake(), { once: true })
  }

  /** Ends the wait under way, or the next one. */
  wake(): void {
    this.#woken = true
    this.#end?.()
  }

  /**
   * @param path null: there is nothing to watch
   * @returns whether the operating system has told of a change since the wait before
   */
  async wait(path: string | null, ms: number): Promise<boolean> {
    if (!this.#woken && !this.#signal.aborted && ms > 0) {
      this.#watch(path)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => this.#end?.(), ms)
        this.#end = () => {
          clearTimeout(timer)
          clearTimeout(this.#gather)
          this.#gather = undefined
          this.#end = null
          resolve()
        }
      })
    }
    const changeSeen = this.#changeSeen
    this.#woken = this.#changeSeen = false
    return changeSeen
  }

  /** Gives the watch back. */
  close(): void {
    this.#watched?.watcher.close()
    this.#watched = null
  }

  /** A quiet file keeps its watch from wait to wait; a busy one is not watched while its news are gathered and read. */
  #watch(path: string | null): void {
    if (this.#watched?.path === path) return
    this.close()
    if (path === null) return
    try {
      const watcher = watch(path, { persistent: false }, () => this.#changed())
      watcher.on('error', () => this.close())
      this.#watched = { path, watcher }
    } catch {
      // Looking now and then has to do.
    }
  }

  #changed(): void {
    this.close()
    this.#changeSeen = true
    if (this.#end === null) this.#woken = true
    else this.#gather ??= setTimeout(() => this.#end?.(), GATHER_MS)
  }
}
