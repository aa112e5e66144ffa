import { type ChildProcess, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type CommandResult, mustSucceed } from '../support/mail-host/command.ts'
import type { MailHost } from '../support/mail-host/mail-host.ts'
import { until } from '../support/mail-host/until.ts'
import { BIN } from '../support/tlsrep-command.ts'
import type { Shape } from './shape.ts'

const START_MS = 90_000

/** Why `tlsrep start` cannot be tested; null when it can. */
export function startAvailable(): string | null {
  const { stdout } = spawnSync(process.execPath, [BIN, '--help'], { encoding: 'utf8' })
  return /^ +start\b/m.test(stdout) ? null : 'there is no tlsrep start'
}

/** How far this start may go. */
export interface Limits {
  mode: 'observe' | 'tag' | 'defer' | 'reject'
  cap?: 'tag' | 'defer' | 'reject'
  /** Where the DNSBL answers; port 53 unless given, since Postfix asks through resolv.conf, which names no port. */
  dnsbl?: string
}

/** What tlsrep logs, as far as a test looks at it. */
export interface LogEntry {
  msg?: string
  /** Of what an output would have done if its mode let it: to whom, what, and what it did instead. */
  client?: string
  sender?: string
  would?: string
  done?: string
}

/**
 * tlsrep, in one of its shapes, as child processes in the network of a mail host, reading that host's log. What it keeps lies in the
 * host's directory, so that one start goes on where the last one ended. Its clock can be moved.
 */
export class TlsrepProcess {
  readonly #host: MailHost
  readonly #shape: Shape
  readonly #clockFile: string
  readonly #configFile: string
  readonly #entries: LogEntry[] = []
  #children: ChildProcess[] = []
  #stderr = ''

  constructor(host: MailHost, shape: Shape) {
    this.#host = host
    this.#shape = shape
    this.#clockFile = join(host.directory, 'clock-offset')
    this.#configFile = join(host.directory, 'tlsrep.yaml')
    this.moveClock(0)
  }

  /** Log entries of this start. */
  get entries(): readonly LogEntry[] {
    return this.#entries
  }

  /**
   * Starts it and waits until all of it is ready.
   * @throws Error with its log when it does not get there
   */
  async start(limits: Limits): Promise<void> {
    writeFileSync(this.#configFile, JSON.stringify(this.#config(limits)))
    this.#entries.length = 0
    this.#stderr = ''
    for (const { command, readyUrl } of this.#shape.processes) {
      const child = this.#host.spawn([process.execPath, BIN, command, '--config', this.#configFile], {
        env: this.#clock(),
        cwd: this.#host.directory,
      })
      this.#children.push(child)
      if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', (line) => this.#take(line))
      child.stdout?.resume()
      const look = (): Promise<boolean> => this.#isReady(child, readyUrl)
      await until(`tlsrep ${command} is ready`, look, { timeout: START_MS }).catch((error: unknown) => {
        throw new Error(`tlsrep ${command} did not become ready:\n${this.#stderr}`, { cause: error })
      })
    }
  }

  /** Stops it as an operator does; fails when a part of it does not end well. */
  async stop(): Promise<void> {
    const children = this.#children.splice(0).filter(({ exitCode }) => exitCode === null)
    for (const child of children.toReversed()) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const [code] = await ended
      if (code !== 0) throw new Error(`tlsrep ended with status ${code}:\n${this.#stderr}`)
    }
  }

  /** Runs another command beside it, e.g. `listings --json`. */
  async command(...args: string[]): Promise<CommandResult> {
    const argv = [process.execPath, BIN, ...args, '--config', this.#configFile]
    return this.#host.exec(argv, { env: { ...this.#clock(), NO_COLOR: '1' }, cwd: this.#host.directory })
  }

  /** The list, one object a listing, as `tlsrep listings --json` prints it. */
  async listings(): Promise<{ sender: string; tier: string }[]> {
    return mustSucceed(await this.command('listings', '--json'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  }

  /** Moves the clock that it sees from now on, also while it runs; it notices within a second. Time that passes is not touched. */
  moveClock(days: number): void {
    writeFileSync(this.#clockFile, `+${days}d\n`)
  }

  #clock(): Record<string, string> {
    return {
      LD_PRELOAD: this.#host.faketimeLibrary,
      FAKETIME_TIMESTAMP_FILE: this.#clockFile,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
  }

  /** JSON is YAML. */
  #config({ mode, cap, dnsbl = '127.0.0.1:53' }: Limits): unknown {
    return {
      ...this.#shape.settings,
      collector: { inputs: [{ log: this.#host.logFile }] },
      publisher: { mode, ...(cap && { cap }), outputs: { dnsbl: { listen: dnsbl } } },
      log: { format: 'json' },
    }
  }

  async #isReady(child: ChildProcess, url: string): Promise<boolean> {
    if (child.exitCode !== null) throw new Error(`ended with status ${child.exitCode}`)
    const script = `fetch('${url}').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`
    return (await this.#host.exec([process.execPath, '-e', script])).code === 0
  }

  #take(line: string): void {
    this.#stderr += `${line}\n`
    try {
      this.#entries.push(JSON.parse(line))
    } catch {
      this.#entries.push({ msg: line })
    }
  }
}
