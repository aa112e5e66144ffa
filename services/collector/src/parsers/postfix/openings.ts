import type { LogLine } from '../../framing/framing.ts'
import { eventId } from './event-id.ts'

/** More equal openings in one stamp than any process can make. */
const REMEMBERED_MAX = 1024

/**
 * The sessions that one process has opened at one stamp. Classic stamps have one second, in which a process can open several sessions
 * with the same line: their ordinal among equals tells them apart, and comes out the same whenever the log is read.
 */
export class Openings {
  #at = Number.NaN
  readonly #ids: string[] = []

  /** The event id of a session that `line` opens. */
  next(line: LogLine, service: string, key: string): string {
    const first = eventId(line, service, key, 0)
    if (line.time !== this.#at) {
      this.#at = line.time
      this.#ids.length = 0
    }
    let ordinal = 0
    for (const id of this.#ids) if (id === first) ordinal++
    if (this.#ids.length < REMEMBERED_MAX) this.#ids.push(first)
    return ordinal === 0 ? first : eventId(line, service, key, ordinal)
  }

  /** Whether `line` is, byte for byte, the line that opened the session before. */
  isLast(line: LogLine, service: string, key: string): boolean {
    return line.time === this.#at && this.#ids.at(-1) === eventId(line, service, key, 0)
  }
}
