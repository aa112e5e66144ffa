import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { COLLECTOR } from '../support/instance/parsed.ts'
import { until } from '../support/mail-host/until.ts'
import { Installation } from '../support/services/installation.ts'
import { allCollected } from '../support/services/progress.ts'
import type { ServiceProcess } from '../support/services/service-process.ts'
import { endlessLog } from './endless-log.ts'
import { LogWriter } from './log-writer.ts'
import { Random } from './random.ts'

export const VICTIMS = ['collector', 'scorer', 'publisher', 'broker', 'clickhouse'] as const
export type Victim = (typeof VICTIMS)[number]

export interface KafkaKillRunOptions {
  seed: number
  /** Of each victim. */
  kills: number
  /** Pieces of log between two kills, at least and at most. */
  pieces: readonly [number, number]
  /** Milliseconds since 1970 UTC at which the log begins. */
  startsAt: number
  tell: (line: string) => void
}

export interface KafkaKillRun {
  installation: Installation
  writer: LogWriter
  publishers: readonly ServiceProcess[]
  kills: Record<Victim, number>
  rebalances: number
  dispose(): Promise<void>
}

const UP_MS = 60_000
const END_MS = 180_000
/** Share of the kills beside which a scorer joins or leaves. */
const REBALANCE = 1 / 3

/**
 * Lets the services read a log that is being written, and kills them, the broker and ClickHouse again and again while it is being
 * rotated and scorers come and go. Resolves when the last starts have handed on the log to its end. What happens is determined by the
 * seed; how far the victims are when it happens is not.
 */
export async function kafkaKillRun(options: KafkaKillRunOptions): Promise<KafkaKillRun> {
  const directory = mkdtempSync(join(tmpdir(), 'tlsrep-chaos-'))
  const writer = new LogWriter(join(directory, 'mail.log'), endlessLog(options.startsAt))
  const installation = await Installation.start({ logs: [writer.path] })
  const dispose = async (): Promise<void> => {
    await installation.dispose()
    rmSync(directory, { recursive: true, force: true })
  }
  const story = new Story(options, installation, writer)
  try {
    await story.tell()
    return { installation, writer, dispose, ...story }
  } catch (error) {
    for (const service of installation.services) options.tell(`${service.command}:\n${service.stderr.slice(-5000)}`)
    await dispose()
    throw error
  }
}

class Story {
  readonly kills: Record<Victim, number> = { collector: 0, scorer: 0, publisher: 0, broker: 0, clickhouse: 0 }
  rebalances = 0
  publishers: ServiceProcess[] = []
  readonly #options: KafkaKillRunOptions
  readonly #random: Random
  readonly #installation: Installation
  readonly #writer: LogWriter
  #collectors: ServiceProcess[] = []
  #scorers: ServiceProcess[] = []

  constructor(options: KafkaKillRunOptions, installation: Installation, writer: LogWriter) {
    this.#options = options
    this.#random = new Random(options.seed)
    this.#installation = installation
    this.#writer = writer
  }

  async tell(): Promise<void> {
    await this.#start()
    const order = VICTIMS.flatMap((victim) => Array<Victim>(this.#options.kills).fill(victim))
      .map((victim) => ({ victim, at: this.#random.next() }))
      .sort((a, b) => a.at - b.at)
    for (const [index, { victim }] of order.entries()) {
      await this.#write()
      const also = this.#random.chance(REBALANCE)
      this.#options.tell(
        `kill ${index + 1} of ${order.length}: ${victim}${also ? ', and a rebalance' : ''}, after ${this.#writer.lines} lines`,
      )
      const rebalance = also ? this.#rebalance() : Promise.resolve()
      await this.#kill(victim)
      await rebalance
    }
    await this.#write()
    this.#writer.endLine()
    await Promise.all([...this.#collectors, ...this.#scorers, ...this.publishers].map((service) => this.#up(service)))
    await allCollected(this.#installation, [this.#writer.path], END_MS)
  }

  async #start(): Promise<void> {
    const { run } = { run: this.#installation.run.bind(this.#installation) }
    this.#collectors = await run(['collect', COLLECTOR])
    this.#scorers = await run(['score', 'scorer-1'], ['score', 'scorer-2'])
    this.publishers = await run(['publish', 'publisher-1'], ['publish', 'publisher-2'])
    // Comes and goes.
    this.#scorers.push(await this.#installation.service('score', 'scorer-3'))
  }

  async #write(): Promise<void> {
    const pieces = this.#random.between(...this.#options.pieces)
    for (let piece = 0; piece < pieces; piece++) {
      this.#writer.write(this.#random.between(200, 40_000))
      if (this.#random.chance(0.02)) this.#writer.rotate(this.#random.pick({ rename: 2, copytruncate: 1, compress: 2 }))
      await sleep(this.#random.between(0, 40))
    }
  }

  async #kill(victim: Victim): Promise<void> {
    this.kills[victim]++
    if (victim === 'clickhouse') return this.#killClickHouse()
    if (victim === 'broker') return this.#killBroker()
    const among = { collector: this.#collectors, scorer: this.#scorers.slice(0, 2), publisher: this.publishers }[victim]
    const one = among[this.#random.between(0, among.length - 1)]
    const isPatient = this.#random.chance(0.7)
    const away = this.#random.between(0, 1500)
    if (one === undefined) return
    // It may have given up by itself while Kafka was away: then it is started, to be killed.
    if (one.pid === null) await this.#up(one)
    await one.kill()
    await sleep(away)
    // Else it is killed, or goes on, while it catches up.
    if (isPatient) await this.#up(one)
    else one.spawn()
  }

  async #killClickHouse(): Promise<void> {
    const { server } = this.#installation
    const pid = await until('there is a ClickHouse to kill', () => server.pid, { timeout: UP_MS })
    process.kill(pid, 'SIGKILL')
  }

  async #killBroker(): Promise<void> {
    const away = this.#random.between(0, 3000)
    await this.#installation.broker.kill()
    await sleep(away)
    await this.#installation.broker.start()
  }

  /** A scorer joins, or leaves as one that is told to stop. */
  async #rebalance(): Promise<void> {
    const third = this.#scorers[2]
    if (third === undefined) return
    this.rebalances++
    if (third.pid === null) third.spawn()
    else await third.stop()
  }

  /** Running and ready, as whoever starts services anew makes them. */
  async #up(service: ServiceProcess): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      if (service.pid === null) service.spawn()
      return (await service.health())?.ok === true
    }
    await until(`${service.command} is up`, isReady, { timeout: UP_MS }).catch((error: unknown) => {
      throw new Error(`${service.command} does not come up; its log:\n${service.stderr.slice(-5000)}`, { cause: error })
    })
  }
}
