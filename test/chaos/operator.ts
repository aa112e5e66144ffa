import { setTimeout as sleep } from 'node:timers/promises'
import type { Installation } from '../support/services/installation.ts'
import type { ServiceProcess } from '../support/services/service-process.ts'

export const HANGS = 'TLSREP_KAFKA_TRANSACTION_HANGS'
const LOOK_MS = 500

/**
 * Does what docs/errors tells an operator to do about the one failure that nobody else can mend: a broker that is killed at a bad moment
 * leaves a transaction that nobody ends. Whoever reads the services' logs then runs `tlsrep migrate`.
 */
export class Operator {
  readonly #installation: Installation
  readonly #tell: (line: string) => void
  readonly #stop = new AbortController()
  readonly #seen = new Map<ServiceProcess, string>()
  readonly #done: Promise<void>

  constructor(installation: Installation, tell: (line: string) => void) {
    this.#installation = installation
    this.#tell = tell
    this.#done = this.#watch()
    this.#done.catch(() => {})
  }

  /** @throws what an attempt to mend something ended with */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      for (const service of this.#installation.services) {
        if (this.#saysSoAnew(service)) this.#tell(`${service.command}: ${HANGS}: ${await this.#installation.migrate()}`)
      }
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {})
    }
  }

  /** Its log grows until its next start, and begins anew then. */
  #saysSoAnew(service: ServiceProcess): boolean {
    const before = this.#seen.get(service) ?? ''
    const { stderr } = service
    this.#seen.set(service, stderr)
    return (stderr.startsWith(before) ? stderr.slice(before.length) : stderr).includes(HANGS)
  }
}
