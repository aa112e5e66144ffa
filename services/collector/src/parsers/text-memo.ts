import { ownText } from '../own-text.ts'

/** Pieces of text that are longer are read anew each time: hostile ones must not fill the memory. */
const LENGTH_MAX = 256
/** Characters that a piece's place is made of: those that tell names, counters and ciphers apart stand anywhere in them. */
const SAMPLES = 8

/**
 * Remembers what was made of a piece of text. A log says the same things over and over, and to find one costs a comparison: no piece is
 * cut out and no hash of all of it is made, as a `Map` would need. Each piece has one place; another one of the same place takes it.
 */
export class TextMemo<V> {
  readonly #mask: number
  readonly #texts: string[]
  readonly #values: (V | undefined)[]

  /** @param size pieces that it can hold, a power of two */
  constructor(size: number) {
    this.#mask = size - 1
    this.#texts = new Array<string>(size).fill('')
    this.#values = new Array<V | undefined>(size).fill(undefined)
  }

  find(text: string, start: number, end: number): V | undefined {
    const place = placeOf(text, start, end) & this.#mask
    const known = this.#texts[place] ?? ''
    return known.length === end - start && text.startsWith(known, start) ? this.#values[place] : undefined
  }

  keep(text: string, start: number, end: number, value: V): void {
    if (end - start > LENGTH_MAX) return
    const place = placeOf(text, start, end) & this.#mask
    this.#texts[place] = ownText(text, start, end)
    this.#values[place] = value
  }
}

function placeOf(text: string, start: number, end: number): number {
  const step = Math.max(1, ((end - start) / SAMPLES) | 0)
  let place = end - start
  for (let at = end - 1; at >= start; at -= step) place = Math.imul(place, 31) + text.charCodeAt(at)
  return place ^ (place >>> 12)
}
