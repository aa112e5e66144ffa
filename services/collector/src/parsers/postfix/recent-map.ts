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
    const newer = this.#newer
    const { size } = newer
    newer.set(key, value)
    const isNew = newer.size > size
    if (isNew && size < this.#size) return
    // A key that was there would keep the place at which it came first; one too many begins another half.
    newer.delete(key)
    if (isNew) {
      this.#older = newer
      this.#newer = new Map()
    }
    this.#newer.set(key, value)
  }

  /** The newest `count` keys, oldest first, each once. */
  newest(count: number): [K, V][] {
    const newer = lastOf(this.#newer, count)
    if (newer.length === count) return newer
    const older = [...this.#older].filter(([key]) => !this.#newer.has(key))
    return [...older.slice(Math.max(0, older.length - (count - newer.length))), ...newer]
  }

  delete(key: K): void {
    this.#newer.delete(key)
    this.#older.delete(key)
  }
}

/** The last entries of a map without a copy of all the others. */
function lastOf<K, V>(map: ReadonlyMap<K, V>, count: number): [K, V][] {
  return [...map.entries().drop(Math.max(0, map.size - count))]
}
