import type { Prefix } from './prefix.ts'

const NONE = -1

/**
 * Blocks of one address family in sorted columns: 4 (IPv4) or 16 (IPv6) bytes a block, one for its length, four for the block that
 * encloses it. Blocks nest or are apart, never half: so the smallest block around an address is the last one that begins at or before
 * it, or one of those around that.
 */
export class PrefixTable {
  readonly size: number
  /** Words of 32 bits in a key. */
  readonly #width: number
  /** First byte of the 16 that differs within the family. */
  readonly #firstByte: number
  readonly #keys: Uint32Array
  readonly #bits: Uint8Array
  readonly #enclosing: Int32Array
  readonly #probe: Uint32Array

  /** @param firstByte 12 for IPv4, whose first twelve bytes are all the same; 0 for IPv6 */
  constructor(prefixes: readonly Prefix[], firstByte: 0 | 12) {
    this.#firstByte = firstByte
    this.#width = (16 - firstByte) / 4
    this.#probe = new Uint32Array(this.#width)
    const keys = new Uint32Array(prefixes.length * this.#width)
    prefixes.forEach((prefix, i) => {
      this.#writeKey(prefix.bytes, keys, i * this.#width)
    })
    const order = distinctInOrder(prefixes, keys, this.#width)
    this.size = order.length
    this.#keys = new Uint32Array(order.length * this.#width)
    this.#bits = new Uint8Array(order.length)
    this.#enclosing = new Int32Array(order.length)
    order.forEach((from, to) => {
      this.#keys.set(keys.subarray(from * this.#width, (from + 1) * this.#width), to * this.#width)
      this.#bits[to] = prefixes[from]?.bits ?? 0
    })
    this.#linkEnclosing()
  }

  /** Index of the smallest block that holds `address` and is at least as wide as `maxBits` say; -1 when there is none. */
  find(address: Uint8Array, maxBits: number): number {
    const key = this.#probe
    this.#writeKey(address, key, 0)
    let at = this.#lastFrom(key)
    while (at !== NONE && !(this.bitsAt(at) <= maxBits && this.#holds(at, key))) at = this.#enclosing[at] ?? NONE
    return at
  }

  /** True when a block of the table lies wholly in the one that begins at `lowest`. */
  hasInside(lowest: Uint8Array, bits: number): boolean {
    const key = this.#probe
    this.#writeKey(lowest, key, 0)
    let next = this.#lastFrom(key)
    // Of equal beginnings the smallest block is the last, so it decides for all of them.
    if (next === NONE || !sameBits(this.#keys, next * this.#width, key, bits - this.#firstByte * 8)) next++
    return (
      next < this.size &&
      this.bitsAt(next) >= bits &&
      sameBits(this.#keys, next * this.#width, key, bits - this.#firstByte * 8)
    )
  }

  bitsAt(index: number): number {
    return this.#bits[index] ?? 0
  }

  bytesAt(index: number): Uint8Array {
    const bytes = new Uint8Array(16)
    if (this.#firstByte === 12) bytes.fill(0xff, 10, 12)
    const view = new DataView(bytes.buffer)
    for (let word = 0; word < this.#width; word++) {
      view.setUint32(this.#firstByte + word * 4, this.#keys[index * this.#width + word] ?? 0)
    }
    return bytes
  }

  /** Index of the last block that begins at `key` or before it. */
  #lastFrom(key: Uint32Array): number {
    let low = 0
    let high = this.size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareKeys(this.#keys, middle * this.#width, key, 0, this.#width) <= 0) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  #holds(index: number, key: Uint32Array): boolean {
    return sameBits(this.#keys, index * this.#width, key, this.bitsAt(index) - this.#firstByte * 8)
  }

  #writeKey(bytes: Uint8Array, into: Uint32Array, at: number): void {
    for (let word = 0; word < this.#width; word++) {
      const i = this.#firstByte + word * 4
      into[at + word] =
        ((bytes[i] ?? 0) << 24) | ((bytes[i + 1] ?? 0) << 16) | ((bytes[i + 2] ?? 0) << 8) | (bytes[i + 3] ?? 0)
    }
  }

  #linkEnclosing(): void {
    const key = new Uint32Array(this.#width)
    for (let i = 0; i < this.size; i++) {
      key.set(this.#keys.subarray(i * this.#width, (i + 1) * this.#width))
      let around = i - 1
      while (around !== NONE && !this.#holds(around, key)) around = this.#enclosing[around] ?? NONE
      this.#enclosing[i] = around
    }
  }
}

/** Indexes of the distinct blocks by lowest address, of equal ones the widest first. */
function distinctInOrder(prefixes: readonly Prefix[], keys: Uint32Array, width: number): Uint32Array {
  const bits = Uint8Array.from(prefixes, (prefix) => prefix.bits)
  const compare = (a: number, b: number): number =>
    compareKeys(keys, a * width, keys, b * width, width) || (bits[a] ?? 0) - (bits[b] ?? 0)
  const order = Uint32Array.from(prefixes, (_, i) => i).sort(compare)
  return order.filter((index, i) => i === 0 || compare(order[i - 1] ?? 0, index) !== 0)
}

function compareKeys(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number, width: number): number {
  for (let word = 0; word < width; word++) {
    const left = a[aAt + word] ?? 0
    const right = b[bAt + word] ?? 0
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

/** True when the first `bits` bits of both keys are the same. */
function sameBits(a: Uint32Array, aAt: number, b: Uint32Array, bits: number): boolean {
  const whole = bits >> 5
  for (let word = 0; word < whole; word++) if (a[aAt + word] !== b[word]) return false
  const rest = bits & 31
  return rest === 0 || ((a[aAt + whole] ?? 0) ^ (b[whole] ?? 0)) >>> (32 - rest) === 0
}
