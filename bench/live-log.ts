import { closeSync, openSync, writeSync } from 'node:fs'
import { addressOf, sessionLines } from './session-lines.ts'

/** How often lines are appended: a busy syslog daemon writes what came in the last milliseconds. */
const TICK_MS = 5
/** Senders of ordinary sessions. One in twenty of them sends in clear, each time. */
const SENDERS = 50_000
const MARKED_FROM = 1_000_000
/** Sessions in clear of a marked sender before the ones that list it: not enough yet, whatever the time of day. */
const EARLIER_SESSIONS = 7
const DECIDING_SESSIONS = 2
const LEAD_MS = 3000

export interface LiveLogOptions {
  path: string
  sessionsPerSecond: number
  /** Senders that become listed, in each second. */
  markedPerSecond: number
  /** The deciding lines of a marked sender have been appended. */
  decided: (address: string, at: number) => void
}

/** Appends sessions to a log at a steady rate, real lines of Postfix with the time of day. */
export class LiveLog {
  readonly #options: LiveLogOptions
  readonly #file: number
  #timer: NodeJS.Timeout | undefined
  #startedAt = 0
  #ordinal = 0
  #markedStarted = 0
  #markedDecided = 0
  #markedOn = false
  #markedSince = 0

  constructor(options: LiveLogOptions) {
    this.#options = options
    this.#file = openSync(options.path, 'a')
  }

  get sessions(): number {
    return this.#ordinal
  }

  /** Seconds since `start`. */
  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000
  }

  start(): void {
    this.#startedAt = performance.now()
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  /** Marked senders begin, and end: those that have begun are still decided. */
  mark(on: boolean): void {
    if (on) this.#markedSince = performance.now()
    this.#markedOn = on
  }

  stop(): void {
    clearInterval(this.#timer)
    closeSync(this.#file)
  }

  #tick(): void {
    const { sessionsPerSecond, markedPerSecond, decided } = this.#options
    const now = performance.now()
    const lines: string[] = []
    const toDecide: number[] = []
    const since = now - this.#markedSince
    const due = (ms: number): number => Math.floor((ms * markedPerSecond) / 1000)
    while (this.#markedOn && this.#markedStarted < due(since)) {
      const sender = MARKED_FROM + this.#markedStarted++
      for (let i = 0; i < EARLIER_SESSIONS; i++) lines.push(this.#session(sender, false))
    }
    while (this.#markedDecided < Math.min(this.#markedStarted, due(since - LEAD_MS)))
      toDecide.push(MARKED_FROM + this.#markedDecided++)
    for (const sender of toDecide) for (let i = 0; i < DECIDING_SESSIONS; i++) lines.push(this.#session(sender, false))
    const wanted = Math.floor(((now - this.#startedAt) / 1000) * sessionsPerSecond)
    while (this.#ordinal < wanted) {
      const sender = (this.#ordinal * 7919) % SENDERS
      lines.push(this.#session(sender, sender % 20 !== 0))
    }
    const at = performance.now()
    if (lines.length > 0) writeSync(this.#file, lines.join(''))
    for (const sender of toDecide) decided(addressOf(sender), at)
  }

  #session(sender: number, tls: boolean): string {
    return sessionLines({ sender, tls, ordinal: this.#ordinal++, at: Date.now() })
  }
}
