import type { LogLine } from '../../framing/framing.ts'
import { eventId } from './event-id.ts'
import type { Service } from './host.ts'

/** More openings in one stamp than any process can make. */
const REMEMBERED_MAX = 1024

/**
 * The sessions that one process has opened at one stamp. Classic stamps have one second, in which a process can open several sessions
 * with the same line: their ordinal among equals tells them apart, and comes out the same whenever the log is read.
 */
export class Openings {
  #at = Number.NaN
  #last = ''
  /** Those before the last at this stamp; a busy second is rare, so most processes have none. */
  #before: string[] | null = null

  /** The event id of a session that `line` opens. */
  next(line: LogLine, service: Service, key: string): string {
    const first = eventId(line, service, key, 0)
    let ordinal = 0
    if (line.time === this.#at) ordinal = this.#remember(first)
    else this.#before = null
    this.#at = line.time
    this.#last = first
    return ordinal === 0 ? first : eventId(line, service, key, ordinal)
  }

  /** Whether `line` is, byte for byte, the line that opened the session before. */
  isLast(line: LogLine, service: Service, key: string): boolean {
    return line.time === this.#at && this.#last === eventId(line, service, key, 0)
  }

  /** How many sessions were opened by an equal line. */
  #remember(first: string): number {
    this.#before ??= []
    if (this.#before.length < REMEMBERED_MAX) this.#before.push(this.#last)
    let equals = 0
    for (const id of this.#before) if (id === first) equals++
    return equals
  }
}
