import { isIpv4 } from '@tlsrep/core'
import { parseSender, type SenderKey, v4Bits, v4Key, v6Key } from '@tlsrep/core/sender/sender-key'

/** What a table holds: something about one sender that ends at a moment (ms since 1970 UTC, `Infinity` for never). */
export interface Dated {
  readonly sender: string
  readonly expires_at: number
}

/**
 * Senders by text, by longest prefix, and by what lies within a prefix, in one structure: a hash map for each prefix length in use. The
 * text is kept in the value only, so that a million senders cost one map.
 */
export class SenderMap<V extends Dated> implements ReadonlyMap<string, V> {
  readonly #v4 = new LengthMaps<number, V>(32)
  readonly #v6 = new LengthMaps<bigint, V>(128)
  readonly #names = new Map<string, V>()

  get size(): number {
    return this.#v4.size + this.#v6.size + this.#names.size
  }

  get(sender: string): V | undefined {
    const key = parseSender(sender)
    return key === undefined ? undefined : this.at(key)
  }

  at(key: SenderKey): V | undefined {
    if (key.kind === 'v4') return this.#v4.get(key.length, key.key)
    return key.kind === 'v6' ? this.#v6.get(key.length, key.key) : this.#names.get(key.name)
  }

  has(sender: string): boolean {
    return this.get(sender) !== undefined
  }

  /** @param key of `value.sender` */
  set(key: SenderKey, value: V): void {
    if (key.kind === 'v4') this.#v4.set(key.length, key.key, value)
    else if (key.kind === 'v6') this.#v6.set(key.length, key.key, value)
    else this.#names.set(key.name, value)
  }

  delete(key: SenderKey): boolean {
    if (key.kind === 'v4') return this.#v4.delete(key.length, key.key)
    return key.kind === 'v6' ? this.#v6.delete(key.length, key.key) : this.#names.delete(key.name)
  }

  /** The most specific prefix of at least `atLeast` bits that holds the address and has not ended at `now`. */
  longest(address: Uint8Array, now: number, atLeast = 0): V | undefined {
    if (isIpv4(address)) {
      const bits = v4Bits(address)
      for (const length of this.#v4.lengths) {
        if (length < atLeast) return undefined
        const found = this.#v4.get(length, v4Key(bits, length))
        if (found !== undefined && found.expires_at > now) return found
      }
      return undefined
    }
    for (const length of this.#v6.lengths) {
      if (length < atLeast) return undefined
      const found = this.#v6.get(length, v6Key(address, length))
      if (found !== undefined && found.expires_at > now) return found
    }
    return undefined
  }

  /** What is at the sender itself or at a wider prefix that covers it, the most specific first. A domain is covered by itself only. */
  *covering(key: SenderKey): Generator<V, undefined, unknown> {
    if (key.kind === 'v4')
      yield* this.#v4.covering(key.length, (length) => widerV4(key.key, key.length - length, length))
    else if (key.kind === 'v6') yield* this.#v6.covering(key.length, (length) => key.key >> BigInt(key.length - length))
    else yield* one(this.#names.get(key.name))
  }

  /** What is at the sender itself or within it. Walks all that is more specific in its family. */
  *within(key: SenderKey): Generator<V, undefined, unknown> {
    if (key.kind === 'v4')
      yield* this.#v4.within(key.length, key.key, (k, by) => widerV4(k, by, key.length) === key.key)
    else if (key.kind === 'v6') yield* this.#v6.within(key.length, key.key, (k, by) => k >> BigInt(by) === key.key)
    else yield* one(this.#names.get(key.name))
  }

  *values(): Generator<V, undefined, unknown> {
    yield* this.#v4.values()
    yield* this.#v6.values()
    yield* this.#names.values()
  }

  *keys(): Generator<string, undefined, unknown> {
    for (const value of this.values()) yield value.sender
  }

  *entries(): Generator<[string, V], undefined, unknown> {
    for (const value of this.values()) yield [value.sender, value]
  }

  [Symbol.iterator](): Generator<[string, V], undefined, unknown> {
    return this.entries()
  }

  forEach(visit: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const value of this.values()) visit(value, value.sender, this)
  }
}

/** Prefixes of one family: a map for each length in use. */
class LengthMaps<K, V> {
  /** Lengths in use, the longest first. */
  lengths: readonly number[] = []
  size = 0
  readonly #maps: (Map<K, V> | undefined)[]

  constructor(bits: number) {
    this.#maps = new Array<Map<K, V> | undefined>(bits + 1).fill(undefined)
  }

  get(length: number, key: K): V | undefined {
    return this.#maps[length]?.get(key)
  }

  set(length: number, key: K, value: V): void {
    let map = this.#maps[length]
    if (map === undefined) {
      map = new Map()
      this.#maps[length] = map
      this.lengths = [...this.lengths, length].sort((a, b) => b - a)
    }
    const before = map.size
    map.set(key, value)
    this.size += map.size - before
  }

  delete(length: number, key: K): boolean {
    const map = this.#maps[length]
    if (map === undefined || !map.delete(key)) return false
    this.size--
    if (map.size === 0) {
      this.#maps[length] = undefined
      this.lengths = this.lengths.filter((used) => used !== length)
    }
    return true
  }

  *covering(length: number, keyAt: (length: number) => K): Generator<V, undefined, unknown> {
    for (const used of this.lengths) {
      if (used <= length) yield* one(this.get(used, keyAt(used)))
    }
  }

  *within(length: number, at: K, inside: (key: K, by: number) => boolean): Generator<V, undefined, unknown> {
    yield* one(this.get(length, at))
    for (const used of this.lengths) {
      if (used <= length) return
      for (const [key, value] of this.#maps[used] ?? []) if (inside(key, used - length)) yield value
    }
  }

  *values(): Generator<V, undefined, unknown> {
    for (const used of this.lengths) yield* this.#maps[used]?.values() ?? []
  }
}

/** The key of the prefix that is `by` bits wider and has `length` bits then; a shift of 32 would be none in JavaScript. */
function widerV4(key: number, by: number, length: number): number {
  return length === 0 ? 0 : (key >>> by) | 0
}

function* one<V>(value: V | undefined): Generator<V, undefined, unknown> {
  if (value !== undefined) yield value
}
