import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect } from 'vitest'
import type { InputError } from './input-error.ts'
import { LogFollower, type LogFollowerOptions } from './log-follower.ts'
import { logOfPath } from './log-names.ts'

/** A log of its own for each test, and readings of it that end with the test. */
export interface TestLog {
  readonly directory: string
  readonly path: string
  read(options?: Partial<LogFollowerOptions>): Reading
}

export function useTestLog(): TestLog {
  const root = mkdtempSync(join(tmpdir(), 'tlsrep-follow-'))
  const readings: Reading[] = []
  let stop = new AbortController()
  let directory = ''
  const pathOf = (): string => join(directory, 'mail.log')
  beforeEach(() => {
    directory = mkdtempSync(join(root, 'logs-'))
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort()
    for (const { follower } of readings.splice(0)) await follower.close()
  })
  afterAll(() => rmSync(root, { recursive: true }))
  return {
    get directory() {
      return directory
    },
    get path() {
      return pathOf()
    },
    read(options = {}) {
      const reading = new Reading(pathOf(), stop.signal, options)
      readings.push(reading)
      return reading
    },
  }
}

/** Looks that find nothing before a log counts as read: some of them look at the directory too. */
const QUIET_LOOKS = 12

/** What a follower says of a log, gathered. */
export class Reading {
  readonly follower: LogFollower
  /** Lines, those without an end marked by `…`. */
  lines: string[] = []
  /** Lines that were read again. */
  again: string[] = []
  /** `name@offset` of each block. */
  blocks: string[] = []
  rebuilt = 0
  finished: string[] = []
  errors: readonly InputError[] = []
  lost: number[] = []
  shrunk: string[] = []
  /** Is done once, at the end of the next look at the directory: what was found may be another thing then. */
  afterLook: () => void = () => {}

  constructor(log: string, signal: AbortSignal, options: Partial<LogFollowerOptions>) {
    this.follower = new LogFollower({
      place: logOfPath(log),
      known: [],
      signal,
      pollMs: 4,
      lookMs: 12,
      reports: {
        errors: (errors) => {
          this.errors = errors
          const { afterLook } = this
          this.afterLook = () => {}
          afterLook()
        },
        lost: (_, bytes) => this.lost.push(bytes),
        shrunk: (file) => this.shrunk.push(file.name),
      },
      ...options,
    })
  }

  /** Takes items until `count` lines are there. */
  async untilLines(count: number): Promise<void> {
    while (this.lines.length < count) await this.#step()
  }

  /** Takes items until there is nothing more. */
  async untilQuiet(): Promise<this> {
    for (let quiet = 0; quiet < QUIET_LOOKS; ) quiet = (await this.#step()) ? 0 : quiet + 1
    return this
  }

  async untilError(): Promise<InputError | undefined> {
    while (this.errors.length === 0) await this.#step()
    return this.errors[0]
  }

  async #step(): Promise<boolean> {
    const item = await this.follower.next(1000)
    if (item.kind === 'idle') return false
    if (item.kind === 'over') throw new Error('the log is over')
    if (item.kind === 'rebuilt') this.rebuilt++
    else if (item.kind === 'finished') this.finished.push(item.file.name)
    else if (item.item.kind === 'lines') {
      const { text, offset, source } = item.item.block
      expect(source).toBe(item.file.source)
      expect(item.end).toBe(offset + text.length)
      this.blocks.push(`${item.file.name}@${offset}`)
      const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? []
      const into = item.again ? this.again : this.lines
      into.push(...lines.map((line) => (line.endsWith('\n') ? line.slice(0, -1) : `${line}…`)))
    }
    return true
  }
}

/** Lines `from` to `to`, each with its end. */
export function numbered(from: number, to: number): string {
  return names(from, to)
    .map((line) => `${line}\n`)
    .join('')
}

export function names(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index} of a log that is followed`)
}
