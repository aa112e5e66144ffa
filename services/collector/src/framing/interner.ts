import { says, type Words, words } from './line-bytes.ts'

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
   * The name that stands in `bytes` at `at` with the character `stop` behind it, when it is one of the last few asked for; else ''.
   * Spares the scan: nearly every line of a log repeats a name of the lines just before it. Only for names that cannot hold `stop`.
   */
  recent(bytes: DataView, at: number, stop: number): string
}

/** The daemons of one MTA that take turns in its log. */
const RECENT = 16

interface Name {
  readonly text: string
  readonly words: Words
}

const NO_NAME: Name = { text: '', words: words('\0') }

export function createInterner(): Interner {
  const names: Name[] = new Array<Name>(SLOTS).fill(NO_NAME)
  const recent: Name[] = []
  let oldest = 0
  let known = 0

  function remember(name: Name): string {
    recent[oldest] = name
    oldest = (oldest + 1) % RECENT
    return name.text
  }

  function add(slot: number, name: string): string {
    names[slot] = { text: name, words: words(name) }
    known++
    return name
  }

  return {
    recent(bytes, at, stop) {
      for (let index = 0; index < recent.length; index++) {
        const { text, words } = recent[index] ?? NO_NAME
        if (bytes.getUint8(at + words.length) === stop && says(bytes, at, words)) return text
      }
      return ''
    },
    intern(text, start, end, hash) {
      const length = end - start
      if (length === 0) return ''
      const first = hash ^ (hash >>> 15)
      for (let probe = 0; probe < MAX_PROBES; probe++) {
        const slot = (first + probe) & (SLOTS - 1)
        const name = names[slot] ?? NO_NAME
        if (name.text.length === length && text.startsWith(name.text, start)) return remember(name)
        if (name === NO_NAME) return known < MAX_NAMES ? add(slot, copy(text, start, end)) : copy(text, start, end)
      }
      return copy(text, start, end)
    },
  }
}

/** A string of its own: decoding from bytes is the one documented way that cannot give a view of `text`. */
function copy(text: string, start: number, end: number): string {
  return Buffer.from(text.slice(start, end), 'latin1').toString('latin1')
}
