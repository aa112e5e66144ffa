/** Names that are kept; what comes after them is copied anew for every line, so hostile text costs time but no memory. */
const MAX_NAMES = 4096
/** Twice the names, so that probing stays short; a power of two, so that a mask finds the slot. */
const SLOTS = 8192
/** Bounds the search when an attacker makes names collide. */
const MAX_PROBES = 8

const HASH_SEED = 0x811c9dc5 | 0
const HASH_PRIME = 0x01000193

/** FNV-1a, 32 bits. Who scans for a name's end takes its steps on the way, in the loop itself: a call for each would double the cost. */
export function hashOf(text: string, start: number, end: number): number {
  let hash = HASH_SEED
  for (let index = start; index < end; index++) hash = Math.imul(hash ^ text.charCodeAt(index), HASH_PRIME)
  return hash
}

/**
 * Gives the same string object for the same name, without a substring on the way for a name that was seen before.
 * The kept strings are copies: a V8 slice of 13 and more characters would pin the whole block that it was cut from.
 */
export interface Interner {
  /** The name that stands in `text` from `start` to `end`; `hash` is its `hashOf`. */
  intern(text: string, start: number, end: number, hash: number): string
  /**
   * The name that stands at `at` with the character `stop` behind it, when it is one of the last few asked for; else ''.
   * Spares the scan: nearly every line of a log repeats a name of the lines just before it. Only for names that cannot hold `stop`.
   */
  recent(text: string, at: number, stop: number): string
}

/** The daemons of one MTA that take turns in its log. */
const RECENT = 8

export function createInterner(): Interner {
  const names: string[] = new Array<string>(SLOTS).fill('')
  const recent: string[] = new Array<string>(RECENT).fill('')
  let oldest = 0
  let known = 0

  function remember(name: string): string {
    recent[oldest] = name
    oldest = (oldest + 1) % RECENT
    return name
  }

  function add(slot: number, name: string): string {
    names[slot] = name
    known++
    return name
  }

  return {
    recent(text, at, stop) {
      for (let index = 0; index < RECENT; index++) {
        const name = recent[index] ?? ''
        if (name !== '' && text.charCodeAt(at + name.length) === stop && text.startsWith(name, at)) return name
      }
      return ''
    },
    intern(text, start, end, hash) {
      const length = end - start
      if (length === 0) return ''
      const first = hash ^ (hash >>> 15)
      for (let probe = 0; probe < MAX_PROBES; probe++) {
        const slot = (first + probe) & (SLOTS - 1)
        const name = names[slot] ?? ''
        if (name.length === length && text.startsWith(name, start)) return remember(name)
        if (name === '') return known < MAX_NAMES ? add(slot, copy(text, start, end)) : copy(text, start, end)
      }
      return copy(text, start, end)
    },
  }
}

/** A string of its own: decoding from bytes is the one documented way that cannot give a view of `text`. */
function copy(text: string, start: number, end: number): string {
  return Buffer.from(text.slice(start, end), 'latin1').toString('latin1')
}
