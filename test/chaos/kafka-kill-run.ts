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
import {
  type KillPlan,
  type KillPlanOptions,
  killPlan,
  type LogPiece,
  type PlannedKill,
  type Victim,
} from './kill-plan.ts'
import { LogWriter } from './log-writer.ts'
import { HANGS, Operator } from './operator.ts'

export interface KafkaKillRunOptions extends KillPlanOptions {
  /** Milliseconds since 1970 UTC at which the log begins. */
  startsAt: number
  tell: (line: string) => void
}

export interface KafkaKillRun {
  readonly installation: Installation
  readonly writer: LogWriter
  readonly publishers: readonly ServiceProcess[]
  readonly kills: Readonly<Record<Victim, number>>
  /** How often a scorer joined, or left as one that is told to. */
  readonly rebalances: number
}

const UP_MS = 90_000
const END_MS = 180_000

/**
 * Lets the services read a log that is being written, and kills them, the broker and ClickHouse again and again while it is being
 * rotated and scorers come and go; then, when the last starts have handed on the log to its end, has `judge` look at what came of it.
 * What happens is determined by the seed; how far the victims are when it happens is not.
 */
export async function kafkaKillRun(
  options: KafkaKillRunOptions,
  judge: (run: KafkaKillRun) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tlsrep-chaos-'))
  const writer = new LogWriter(join(directory, 'mail.log'), endlessLog(options.startsAt))
  const installation = await Installation.start({ logs: [writer.path] })
  const story = new Story(installation, writer, options.tell)
  const operator = new Operator(installation, options.tell)
  try {
    await story.tell(killPlan(options))
    await judge(story)
    await operator.stop()
  } catch (error) {
    for (const { command, stderr } of installation.services) options.tell(`${command}:\n${stderr.slice(-5000)}`)
    throw error
  } finally {
    await operator.stop().catch(() => {})
    await installation.dispose()
    rmSync(directory, { recursive: true, force: true })
  }
}

class Story implements KafkaKillRun {
  readonly installation: Installation
  readonly writer: LogWriter
  readonly kills: Record<Victim, number> = { collector: 0, scorer: 0, publisher: 0, broker: 0, clickhouse: 0 }
  publishers: ServiceProcess[] = []
  rebalances = 0
  readonly #tell: (line: string) => void
  #collectors: ServiceProcess[] = []
  /** The last one comes and goes. */
  #scorers: ServiceProcess[] = []

  constructor(installation: Installation, writer: LogWriter, tell: (line: string) => void) {
    this.installation = installation
    this.writer = writer
    this.#tell = tell
  }

  async tell({ kills, last }: KillPlan): Promise<void> {
    await this.#start()
    for (const [index, kill] of kills.entries()) {
      await this.#write(kill.before)
      const also = kill.rebalance ? ', and a rebalance' : ''
      this.#tell(`kill ${index + 1} of ${kills.length}: ${kill.victim}${also}, after ${this.writer.lines} lines`)
      await allOf([this.#kill(kill), this.#write(kill.meanwhile), kill.rebalance ? this.#rebalance() : undefined])
    }
    await this.#write(last)
    this.writer.endLine()
    const remaining = this.#scorers.filter(({ pid }, index) => index < 2 || pid !== null)
    await allOf([...this.#collectors, ...remaining, ...this.publishers].map((service) => this.#up(service)))
    await allCollected(this.installation, [this.writer.path], END_MS)
  }

  async #start(): Promise<void> {
    const { installation } = this
    this.#collectors = await installation.run(['collect', COLLECTOR])
    this.#scorers = await installation.run(['score', 'scorer-1'], ['score', 'scorer-2'])
    this.publishers = await installation.run(['publish', 'publisher-1'], ['publish', 'publisher-2'])
    this.#scorers.push(await installation.service('score', 'scorer-3'))
  }

  async #write(pieces: readonly LogPiece[]): Promise<void> {
    for (const piece of pieces) {
      this.writer.put(piece)
      await sleep(piece.pause)
    }
  }

  async #kill(kill: PlannedKill): Promise<void> {
    this.kills[kill.victim]++
    switch (kill.victim) {
      case 'clickhouse':
        return this.#killClickHouse()
      case 'broker':
        return this.#killBroker(kill)
      case 'collector':
        return this.#killService(this.#collectors, kill)
      case 'scorer':
        return this.#killService(this.#scorers.slice(0, 2), kill)
      case 'publisher':
        return this.#killService(this.publishers, kill)
    }
  }

  async #killService(among: readonly ServiceProcess[], { which, away, patient }: PlannedKill): Promise<void> {
    const service = among[which % among.length]
    if (service === undefined) throw new Error('nobody to kill')
    this.#startAgain(service)
    await service.kill()
    await sleep(away)
    service.spawn()
    if (patient) await this.#up(service)
  }

  async #killClickHouse(): Promise<void> {
    const { server } = this.installation
    const pid = await until('there is a ClickHouse to kill', () => server.pid, { timeout: UP_MS })
    process.kill(pid, 'SIGKILL')
  }

  async #killBroker({ away }: PlannedKill): Promise<void> {
    await this.installation.broker.kill()
    await sleep(away)
    await this.installation.broker.start()
  }

  /** A scorer joins, or leaves as one that is told to stop. */
  async #rebalance(): Promise<void> {
    const comesAndGoes = this.#scorers[2]
    if (comesAndGoes === undefined) throw new Error('nobody to come and go')
    this.rebalances++
    if (comesAndGoes.pid === null) {
      comesAndGoes.spawn()
      return this.#up(comesAndGoes)
    }
    const code = await comesAndGoes.stop()
    if (code !== 0) throw new Error(`a scorer that was told to stop ended with ${code}`)
  }

  /** A service that finds no Kafka for long, or cannot read it, ends when it starts, and says why. A service manager starts it again. */
  #startAgain(service: ServiceProcess): void {
    if (service.pid !== null) return
    const code = ['TLSREP_KAFKA_UNREACHABLE', HANGS].find((one) => service.stderr.includes(one))
    if (code === undefined) throw new Error(`${service.command} ended by itself`)
    this.#tell(`${service.command} ended when it started, ${code}, and is started again`)
    service.spawn()
  }

  async #up(service: ServiceProcess): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      this.#startAgain(service)
      return (await service.health())?.ok === true
    }
    await until(`${service.command} is up`, isReady, { timeout: UP_MS })
  }
}

/** All of them to their ends: nothing may go on once one has failed. */
async function allOf(works: readonly (Promise<void> | undefined)[]): Promise<void> {
  for (const one of await Promise.allSettled(works)) if (one.status === 'rejected') throw one.reason
}
