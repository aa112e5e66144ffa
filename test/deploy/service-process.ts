import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { until } from '../support/mail-host/until.ts'

const TLSREP = fileURLToPath(new URL('../../services/cli/bin/tlsrep.mjs', import.meta.url))
const READY_MS = 60_000

/** One service of the distributed shape, as systemd would run it. */
export class ServiceProcess {
  readonly #child: ChildProcess
  readonly #name: string
  #words = ''

  constructor(command: string, config: string) {
    this.#name = command
    this.#child = spawn(process.execPath, [TLSREP, command, '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk) => {
        this.#words = (this.#words + chunk).slice(-20_000)
      })
    }
  }

  /** What it logged, the last of it. */
  get words(): string {
    return this.#words
  }

  async ready(port: number): Promise<void> {
    const look = async (): Promise<boolean> => {
      if (this.#child.exitCode !== null) throw new Error(`tlsrep ${this.#name} ended: ${this.#words}`)
      const response = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined)
      return response?.ok === true
    }
    await until(`tlsrep ${this.#name} is ready`, look, { timeout: READY_MS }).catch((error: unknown) => {
      throw new Error(`${error}: ${this.#words.slice(-3000)}`)
    })
  }

  /** @returns the exit status */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), 20_000)
    await ended
    clearTimeout(deadline)
    return this.#child.exitCode
  }
}
