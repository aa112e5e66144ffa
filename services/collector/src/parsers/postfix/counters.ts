import type { LineText } from '../../framing/line-bytes.ts'
import { TextMemo } from '../text-memo.ts'

/**
 * The counters of a `disconnect from` line: ` cmd=ok[/total]` for each command used, then ` commands=ok[/total]`
 * (log_disconnect, src/smtpd/smtpd.c, Postfix 3.0 and up). They cover the whole session, whatever other lines are lost.
 */
export interface Counters {
  /** -1: the command was never used. */
  starttlsOk: number
  starttlsAll: number
  mailOk: number
  mailAll: number
  /** Total of EHLO and HELO. */
  helloAll: number
  dataOk: number
  bdatOk: number
  bdatAll: number
  authOk: number
  xclient: boolean
  xforward: boolean
  commandsAll: number
}

export function createCounters(): Counters {
  return {
    starttlsOk: -1,
    starttlsAll: -1,
    mailOk: -1,
    mailAll: -1,
    helloAll: 0,
    dataOk: 0,
    bdatOk: 0,
    bdatAll: 0,
    authOk: 0,
    xclient: false,
    xforward: false,
    commandsAll: -1,
  }
}

/** Clients say the same few things. */
const KNOWN_TAILS = 1024

/** Reads counters and remembers the tails that it has read. */
export class CountersReader {
  readonly #known = new TextMemo<Readonly<Counters>>(KNOWN_TAILS)
  readonly #scratch = createCounters()

  /** @returns the counters, shared by all sessions that had the same; or what `readCounters` says of none. */
  read(line: LineText, from: number, end: number): Readonly<Counters> | 'none' | 'cut' {
    if (from >= end) return 'none'
    const known = this.#known.find(line, from, end)
    if (known !== undefined) return known
    const answer = readCounters(line.text, from, end, this.#scratch)
    if (answer !== 'ok') return answer
    const counters = { ...this.#scratch }
    this.#known.keep(line, from, end, counters)
    return counters
  }
}

const BLANK = 32
const EQUALS = 61
const SLASH = 47

/**
 * Reads the counters between `from` and `end`.
 * @returns `none` (no counters: Postfix before 3.0, or the line was cut), `cut` (it ends before `commands=`), `ok`
 */
export function readCounters(text: string, from: number, end: number, into: Counters): 'ok' | 'none' | 'cut' {
  clear(into)
  if (from >= end) return 'none'
  let at = from
  while (at < end) {
    if (text.charCodeAt(at) !== BLANK) return 'cut'
    const nameStart = ++at
    while (at < end && text.charCodeAt(at) !== EQUALS) at++
    if (at >= end) return 'cut'
    const nameEnd = at++
    const okStart = at
    at = skipDigits(text, at, end)
    if (at === okStart) {
      // ` notes=bare_lf` (3.9 and up) follows `commands=`; a name without digits anywhere else is not ours.
      return into.commandsAll >= 0 ? 'ok' : 'cut'
    }
    const ok = toNumber(text, okStart, at)
    let all = ok
    if (at < end && text.charCodeAt(at) === SLASH) {
      const allStart = ++at
      at = skipDigits(text, at, end)
      if (at === allStart) return 'cut'
      all = toNumber(text, allStart, at)
    }
    store(text, nameStart, nameEnd, ok, all, into)
  }
  return into.commandsAll >= 0 ? 'ok' : 'cut'
}

function clear(into: Counters): void {
  into.starttlsOk = -1
  into.starttlsAll = -1
  into.mailOk = -1
  into.mailAll = -1
  into.helloAll = 0
  into.dataOk = 0
  into.bdatOk = 0
  into.bdatAll = 0
  into.authOk = 0
  into.xclient = false
  into.xforward = false
  into.commandsAll = -1
}

function store(text: string, start: number, end: number, ok: number, all: number, into: Counters): void {
  switch (end - start) {
    case 4:
      if (text.startsWith('mail', start)) {
        into.mailOk = ok
        into.mailAll = all
      } else if (text.startsWith('ehlo', start) || text.startsWith('helo', start)) into.helloAll += all
      else if (text.startsWith('data', start)) into.dataOk = ok
      else if (text.startsWith('auth', start)) into.authOk = ok
      else if (text.startsWith('bdat', start)) {
        into.bdatOk = ok
        into.bdatAll = all
      }
      return
    case 7:
      if (text.startsWith('xclient', start)) into.xclient = ok > 0
      return
    case 8:
      if (text.startsWith('starttls', start)) {
        into.starttlsOk = ok
        into.starttlsAll = all
      } else if (text.startsWith('commands', start)) into.commandsAll = all
      else if (text.startsWith('xforward', start)) into.xforward = ok > 0
  }
}

function skipDigits(text: string, from: number, end: number): number {
  let at = from
  while (at < end && at < from + 9 && text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++
  return at
}

function toNumber(text: string, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at++) value = value * 10 + text.charCodeAt(at) - 48
  return value
}
