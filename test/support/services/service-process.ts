import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { until } from '../mail-host/until.ts'
import { BIN } from '../tlsrep-command.ts'

const READY_MS = 60_000
const EXIT_MS = 40_000

export type ServiceCommand = 'collect' | 'score' | 'publish'

/** One line of a service's own log. */
export interface ServiceLogEntry {
  level?: string
  msg?: string
  code?: string
  component?: string
  topic?: string
  partitions?: number[]
}

export interface ServiceProcessOptions {
  command: ServiceCommand
  configFile: string
  /** Of its HTTP: health, metrics, and what else it answers. */
  port: number
  /** Where a publisher answers the DNSBL. */
  dnsblPort: number
  cwd: string
}

export interface HealthAnswer {
  ok: boolean
  checks: { name: string; ok: boolean; detail?: string }[]
}

/** One service as a real process. It can be killed and started again, with what it keeps where it was. */
export class ServiceProcess {
  readonly command: ServiceCommand
  readonly url: string
  readonly dnsblPort: number
  /** Of this start and of all before it. */
  readonly entries: ServiceLogEntry[] = []
  /** What was written to stderr since the last start. */
  stderr = ''
  readonly #options: ServiceProcessOptions
  #child: ChildProcess | null = null
  #exit: Promise<number | null> = Promise.resolve(null)

  constructor(options: ServiceProcessOptions) {
    this.#options = options
    this.command = options.command
    this.dnsblPort = options.dnsblPort
    this.url = `http://127.0.0.1:${options.port}`
  }

  /** The running process; null when none runs. */
  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /** Starts the process and does not wait for it. */
  spawn(): void {
    if (this.#child !== null) throw new Error(`${this.command} is running`)
    this.stderr = ''
    const { command, configFile, cwd } = this.#options
    const child = spawn(process.execPath, [BIN, command, '--config', configFile], {
      cwd,
      env: { ...process.env, TZ: 'UTC', NO_COLOR: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    this.#exit = once(child, 'exit').then(([code]) => {
      if (this.#child === child) this.#child = null
      return code as number | null
    })
    if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', (line) => this.#take(line))
  }

  /** Starts the process and waits until it is ready. @throws Error with its log when it does not get there */
  async start(): Promise<void> {
    this.spawn()
    await this.ready()
  }

  async ready(): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      if (this.#child === null) throw new Error('it ended')
      return (await this.health())?.ok === true
    }
    await until(`${this.command} is ready`, isReady, { timeout: READY_MS }).catch((error: unknown) => {
      throw new Error(`${this.command} did not become ready; its log:\n${this.stderr}`, { cause: error })
    })
  }

  /** What it says about itself; null where it does not answer. */
  async health(): Promise<HealthAnswer | null> {
    const answer = await fetch(`${this.url}/health/ready`).catch(() => null)
    return answer === null ? null : ((await answer.json()) as HealthAnswer)
  }

  /** Its metrics, by name with labels, as in `tlsrep_kafka_consumer_lag{…}`. */
  async metrics(): Promise<Map<string, number>> {
    const text = await (await fetch(`${this.url}/metrics`)).text()
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))
  }

  /** Waits for the process to end by itself. @returns its exit code; null where a signal ended it */
  async exited(): Promise<number | null> {
    await until(`${this.command} ends`, () => this.#child === null, { timeout: EXIT_MS }).catch((error: unknown) => {
      throw new Error(`${this.command} does not end; its log:\n${this.stderr}`, { cause: error })
    })
    return this.#exit
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.exited()
  }

  /** Stops it as an operator does. @returns its exit code; null where it was not running */
  async stop(): Promise<number | null> {
    if (this.#child === null) return null
    this.signal('SIGTERM')
    return this.exited()
  }

  /** Waits until its log has said something. */
  said(what: string, is: (entry: ServiceLogEntry) => boolean, timeout = 30_000): Promise<ServiceLogEntry> {
    const look = (): ServiceLogEntry | undefined => this.entries.find(is)
    return until(`its log says: ${what}`, look, { timeout }).catch((error: unknown) => {
      throw new Error(`the log of ${this.command} does not say: ${what}\n${this.stderr}`, { cause: error })
    })
  }

  #take(line: string): void {
    this.stderr += `${line}\n`
    try {
      this.entries.push(JSON.parse(line) as ServiceLogEntry)
    } catch {
      this.entries.push({ msg: line })
    }
  }
}
