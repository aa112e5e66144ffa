import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { caughtUp } from '../support/instance/caught-up.ts'
import { TlsrepInstance } from '../support/instance/tlsrep-instance.ts'
import { until } from '../support/mail-host/until.ts'
import { Random } from '../support/random.ts'
import { endlessLog } from './endless-log.ts'
import { LogWriter } from './log-writer.ts'

/** What is killed: the process; its ClickHouse; both at once; the process while it is still starting after a kill. */
export type KillKind = 'process' | 'clickhouse' | 'both' | 'starting'

export interface KillRunOptions {
  seed: number
  kills: number
  /** Pieces of log between two kills, at least and at most. */
  pieces: readonly [number, number]
  /** Milliseconds since 1970 UTC at which the log begins. */
  startsAt: number
  tell: (line: string) => void
}

export interface KillRun {
  instance: TlsrepInstance
  writer: LogWriter
  kills: Record<KillKind, number>
  dispose(): Promise<void>
}

const CHILD_MS = 30_000

/**
 * Lets tlsrep read a log that is being written, and kills it and its ClickHouse again and again while it is being rotated. Resolves when the
 * last start has read the log to its end. What happens is determined by the seed; how far the victims are when it happens is not.
 */
export async function killRun(options: KillRunOptions): Promise<KillRun> {
  const directory = mkdtempSync(join(tmpdir(), 'tlsrep-chaos-'))
  const writer = new LogWriter(join(directory, 'mail.log'), endlessLog(options.startsAt))
  const instance = await TlsrepInstance.prepare({ logs: [writer.path] })
  const dispose = async (): Promise<void> => {
    await instance.dispose()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const kills = await new Story(options, instance, writer).tell()
    return { instance, writer, kills, dispose }
  } catch (error) {
    options.tell(instance.stderr)
    await dispose()
    throw error
  }
}

class Story {
  readonly #options: KillRunOptions
  readonly #random: Random
  readonly #instance: TlsrepInstance
  readonly #writer: LogWriter
  readonly #kills: Record<KillKind, number> = { process: 0, clickhouse: 0, both: 0, starting: 0 }

  constructor(options: KillRunOptions, instance: TlsrepInstance, writer: LogWriter) {
    this.#options = options
    this.#random = new Random(options.seed)
    this.#instance = instance
    this.#writer = writer
  }

  async tell(): Promise<Record<KillKind, number>> {
    const { kills, pieces, tell } = this.#options
    this.#instance.spawn()
    await this.#ready()
    for (let kill = 1; kill <= kills; kill++) {
      await this.#write(this.#random.between(...pieces))
      const kind = this.#random.pick({ process: 45, clickhouse: 35, both: 10, starting: 10 })
      this.#kills[kind]++
      tell(
        `kill ${kill} of ${kills}: ${kind}, after ${this.#writer.lines} lines and ${this.#writer.rotations} rotations`,
      )
      await this.#kill(kind)
    }
    await this.#write(this.#random.between(...pieces))
    this.#writer.endLine()
    await this.#ready()
    await caughtUp(this.#instance.clickhouse, [this.#writer.path], 180_000)
    return this.#kills
  }

  async #write(pieces: number): Promise<void> {
    for (let piece = 0; piece < pieces; piece++) {
      this.#writer.write(this.#random.between(200, 40_000))
      if (this.#random.chance(0.02)) this.#writer.rotate(this.#random.pick({ rename: 2, copytruncate: 1, compress: 2 }))
      await sleep(this.#random.between(0, 40))
    }
  }

  async #kill(kind: KillKind): Promise<void> {
    if (kind === 'clickhouse') {
      const isKilled = (): boolean => {
        this.#startAgain()
        return this.#instance.killClickHouse() > 0
      }
      await until('there is a ClickHouse to kill', isKilled, { timeout: CHILD_MS })
      return
    }
    if (kind === 'both') this.#instance.killClickHouse()
    await this.#instance.kill()
    if (kind === 'starting') {
      this.#instance.spawn()
      await sleep(this.#random.between(100, 2500))
      await this.#instance.kill()
    }
    await this.#write(this.#random.between(0, 8))
    this.#instance.spawn()
    // Else it is killed, or goes on, while it catches up.
    if (this.#random.chance(0.7)) await this.#ready()
  }

  async #ready(): Promise<void> {
    for (;;) {
      this.#startAgain()
      try {
        return await this.#instance.ready()
      } catch (error) {
        if (this.#instance.pid !== null) throw error
      }
    }
  }

  /** tlsrep ends, and says why, when its ClickHouse is killed before it has answered for the first time. A service manager starts it again. */
  #startAgain(): void {
    if (this.#instance.pid !== null) return
    if (!this.#instance.stderr.includes('TLSREP_CLICKHOUSE_START_FAILED')) throw new Error('tlsrep ended by itself')
    this.#options.tell('its ClickHouse was killed while it started: it ended, and is started again')
    this.#instance.spawn()
  }
}
