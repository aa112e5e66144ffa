interface Entry {
  at: number
  sender: string
}

/** When each listed sender has to be looked at again: a heap by time. A sender that is set again has one moment, the later set one. */
export class ReviewHeap {
  readonly #heap: Entry[] = []
  readonly #at = new Map<string, number>()

  get size(): number {
    return this.#at.size
  }

  /** Milliseconds since 1970 UTC of the next review; null where nothing is planned. */
  get next(): number | null {
    this.#dropStale()
    return this.#heap[0]?.at ?? null
  }

  set(sender: string, at: number): void {
    if (this.#at.get(sender) === at) return
    this.#at.set(sender, at)
    this.#push({ at, sender })
    // Entries that were set again stay until they come up; too many of them are swept out together.
    if (this.#heap.length > 64 && this.#heap.length > this.#at.size * 4) this.#rebuild()
  }

  delete(sender: string): void {
    this.#at.delete(sender)
  }

  /** Takes out the senders that are due at `now`, at most `limit`. */
  takeDue(now: number, limit: number): string[] {
    const due: string[] = []
    while (due.length < limit) {
      this.#dropStale()
      const first = this.#heap[0]
      if (first === undefined || first.at > now) break
      this.#pop()
      this.#at.delete(first.sender)
      due.push(first.sender)
    }
    return due
  }

  #dropStale(): void {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || this.#at.get(first.sender) === first.at) return
      this.#pop()
    }
  }

  #rebuild(): void {
    this.#heap.length = 0
    for (const [sender, at] of this.#at) this.#push({ at, sender })
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || above.at <= entry.at) break
      heap[at] = above
      at = parent
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const left = heap[at * 2 + 1]
      const right = heap[at * 2 + 2]
      if (left === undefined) break
      const [child, down] = right !== undefined && right.at < left.at ? [right, at * 2 + 2] : [left, at * 2 + 1]
      if (child.at >= last.at) break
      heap[at] = child
      at = down
    }
    heap[at] = last
  }
}
