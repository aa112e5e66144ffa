import { randomBytes } from 'node:crypto'
import { ipText } from '@tlsrep/schemas'
import { isIpv4 } from './address.ts'
import { lengthened } from './lengthened.ts'
import type { SenderKey } from './sender-key.ts'

/** What a slot holds: 0 nothing, 1 to 33 an IPv4 prefix of 0 to 32 bits, 34 to 162 an IPv6 prefix of 0 to 128 bits, 255 a name. */
const V4 = 1
const V6 = 34
const NAME = 255
const FIRST_CAPACITY = 256

/**
 * Gives each sender a small number, its slot, for tables that keep what they know of a million senders in arrays of numbers: an object and a
 * string each would take ten times the memory. A slot is its sender's until it is freed, then another sender gets it.
 *
 * Prefixes stand in one hash table of open addressing, IPv4 and IPv6 alike; names, of which there are few, in a map.
 */
export class SenderSlots {
  readonly #grown: (capacity: number) => void
  /** Four words a slot, in network order; an IPv4 prefix has one. Of a free slot, the first is the next free slot. */
  #words = new Int32Array(0)
  #kinds = new Uint8Array(0)
  /** Slot and 1 more, by hash; 0 is empty. */
  #index = new Int32Array(0)
  #used = 0
  #firstFree = -1
  #size = 0
  readonly #slotOfName = new Map<string, number>()
  readonly #nameAt = new Map<number, string>()
  readonly #perKind = new Uint32Array(NAME)
  /** Lengths in use, the longest first. */
  #v4Lengths: readonly number[] = []
  #v6Lengths: readonly number[] = []
  /** Senders are chosen by those whom a long search in the table would suit. */
  readonly #seed = randomBytes(4).readInt32LE()
  readonly #asked = new Int32Array(4)

  /** @param grown told, before a slot beyond it is given out, how many slots there may be from now on */
  constructor(grown: (capacity: number) => void = () => {}) {
    this.#grown = grown
  }

  get size(): number {
    return this.#size
  }

