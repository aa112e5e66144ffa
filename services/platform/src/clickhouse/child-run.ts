import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { ChildPaths } from './child-files.ts'

const SCRIPT = fileURLToPath(new URL('./child-process.ts', import.meta.url))
const TAIL_MAX = 4_000

export interface RunOptions {
  library: string
  paths: ChildPaths
  tcpPort: number | null
  logger: Logger
}

/** One life of the child process. */
export class ChildRun {
  readonly #process: ChildProcess
  /** Resolves when the process is gone, with how it ended, in words. Never rejects. */
  readonly exited: Promise<string>
  #tail = ''
  #ended = false

  constructor({ library, paths, tcpPort, logger }: RunOptions) {
    const listen = tcpPort === null ? ['HTTP'] : ['HTTP', 'TCP']
    const args = [
      SCRIPT,
      library,
      `--config-file=${paths.config}`,
      `--path=${paths.data}`,
      '--log-level=warning',
      ...(tcpPort === null ? [] : [`--tcp_port=${tcpPort}`]),
      '--query',
      // Listens, then reads stdin until it is closed: by our stop, or by our death.
      `${listen.map((protocol) => `SYSTEM START LISTEN ${protocol}; `).join('')}SELECT count() FROM file('-', 'LineAsString', 's String') FORMAT Null`,
    ]
    this.#process = spawn(process.execPath, args, {
      cwd: paths.cwd,
      env: { ...process.env, NODE_OPTIONS: '', TZ: 'UTC' },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A process group of its own: Ctrl-C is for us, and ClickHouse ends after the last batch is stored.
      detached: true,
    })
    this.exited = this.#watch(logger)
  }

  get pid(): number | null {
    return this.#process.pid ?? null
  }

  get ended(): boolean {
    return this.#ended
  }

  /** The last words on stderr and stdout, for a message. */
  get tail(): string {
    return this.#tail.trim()
  }

  /** Asks the server to end; kills it when it has not after so many milliseconds. */
  async stop(patience: number): Promise<void> {
    this.#process.stdin?.end()
    const timer = setTimeout(() => this.kill(), patience)
    await this.exited
    clearTimeout(timer)
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  async #watch(logger: Logger): Promise<string> {
    const child = this.#process
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#tail = (this.#tail + text).slice(-TAIL_MAX)
        logger.debug({ pid: child.pid, text: text.slice(0, TAIL_MAX) }, 'ClickHouse says')
      })
    }
    // Writing to a child that is gone already is no event of its own.
    child.stdin?.on('error', () => {})
    try {
      // "close" comes after "exit" and after the last output.
      const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
      return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
    } catch (error) {
      return `could not be started: ${error instanceof Error ? error.message : String(error)}`
    } finally {
      this.#ended = true
    }
  }
}
