import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { listenFailure } from '../net/listen-failure.ts'
import { findPortHolder } from '../net/port-holder.ts'
import { directoryInUse, isLocked, lastHolder, startFailed } from './child-failure.ts'
import { CHILD_USER, type ChildPaths, writeChildFiles } from './child-files.ts'
import { findLibrary } from './child-library.ts'
import { ChildRun } from './child-run.ts'
import { type ClickHouse, openClickHouse } from './clickhouse.ts'

export interface ClickHouseChildOptions {
  /** Folder that is the child's alone: data, password (mode 600), configuration, log. Made where it is missing. */
  dataDir: string
  /** Port on 127.0.0.1. */
  httpPort: number
  /** Port on 127.0.0.1 for ClickHouse's own protocol; null keeps it closed. */
  tcpPort: number | null
  /** Bytes. */
  maxMemory?: number
  /** Seconds after which the server ends a query. */
  maxExecutionTime?: number
  logger: Logger
  /** The child is gone, and is being started again; calls fail with `ClickHouseUnavailable` until `onUp`. */
  onDown?: (how: string) => void
  /** The child answers again. Whoever had an insert under way has to make it again. */
  onUp?: () => void
  /** Milliseconds for the server to answer. */
  readyTimeout?: number
  /** Milliseconds to wait for a directory that is held: a child whose parent was killed needs some seconds to end. */
  lockTimeout?: number
}

/** A running child, and what it takes to reach it. */
export interface ClickHouseChild {
  readonly url: string
  readonly username: string
  readonly password: string
  /** Null while the child is down. */
  readonly pid: number | null
  readonly counters: Readonly<ChildCounters>
  /** Ends the child: asks, waits, kills. Close the connections to it first, or it waits for them for some seconds. */
  stop(): Promise<void>
}

export interface ChildCounters {
  starts: number
  /** Ends that nobody had asked for. */
  crashes: number
}

const MAX_MEMORY = 700_000_000
const MAX_EXECUTION_TIME = 60
const READY_TIMEOUT = 30_000
const LOCK_TIMEOUT = 10_000
const STOP_PATIENCE = 10_000
const FIRST_DELAY = 100
const MAX_DELAY = 5_000

/**
 * Starts the ClickHouse server that lives in the data directory, and keeps it running until `stop`.
 * Throws an `OperatorError`: `TLSREP_CLICKHOUSE_PLATFORM`, `TLSREP_CLICKHOUSE_NOT_INSTALLED`, `TLSREP_CLICKHOUSE_DIRECTORY_IN_USE`,
 * `TLSREP_PORT_IN_USE`, `TLSREP_CLICKHOUSE_START_FAILED`.
 */
export async function startClickHouseChild(options: ClickHouseChildOptions): Promise<ClickHouseChild> {
  const library = findLibrary()
  const { maxMemory = MAX_MEMORY, maxExecutionTime = MAX_EXECUTION_TIME } = options
  const files = await writeChildFiles(options.dataDir, { httpPort: options.httpPort, maxMemory, maxExecutionTime })
  const supervisor = new Supervisor(options, library, files.paths, files.password)
  await supervisor.start()
  return supervisor
}

class Supervisor implements ClickHouseChild {
  readonly url: string
  readonly username = CHILD_USER
  readonly password: string
  readonly counters: ChildCounters = { starts: 0, crashes: 0 }
  readonly #options: ClickHouseChildOptions
  readonly #library: string
  readonly #paths: ChildPaths
  readonly #stopping = new AbortController()
  #run: ChildRun | null = null
  #supervision: Promise<void> = Promise.resolve()

  constructor(options: ClickHouseChildOptions, library: string, paths: ChildPaths, password: string) {
    this.#options = options
    this.#library = library
    this.#paths = paths
    this.password = password
    this.url = `http://127.0.0.1:${options.httpPort}`
  }

  get pid(): number | null {
    return this.#run?.ended === false ? this.#run.pid : null
  }

  async start(): Promise<void> {
    const run = await this.#startThroughLock()
    this.#supervision = this.#supervise(run)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#run?.stop(STOP_PATIENCE)
    await this.#supervision
  }

