import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CHILD_USER } from '@tlsrep/platform/clickhouse/child-files'
import { type ClickHouse, openClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { until } from '../mail-host/until.ts'
import { freePort } from '../ports.ts'
import { BIN } from '../tlsrep-command.ts'

const READY_MS = 60_000
const EXIT_MS = 40_000

/** One line of tlsrep's own log. */
export interface LogEntry {
  level?: string
  msg?: string
  code?: string
  component?: string
  reason?: string
  where?: string
  remedy?: string
  how?: string
}

export interface InstanceOptions {
  /** Logs that are read, one input each. */
  logs: readonly string[]
  /** Data directory; default: one in a temporary directory of the instance's own. */
  data?: string
  collector?: { batch?: { events?: number; wait?: string } }
  /** Section `clickhouse` of the configuration, where it is not to have a server of its own. */
  clickhouse?: object
  /** User that it runs as; default: this process's. */
  uid?: number
}

/**
 * A real `tlsrep start` as a child process, on ports and in a directory of its own. It can be killed and started again; what it keeps
 * stays where it is until `dispose`.
 */
export class TlsrepInstance {
  readonly directory: string
  readonly data: string
  readonly configFile: string
  readonly ports: Readonly<{ http: number; dnsbl: number; policy: number; clickhouse: number }>
  /** Of this start and of all before it. */
  readonly entries: LogEntry[] = []
  readonly #uid: number | undefined
  /** What was written to stderr since the last start. */
  stderr = ''
  #child: ChildProcess | null = null
  #exit: Promise<number | null> = Promise.resolve(null)
  #clickhouse: ClickHouse | null = null

  private constructor(directory: string, ports: TlsrepInstance['ports'], options: InstanceOptions) {
    this.directory = directory
    this.ports = ports
    this.data = options.data ?? join(directory, 'data')
    this.configFile = join(directory, 'tlsrep.yaml')
    this.#uid = options.uid
    if (options.uid !== undefined) chownSync(directory, options.uid, options.uid)
    writeFileSync(this.configFile, JSON.stringify(this.#config(options)))
  }

  /** Makes the directory, chooses the ports and writes the configuration; starts nothing. */
  static async prepare(options: InstanceOptions): Promise<TlsrepInstance> {
    const [http, dnsbl, policy, clickhouse] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
    const directory = await mkdtemp(join(tmpdir(), 'tlsrep-instance-'))
    return new TlsrepInstance(directory, { http, dnsbl, policy, clickhouse }, options)
  }

  /** The running process; null when none runs. */
  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /** Process ids of what the process has started: its ClickHouse, or none while that is down. */
  get childPids(): number[] {
    const { pid } = this
    if (pid === null) return []
    try {
      return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
    } catch {
      return []
    }
  }

  /** Starts the process and does not wait for it. @param argv more options of `tlsrep start` */
  spawn(...argv: string[]): void {
    this.stderr = ''
    const child = spawn(process.execPath, [BIN, 'start', '--config', this.configFile, ...argv], {
      cwd: this.directory,
      env: { ...process.env, TZ: 'UTC', NO_COLOR: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(this.#uid !== undefined && { uid: this.#uid, gid: this.#uid }),
    })
    this.#child = child
    // "close" comes after "exit" and after its last words.
    this.#exit = once(child, 'close').then(([code]) => {
      if (this.#child === child) this.#child = null
      return code as number | null
    })
    if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', (line) => this.#take(line))
  }

  /** Starts the process and waits until it is ready. @throws Error with its log when it does not get there */
  async start(...argv: string[]): Promise<void> {
    this.spawn(...argv)
    await this.ready()
  }

  async ready(): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      if (this.#child === null) throw new Error('it ended')
      const answer = await fetch(`http://127.0.0.1:${this.ports.http}/health/ready`).catch(() => null)
      return answer?.ok === true
    }
    await until('tlsrep is ready', isReady, { timeout: READY_MS }).catch((error: unknown) => {
      throw new Error(`tlsrep did not become ready; its log:\n${this.stderr}`, { cause: error })
    })
  }

  /** Waits for the process to end by itself. @returns its exit code; null where a signal ended it */
  async exited(): Promise<number | null> {
    const late = until('tlsrep ends', () => this.#child === null, { timeout: EXIT_MS })
    await Promise.race([this.#exit, late])
    return this.#exit
  }

  /** kill -9, and waits until it is gone. Its ClickHouse is left to find out by itself. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.exited()
  }

  /** kill -9 of its ClickHouse. @returns how many processes that were: none while it is down */
  killClickHouse(): number {
    return this.signalClickHouse('SIGKILL')
  }

  signalClickHouse(signal: NodeJS.Signals): number {
    return this.childPids.filter((pid) => sent(pid, signal)).length
  }

  /** Stops it as an operator does. @returns its exit code */
  async stop(): Promise<number | null> {
    if (this.#child === null) return null
    await this.#clickhouse?.close()
    this.#clickhouse = null
    this.#child.kill('SIGTERM')
    return this.exited()
  }

  /** Ends whatever runs, and removes the directory. */
  async dispose(): Promise<void> {
    const children = this.childPids
    if (this.#child !== null) await this.kill()
    for (const pid of children) sent(pid, 'SIGKILL')
    await this.#clickhouse?.close()
    await rm(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }

  /** Its ClickHouse, over the same connection settings as the process itself has. Only once it was up. */
  get clickhouse(): ClickHouse {
    this.#clickhouse ??= openClickHouse({
      url: `http://127.0.0.1:${this.ports.clickhouse}`,
      username: CHILD_USER,
      password: readFileSync(join(this.data, 'clickhouse/password'), 'utf8').trim(),
      database: 'tlsrep',
    })
    return this.#clickhouse
  }

  /** Sum of a metric over all its series that have this label, e.g. `reason="repeated"`. */
  async metric(name: string, label = ''): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.ports.http}/metrics`)
    const values = (await answer.text())
      .split('\n')
      .filter((line) => /^\w+/.exec(line)?.[0] === name && line.includes(label))
    return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  }

  /** Waits until its log has said something. */
  said(what: string, is: (entry: LogEntry) => boolean, timeout = 30_000): Promise<LogEntry> {
    const look = (): LogEntry | undefined => this.entries.find(is)
    return until(`its log says: ${what}`, look, { timeout }).catch((error: unknown) => {
      throw new Error(`its log does not say: ${what}\n${this.stderr}`, { cause: error })
    })
  }

  /** JSON is YAML. */
  #config({ logs, collector, clickhouse: own }: InstanceOptions): unknown {
    const { http, dnsbl, policy, clickhouse } = this.ports
    return {
      data: this.data,
      collector: { ...collector, inputs: logs.map((log) => ({ log, timezone: 'UTC' })) },
      clickhouse: own ?? { child: { http_port: clickhouse } },
      publisher: {
        gate: { enabled: false },
        outputs: {
          dnsbl: { listen: `127.0.0.1:${dnsbl}` },
          policy_service: { listen: `127.0.0.1:${policy}` },
        },
      },
      http: { listen: `127.0.0.1:${http}` },
      log: { format: 'json' },
    }
  }

  #take(line: string): void {
    this.stderr += `${line}\n`
    try {
      this.entries.push(JSON.parse(line) as LogEntry)
    } catch {
      this.entries.push({ msg: line })
    }
  }
}

function sent(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    // Gone already.
    return false
  }
}
