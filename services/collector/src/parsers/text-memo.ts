import { copyBytes, isSame, type LineText } from '../framing/line-bytes.ts'

/** Fours that a piece's place is made of: what tells names, counters and ciphers apart stands anywhere in them. */
const SAMPLES = 8
const PRIME = 0x01000193

/**
 * Remembers what was made of a piece of text. A log says the same things over and over, and to find one costs a comparison of bytes: no
 * piece is cut out and no hash of all of it is made, as a `Map` would need. Each piece has one place; another one of the same place takes
 * it.
 */
export class TextMemo<V> {
  readonly #mask: number
  readonly #longest: number
  readonly #pieces: DataView
  readonly #lengths: Uint16Array
  readonly #values: (V | undefined)[]

  /**
   * @param size pieces that it can hold, a power of two
   * @param longest bytes of a piece; longer ones are read anew each time: hostile ones must not fill the memory
   */
  constructor(size: number, longest = 256) {
    this.#mask = size - 1
    this.#longest = longest
    this.#pieces = new DataView(new ArrayBuffer(size * longest))
    this.#lengths = new Uint16Array(size)
    this.#values = new Array<V | undefined>(size).fill(undefined)
  }

  find({ bytes }: LineText, start: number, end: number): V | undefined {
    const place = placeOf(bytes, start, end) & this.#mask
    const length = end - start
    if (this.#lengths[place] !== length || !isSame(bytes, start, this.#pieces, place * this.#longest, length)) {
      return undefined
    }
    return this.#values[place]
  }

  keep({ bytes }: LineText, start: number, end: number, value: V): void {
    const length = end - start
    if (length > this.#longest) return
    const place = placeOf(bytes, start, end) & this.#mask
    this.#lengths[place] = length
    copyBytes(bytes, start, length, this.#pieces, place * this.#longest)
    this.#values[place] = value
  }
}

function placeOf(bytes: DataView, start: number, end: number): number {
  const length = end - start
  let place = length
  if (length < 4) {
    for (let at = start; at < end; at++) place = Math.imul(place ^ bytes.getUint8(at), PRIME)
  } else {
    const step = Math.max(4, (length / SAMPLES) | 0)
    for (let at = end - 4; at > start; at -= step) place = mixed(place, bytes.getInt32(at, true))
    place = mixed(place, bytes.getInt32(start, true))
  }
  return place ^ (place >>> 16)
}

/** Its high bits count as much as its low ones: a product hands bits upwards only. */
function mixed(place: number, four: number): number {
  return Math.imul(place ^ four ^ (four >>> 16), PRIME)
}
