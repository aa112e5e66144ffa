import { failureText } from './failure-text.ts'

/** A part of the process: started after what it needs, stopped before it. */
export interface Actor {
  readonly name: string
  /**
   * Resolves when the part is up. Give up when `signal` is aborted. `fail` is called when it breaks later: the process then stops.
   */
  start(context: { signal: AbortSignal; fail(error: unknown): void }): Promise<void>
  /** Ends cleanly; called as well when `start` failed or was given up, so it must bear that. */
  stop(): Promise<void>
  /** Milliseconds for `stop`. Default: that of the lifecycle. */
  stopTimeoutMs?: number
}

/** What the lifecycle needs of a pino logger. */
interface LifecycleLogger {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

export interface LifecycleOptions {
  logger: LifecycleLogger
  /** Where signals and uncaught errors come from, and how the process ends at once. Default: this process. */
  host?: ProcessHost
  stopTimeoutMs?: number
  /** Milliseconds, monotonic. */
  now?: () => number
}

/** The part of `process` that is used, so that tests need no real one. */
export interface ProcessHost {
  on(event: string, listener: (value: unknown) => void): unknown
  off(event: string, listener: (value: unknown) => void): unknown
  exit(code: number): void
  stderr: { write(text: string): unknown }
}

export interface Lifecycle {
  /**
   * Starts the actors in order, waits for a signal, a failure or `requestStop`, and stops them in reverse order.
   * @returns the exit code: 0 after a clean stop, 1 after a failure or where a part did not stop
   */
  run(actors: readonly Actor[]): Promise<number>
  /** Stops as a signal would: for a run that has done what it was for. */
  requestStop(reason: string): void
  /** For `/health/ready`: not before all is up, and not after the stop has begun. */
  readonly check: { readonly name: string; check(): { ok: boolean; detail: string } }
}

const STOP_TIMEOUT_MS = 10_000
/** A terminal and a parent process may both pass on the same Ctrl-C; only what comes later is a second one. */
const SAME_SIGNAL_MS = 500
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const

export function createLifecycle(options: LifecycleOptions): Lifecycle {
  return new ProcessLifecycle(options)
}

/** Runs the actors until SIGINT or SIGTERM. @returns the exit code */
export function runUntilSignal(actors: readonly Actor[], options: LifecycleOptions): Promise<number> {
  return createLifecycle(options).run(actors)
}

class ProcessLifecycle implements Lifecycle {
  readonly check = { name: 'lifecycle', check: () => ({ ok: this.#phase === 'running', detail: this.#phase }) }
  readonly #logger: LifecycleLogger
  readonly #host: ProcessHost
  readonly #stopTimeoutMs: number
  readonly #now: () => number
  /** Aborted when the stop begins. */
  readonly #stopping = new AbortController()
  readonly #started: Actor[] = []
  #phase: 'starting' | 'running' | 'stopping' = 'starting'
  #exitCode = 0
  #signalledAt = Number.NEGATIVE_INFINITY

  constructor({
    logger,
    host = process,
    stopTimeoutMs = STOP_TIMEOUT_MS,
    now = () => performance.now(),
  }: LifecycleOptions) {
    this.#logger = logger
    this.#host = host
    this.#stopTimeoutMs = stopTimeoutMs
    this.#now = now
  }

  async run(actors: readonly Actor[]): Promise<number> {
    const release = this.#listen()
    try {
      await this.#start(actors)
      if (!this.#stopping.signal.aborted) {
        this.#phase = 'running'
        await aborted(this.#stopping.signal)
      }
      this.#phase = 'stopping'
      for (const actor of this.#started.reverse()) await this.#stop(actor)
    } finally {
      release()
    }
    return this.#exitCode
  }

  requestStop(reason: string): void {
    if (this.#stopping.signal.aborted) return
    this.#logger.info({ reason }, 'stopping')
    this.#stopping.abort()
  }

  async #start(actors: readonly Actor[]): Promise<void> {
    const { signal } = this.#stopping
    for (const actor of actors) {
      if (signal.aborted) return
      this.#started.push(actor)
      const fail = (error: unknown) => this.#fail(actor.name, error)
      // A part that does not heed the signal must not hold up the stop.
      const start = async () => actor.start({ signal, fail })
      await Promise.race([start().catch(fail), aborted(signal)])
    }
  }

  async #stop(actor: Actor): Promise<void> {
    const bound = actor.stopTimeoutMs ?? this.#stopTimeoutMs
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, bound, 'late')
    })
    try {
      if ((await Promise.race([actor.stop(), late])) !== 'late') return
      this.#exitCode = 1
      this.#logger.error({ actor: actor.name, bound_ms: bound }, 'did not stop in time; going on without it')
    } catch (error) {
      this.#exitCode = 1
      this.#logger.error({ actor: actor.name, err: error }, 'failed while stopping')
    } finally {
      clearTimeout(timer)
    }
  }

  #fail(name: string, error: unknown): void {
    // What breaks because the stop takes things away is no news, but must be found when looked for.
    if (this.#stopping.signal.aborted) {
      this.#logger.warn({ actor: name, err: error }, 'failed while stopping')
      return
    }
    this.#exitCode = 1
    this.#host.stderr.write(failureText(error))
    this.requestStop(`${name} failed`)
  }

  #listen(): () => void {
    const listeners = [
      ...Object.entries(SIGNALS).map(([signal, code]): [string, (value: unknown) => void] => [
        signal,
        () => this.#onSignal(signal, code),
      ]),
      ...['uncaughtException', 'unhandledRejection'].map((event): [string, (value: unknown) => void] => [
        event,
        (error) => this.#fail(event, error),
      ]),
    ]
    for (const [event, listener] of listeners) this.#host.on(event, listener)
    return () => {
      for (const [event, listener] of listeners) this.#host.off(event, listener)
    }
  }

  #onSignal(signal: string, code: number): void {
    const now = this.#now()
    if (!this.#stopping.signal.aborted) {
      this.#signalledAt = now
      this.requestStop(signal)
      return
    }
    if (now - this.#signalledAt <= SAME_SIGNAL_MS) return
    this.#logger.warn({ signal }, 'stopped at once')
    this.#host.exit(code)
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
