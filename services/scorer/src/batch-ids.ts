/** The event ids of one batch, to find those that come twice in it. */
export class BatchIds {
  /** Number of the id that has the slot, counted from 1; 0: empty. Half of them are, at least. */
  readonly #slots: Int32Array
  readonly #ids: Uint8Array[] = []

  /** @param most ids that are added at most */
  constructor(most: number) {
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(2, most * 2))))
  }

  /** False where it is there already. */
  add(id: Uint8Array): boolean {
    const mask = this.#slots.length - 1
    // Ids are hashes: their bits need no mixing.
    let slot = ((id[0] ?? 0) | ((id[1] ?? 0) << 8) | ((id[2] ?? 0) << 16) | ((id[3] ?? 0) << 24)) & mask
    for (;;) {
      const taken = this.#slots[slot] ?? 0
      if (taken === 0) break
      if (equal(this.#ids[taken - 1], id)) return false
      slot = (slot + 1) & mask
    }
    this.#slots[slot] = this.#ids.push(id)
    return true
  }
}

function equal(a: Uint8Array | undefined, b: Uint8Array): boolean {
  if (a?.length !== b.length) return false
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false
  return true
}
