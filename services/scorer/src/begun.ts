import type { Logger } from 'pino'
import type { Claims } from './claims.ts'
import { markDone, type PendingInsert, writePending } from './pending-ranges.ts'
import type { Store } from './store.ts'

/** Inserts are recorded before they are made, so that whoever comes after a crash can make them again. */
export class Begun {
  /** Batches of ours that were left to another scorer, which had the partitions already. */
  left = 0
  readonly #store: Store
  readonly #claims: Claims
  readonly #logger: Logger

  constructor(store: Store, claims: Claims, logger: Logger) {
    this.#store = store
    this.#claims = claims
    this.#logger = logger
  }

  /**
   * Records inserts as begun. False where the partitions were taken over meanwhile: then they are not to be made, and the new owner gets
   * the events.
   */
  async record(inserts: readonly PendingInsert[]): Promise<boolean> {
    await writePending(this.#store, inserts)
    if (await this.#claims.areOurs()) return true
    this.#logger.warn({ tokens: inserts.map(({ token }) => token) }, 'another scorer has taken over: left to it')
    this.left++
    await markDone(this.#store, inserts)
    return false
  }
}
