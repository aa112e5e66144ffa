/**
 * Which events may have been stored already: a compact filter of the ids stored since start, and a horizon for all that is older.
 *
 * It never says `new` of an event that is stored. What it is not sure of it says `ask` of, and a read of `tls_events` decides; so a
 * collision of two prefixes costs a read and never an event.
 */
export class SeenIds {
  /**
   * The newest `observed_at` among what is stored and not in the filter. Only what is dated after it, and is not in the filter, is
   * certainly new. Dates come from the events themselves, so no clock has to be right.
   */
  #horizon = Number.NEGATIVE_INFINITY
  readonly #capacity: number
  #young: Generation
  #old: Generation | null = null

  /** @param capacity ids in one generation; two generations of them are remembered at most (16 bytes an id and generation) */
  constructor(capacity = 1_000_000) {
    this.#capacity = capacity
    this.#young = new Generation(capacity)
  }

  get horizon(): number {
    return this.#horizon
  }

  /** What is stored up to this moment is not in the filter: it has to be asked for. */
  raiseHorizon(observedAt: number): void {
    this.#horizon = Math.max(this.#horizon, observedAt)
  }

  judge(id: Uint8Array, observedAt: number): 'new' | 'ask' {
    if (observedAt <= this.#horizon) return 'ask'
    const low = prefixLow(id)
    const high = prefixHigh(id)
    return this.#young.has(low, high) || this.#old?.has(low, high) === true ? 'ask' : 'new'
  }

  /** The event is stored. */
  add(id: Uint8Array, observedAt: number): void {
    if (this.#young.size >= this.#capacity) this.#turn()
    this.#young.add(prefixLow(id), prefixHigh(id), observedAt)
  }

  /** The oldest generation is forgotten, and what was in it is asked for from now on. */
  #turn(): void {
    const forgotten = this.#old
    if (forgotten !== null) this.raiseHorizon(forgotten.newest)
    this.#old = this.#young
    this.#young = forgotten?.cleared() ?? new Generation(this.#capacity)
  }
}

/** A set of 64-bit numbers by open addressing, half full at most. A number that is 0 marks an empty slot; none is ever stored. */
class Generation {
  newest = Number.NEGATIVE_INFINITY
  size = 0
  readonly #slots: Uint32Array
  readonly #mask: number

  constructor(capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(2, capacity * 2)))
    this.#slots = new Uint32Array(slots * 2)
    this.#mask = slots - 1
  }

  has(low: number, high: number): boolean {
    return this.#slots[this.#find(low, high) * 2] !== 0
  }

  add(low: number, high: number, observedAt: number): void {
    if (observedAt > this.newest) this.newest = observedAt
    const slot = this.#find(low, high) * 2
    if (this.#slots[slot] !== 0) return
    this.#slots[slot] = low
    this.#slots[slot + 1] = high
    this.size++
  }

  cleared(): Generation {
    this.#slots.fill(0)
    this.size = 0
    this.newest = Number.NEGATIVE_INFINITY
    return this
  }

  /** The slot that holds the number, else the empty one where it belongs. Ids are hashes: their bits need no mixing. */
  #find(low: number, high: number): number {
    let slot = high & this.#mask
    for (;;) {
      const found = this.#slots[slot * 2]
      if (found === 0 || (found === low && this.#slots[slot * 2 + 1] === high)) return slot
      slot = (slot + 1) & this.#mask
    }
  }
}

/** Never 0, which marks an empty slot. */
function prefixLow(id: Uint8Array): number {
  return word(id, 0) || 1
}

function prefixHigh(id: Uint8Array): number {
  return word(id, 4)
}

function word(id: Uint8Array, at: number): number {
  return ((id[at] ?? 0) | ((id[at + 1] ?? 0) << 8) | ((id[at + 2] ?? 0) << 16) | ((id[at + 3] ?? 0) << 24)) >>> 0
}