  /** The child of a tlsrep that was killed a moment ago still holds directory and port until it notices. */
  async #startThroughLock(): Promise<ChildRun> {
    const deadline = Date.now() + (this.#options.lockTimeout ?? LOCK_TIMEOUT)
    for (;;) {
      const failure = await this.#portFailure()
      const started = failure === null ? await this.#tryStart() : failure
      if (started instanceof ChildRun) return started
      if (started !== 'held') throw started
      if (Date.now() >= deadline) throw await directoryInUse(this.#options.dataDir, this.#paths.data)
      await sleep(200)
    }
  }

  /** One attempt: a run that answers, or why there is none. */
  async #tryStart(): Promise<ChildRun | 'held' | Error> {
    const { logger, tcpPort, dataDir } = this.#options
    const begun = Date.now()
    const run = new ChildRun({ library: this.#library, paths: this.#paths, tcpPort, logger })
    this.#run = run
    this.counters.starts++
    if (await this.#becomesReady(run)) {
      logger.info({ pid: run.pid, url: this.url, ready_after_ms: Date.now() - begun }, 'ClickHouse is up')
      return run
    }
    const how = run.ended ? await run.exited : 'did not answer in time'
    run.kill()
    await run.exited
    if (isLocked(run.tail)) return 'held'
    return startFailed(dataDir, how, run.tail, this.#paths.log)
  }

  /** An exit before the first answer is a failure, whatever its code: it may be 0. */
  async #becomesReady(run: ChildRun): Promise<boolean> {
    const deadline = Date.now() + (this.#options.readyTimeout ?? READY_TIMEOUT)
    const probe = this.#openProbe()
    try {
      while (!run.ended && Date.now() < deadline) {
        if (await probe.ping()) return !run.ended
        await sleep(25)
      }
      return false
    } finally {
      await probe.close()
    }
  }

  #openProbe(): ClickHouse {
    const { url, username, password } = this
    return openClickHouse({ url, username, password, database: 'default', requestTimeout: 2_000 })
  }

  async #supervise(first: ChildRun): Promise<void> {
    const { logger, onDown, onUp } = this.#options
    const { signal } = this.#stopping
    for (let run: ChildRun | null = first; run !== null; ) {
      const how = await run.exited
      if (signal.aborted) return
      this.counters.crashes++
      logger.error(
        { how, last_words: run.tail.slice(-500), log: this.#paths.log },
        'ClickHouse is gone, starting it again',
      )
      onDown?.(how)
      run = await this.#restart()
      if (run !== null) onUp?.()
    }
  }

  /** Tries until the child answers; null when it is no longer wanted. */
  async #restart(): Promise<ChildRun | null> {
    const { signal } = this.#stopping
    for (let delay = FIRST_DELAY; ; delay = Math.min(2 * delay, MAX_DELAY)) {
      await sleep(delay, undefined, { signal }).catch(() => {})
      if (signal.aborted) return null
      const started = (await this.#portFailure()) ?? (await this.#tryStart())
      if (started instanceof ChildRun) {
        if (!signal.aborted) return started
        await started.stop(STOP_PATIENCE)
        return null
      }
      const reason = started === 'held' ? 'its directory is held by another process' : started.message
      if (!signal.aborted) this.#options.logger.error({ reason }, 'ClickHouse could not be started, trying again')
    }
  }

  /** Null when the ports are free, 'held' when our own directory's server has them. Tried before, because ClickHouse's words are poor. */
  async #portFailure(): Promise<'held' | Error | null> {
    const { httpPort, tcpPort } = this.#options
    for (const [port, setting] of [
      [httpPort, 'clickhouse.child.http_port'],
      [tcpPort, 'clickhouse.child.tcp_port'],
    ] as const) {
      if (port === null) continue
      const error = await bindFailure(port)
      if (error === null) continue
      const holder = await findPortHolder('tcp', port)
      // Let go while we looked.
      if (holder === undefined && (await bindFailure(port)) === null) continue
      if (holder !== undefined && holder.pid === (await lastHolder(this.#paths.data))) return 'held'
      const attempt = { service: 'ClickHouse', protocol: 'tcp', address: '127.0.0.1', port, setting } as const
      return (await listenFailure(error, attempt)) as Error
    }
    return null
  }
}

async function bindFailure(port: number): Promise<Error | null> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return null
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}
