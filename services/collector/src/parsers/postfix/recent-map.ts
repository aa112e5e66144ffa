/**
 * A map that forgets: it holds at least the newest `size` keys and at most twice as many. Two halves are swapped in bulk, since deleting
 * the oldest key of a `Map` one by one leaves holes that every later look at its beginning has to step over.
 */
export class RecentMap<K, V> {
  readonly #size: number
  #newer = new Map<K, V>()
  #older = new Map<K, V>()

  constructor(size: number) {
    this.#size = size
  }

  get isEmpty(): boolean {
    return this.#newer.size === 0 && this.#older.size === 0
  }

  get(key: K): V | undefined {
    return this.#newer.get(key) ?? this.#older.get(key)
  }

  set(key: K, value: V): void {
    // Else it would keep the place at which it came first.
    this.#newer.delete(key)
    if (this.#newer.size >= this.#size) {
      this.#older = this.#newer
      this.#newer = new Map()
    }
    this.#newer.set(key, value)
  }

  /** The newest keys first, each once. */
  *newestFirst(): Generator<[K, V]> {
    yield* [...this.#newer].reverse()
    for (const entry of [...this.#older].reverse()) if (!this.#newer.has(entry[0])) yield entry
  }

  delete(key: K): void {
    this.#newer.delete(key)
    this.#older.delete(key)
  }
}