  /** The slot of a sender, -1 where it has none. */
  find(key: SenderKey): number {
    return key.kind === 'name' ? (this.#slotOfName.get(key.name) ?? -1) : this.#slotIn(this.#place(this.#ask(key)))
  }

  /** The slot of a sender, which is given one where it has none. */
  take(key: SenderKey): number {
    const known = this.find(key)
    if (known >= 0) return known
    const slot = this.#freeSlot()
    this.#size++
    if (key.kind === 'name') {
      this.#kinds[slot] = NAME
      this.#slotOfName.set(key.name, slot)
      this.#nameAt.set(slot, key.name)
      return slot
    }
    const kind = this.#ask(key)
    this.#kinds[slot] = kind
    this.#words.set(this.#asked, 4 * slot)
    this.#index[this.#place(kind)] = slot + 1
    this.#count(kind, 1)
    return slot
  }

  /** Takes a sender's slot away from it. @returns the slot; -1 where it had none */
  free(key: SenderKey): number {
    const slot = this.find(key)
    if (slot < 0) return -1
    if (key.kind === 'name') {
      this.#slotOfName.delete(key.name)
      this.#nameAt.delete(slot)
    } else {
      const kind = this.#ask(key)
      this.#empty(this.#place(kind))
      this.#count(kind, -1)
    }
    this.#kinds[slot] = 0
    this.#words[4 * slot] = this.#firstFree
    this.#firstFree = slot
    this.#size--
    return slot
  }

  /**
   * The longest prefix of less than `below` bits that holds an address: its slot, -1 where there is none.
   * @param address 16 bytes of network order
   */
  longest(address: Uint8Array, below: number): number {
    const isV4 = isIpv4(address)
    const first = isV4 ? 12 : 0
    for (const length of isV4 ? this.#v4Lengths : this.#v6Lengths) {
      if (length >= below) continue
      for (let word = 0; word < 4; word++) {
        const at = first + 4 * word
        this.#asked[word] = at < 16 ? wordAt(address, at) & maskOf(length - 32 * word) : 0
      }
      const slot = this.#slotIn(this.#place((isV4 ? V4 : V6) + length))
      if (slot >= 0) return slot
    }
    return -1
  }

  /** Slots of the sender itself and of all prefixes within it. Walks over all slots. */
  *within(key: SenderKey): Generator<number, undefined, unknown> {
    if (key.kind === 'name') {
      const slot = this.find(key)
      if (slot >= 0) yield slot
      return
    }
    const kind = this.#ask(key)
    const outer = Int32Array.from(this.#asked)
    const masks = [0, 1, 2, 3].map((word) => maskOf(key.length - 32 * word))
    const last = kind < V6 ? V6 - 1 : NAME - 1
    for (let slot = 0; slot < this.#used; slot++) {
      const own = this.#kinds[slot] ?? 0
      if (own < kind || own > last) continue
      if (masks.every((mask, word) => ((this.#words[4 * slot + word] ?? 0) & mask) === outer[word])) yield slot
    }
  }

  /** All slots in use, in the order of their numbers. What is given or freed meanwhile may be among them or not. */
  *slots(): Generator<number, undefined, unknown> {
    for (let slot = 0; slot < this.#used; slot++) if (this.#kinds[slot] !== 0) yield slot
  }

  /** Bits of the prefix at a slot; 0 for a name. */
  lengthAt(slot: number): number {
    const kind = this.#kinds[slot] ?? 0
    return kind === NAME ? 0 : kind < V6 ? kind - V4 : kind - V6
  }

  /** The canonical text of the sender at a slot. */
  senderAt(slot: number): string {
    const kind = this.#kinds[slot] ?? 0
    if (kind === NAME) return this.#nameAt.get(slot) ?? ''
    const first = this.#words[4 * slot] ?? 0
    if (kind < V6) {
      return `${first >>> 24}.${(first >>> 16) & 255}.${(first >>> 8) & 255}.${first & 255}/${kind - V4}`
    }
    const address = Buffer.allocUnsafe(16)
    for (let word = 0; word < 4; word++) address.writeInt32BE(this.#words[4 * slot + word] ?? 0, 4 * word)
    return `${ipText(address)}/${kind - V6}`
  }

  /** The same senders in the same slots, for reading: it finds nobody, it only tells who is where. */
  copy(): Pick<SenderSlots, 'slots' | 'senderAt'> {
    const copy = new SenderSlots()
    copy.#words = this.#words.slice(0, 4 * this.#used)
    copy.#kinds = this.#kinds.slice(0, this.#used)
    copy.#used = this.#used
    for (const [slot, name] of this.#nameAt) copy.#nameAt.set(slot, name)
    return copy
  }

  /** Puts the bits of a prefix where `#place` looks for them. @returns its kind */
  #ask(key: Exclude<SenderKey, { kind: 'name' }>): number {
    const asked = this.#asked.fill(0)
    if (key.kind === 'v4') {
      asked[0] = key.length === 0 ? 0 : key.key << (32 - key.length)
      return V4 + key.length
    }
    const bits = key.key << BigInt(128 - key.length)
    for (let word = 0; word < 4; word++) asked[word] = Number(BigInt.asIntN(32, bits >> BigInt(96 - 32 * word)))
    return V6 + key.length
  }

  /** Where in the index the prefix that was asked for stands, or would stand. */
  #place(kind: number): number {
    const mask = this.#index.length - 1
    if (mask < 0) return -1
    const [a, b, c, d] = [this.#asked[0] ?? 0, this.#asked[1] ?? 0, this.#asked[2] ?? 0, this.#asked[3] ?? 0]
    let at = this.#hash(kind, a, b, c, d) & mask
    for (let entry = this.#index[at] ?? 0; entry !== 0; entry = this.#index[at] ?? 0) {
      const slot = entry - 1
      const words = this.#words
      const w = 4 * slot
      const isIt =
        this.#kinds[slot] === kind && words[w] === a && words[w + 1] === b && words[w + 2] === c && words[w + 3] === d
      if (isIt) return at
      at = (at + 1) & mask
    }
    return at
  }

  #slotIn(place: number): number {
    return (this.#index[place] ?? 0) - 1
  }

  #hash(kind: number, a: number, b: number, c: number, d: number): number {
    let hash = Math.imul(this.#seed ^ kind ^ a, 0x9e3779b1)
    hash = Math.imul(hash ^ (hash >>> 15) ^ b, 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13) ^ c, 0xc2b2ae35)
    hash = Math.imul(hash ^ (hash >>> 16) ^ d, 0x27d4eb2f)
    return hash ^ (hash >>> 15)
  }

  /** Empties a place; what was put further on because it was taken moves up (Knuth, The Art of Computer Programming, 6.4, algorithm R). */
  #empty(place: number): void {
    const mask = this.#index.length - 1
    let hole = place
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const entry = this.#index[at] ?? 0
      if (entry === 0) break
      if (((at - this.#home(entry - 1)) & mask) < ((at - hole) & mask)) continue
      this.#index[hole] = entry
      hole = at
    }
    this.#index[hole] = 0
  }

  /** Where the prefix at a slot would stand in an empty index. */
  #home(slot: number): number {
    const words = this.#words
    const [a = 0, b = 0, c = 0, d = 0] = [
      words[4 * slot],
      words[4 * slot + 1],
      words[4 * slot + 2],
      words[4 * slot + 3],
    ]
    return this.#hash(this.#kinds[slot] ?? 0, a, b, c, d) & (this.#index.length - 1)
  }

  #freeSlot(): number {
    const slot = this.#firstFree
    if (slot >= 0) {
      this.#firstFree = this.#words[4 * slot] ?? -1
      return slot
    }
    if (this.#used === this.#kinds.length) this.#grow()
    return this.#used++
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, 2 * this.#kinds.length)
    this.#words = lengthened(this.#words, 4 * capacity)
    this.#kinds = lengthened(this.#kinds, capacity)
    // Half full at most.
    this.#index = lengthened(this.#index, 2 * capacity).fill(0)
    for (const slot of this.slots()) {
      if (this.#kinds[slot] === NAME) continue
      let at = this.#home(slot)
      while (this.#index[at] !== 0) at = (at + 1) & (this.#index.length - 1)
      this.#index[at] = slot + 1
    }
    this.#grown(capacity)
  }

  #count(kind: number, by: 1 | -1): void {
    const count = (this.#perKind[kind] ?? 0) + by
    this.#perKind[kind] = count
    if (by === 1 ? count > 1 : count > 0) return
    const lengths = [...this.#perKind.keys()].filter((used) => this.#perKind[used] !== 0).reverse()
    this.#v4Lengths = lengths.filter((used) => used < V6).map((used) => used - V4)
    this.#v6Lengths = lengths.filter((used) => used >= V6).map((used) => used - V6)
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
}

/** The first `bits` of a word, all of it above 32. */
function maskOf(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits)
}
