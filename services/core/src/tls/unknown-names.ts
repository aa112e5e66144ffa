import { ownCopy } from './name-cache.ts'

export type UnknownNameKind = 'cipher' | 'group' | 'signature' | 'version' | 'reason'

export type UnknownName = { readonly kind: UnknownNameKind; readonly name: string; readonly count: number }

const MAX_KEPT_LENGTH = 64

/**
 * Counts the names that no table knows, so that they can be reported and the tables mended. A name is never guessed at:
 * it stays raw in the event and is counted here. Names are log text, so their number and length are bounded, and whoever
 * shows them must escape control characters.
 */
export class UnknownNames {
  readonly #capacity: number
  readonly #counts = new Map<UnknownNameKind, Map<string, number>>()
  #kept = 0
  #others = 0

  constructor(capacity = 256) {
    this.#capacity = capacity
  }

  /** How many sightings were of names that came after the capacity was used up. */
  get others(): number {
    return this.#others
  }

  count(kind: UnknownNameKind, raw: string): void {
    const name = raw.length > MAX_KEPT_LENGTH ? raw.slice(0, MAX_KEPT_LENGTH) : raw
    const names = this.#namesOf(kind)
    const before = names.get(name)
    if (before !== undefined) {
      names.set(name, before + 1)
    } else if (this.#kept < this.#capacity) {
      names.set(ownCopy(name), 1)
      this.#kept += 1
    } else {
      this.#others += 1
    }
  }

  /** The names kept, most frequent first, then by kind and name: the same sightings always report alike. */
  report(): UnknownName[] {
    const all: UnknownName[] = []
    for (const [kind, names] of this.#counts) {
      for (const [name, count] of names) all.push({ kind, name, count })
    }
    return all.sort((a, b) => b.count - a.count || order(a.kind, b.kind) || order(a.name, b.name))
  }

  #namesOf(kind: UnknownNameKind): Map<string, number> {
    const names = this.#counts.get(kind)
    if (names !== undefined) return names
    const empty = new Map<string, number>()
    this.#counts.set(kind, empty)
    return empty
  }
}

function order(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
