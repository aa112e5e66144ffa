/** What ends at a moment. */
export interface Ending {
  readonly expires_at: number
}

/**
 * What ends next, as a binary heap. An entry that was replaced meanwhile stays in until its time comes; whoever takes it out finds that it
 * no longer holds. `prune` keeps such entries from piling up.
 */
export class ExpiryQueue<T extends Ending> {
  #heap: T[] = []

  get size(): number {
    return this.#heap.length
  }

  /** Milliseconds since 1970 UTC at which the first one ends; `Infinity` when nothing does. */
  get next(): number {
    return this.#heap[0]?.expires_at ?? Number.POSITIVE_INFINITY
  }

  /** What never ends is not kept. */
  push(entry: T): void {
    if (entry.expires_at === Number.POSITIVE_INFINITY) return
    this.#heap.push(entry)
    this.#rise(this.#heap.length - 1)
  }

  /** Takes out what has ended at `now`, the first first. */
  *due(now: number): Generator<T, undefined, unknown> {
    for (let first = this.#heap[0]; first !== undefined && first.expires_at <= now; first = this.#heap[0]) {
      const last = this.#heap.pop()
      if (last !== undefined && this.#heap.length > 0) {
        this.#heap[0] = last
        this.#sink(0)
      }
      yield first
    }
  }

  /** Drops what no longer holds. */
  prune(holds: (entry: T) => boolean): void {
    this.#heap = this.#heap.filter(holds)
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#sink(i)
  }

  #rise(index: number): void {
    const entry = this.#heap[index]
    if (entry === undefined) return
    let at = index
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = this.#heap[up]
      if (parent === undefined || parent.expires_at <= entry.expires_at) break
      this.#heap[at] = parent
      at = up
    }
    this.#heap[at] = entry
  }

  #sink(index: number): void {
    const entry = this.#heap[index]
    if (entry === undefined) return
    let at = index
    for (;;) {
      const left = 2 * at + 1
      const right = this.#heap[left + 1]
      let child = this.#heap[left]
      if (child === undefined) break
      const rightIsLess = right !== undefined && right.expires_at < child.expires_at
      if (rightIsLess) child = right
      if (child.expires_at >= entry.expires_at) break
      this.#heap[at] = child
      at = rightIsLess ? left + 1 : left
    }
    this.#heap[at] = entry
  }
}
