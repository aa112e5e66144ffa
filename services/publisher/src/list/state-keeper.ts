import type { Logger } from '../logger.ts'
import { EMPTY_STATE, type PublisherState, type PublisherStateStore } from './state-file.ts'

/** Loads and saves the state; a store that fails is reported, and stops nothing. */
export class StateKeeper {
  /** Loads and saves that failed. */
  failures = 0
  readonly #store: PublisherStateStore
  readonly #logger: Logger
  #saving: Promise<void> = Promise.resolve()
  #failing = false

  constructor(store: PublisherStateStore, logger: Logger) {
    this.#store = store
    this.#logger = logger
  }

  /** Never rejects: what cannot be read counts as empty. */
  async load(): Promise<PublisherState> {
    try {
      return await this.#store.load()
    } catch (error) {
      this.#failed(error, "the publisher's state cannot be read; it begins anew")
      return EMPTY_STATE
    }
  }

  /** One after the other, each with what holds when its turn comes: they write the same file. Rejects where it could not be saved. */
  save(state: () => PublisherState): Promise<void> {
    const saved = this.#saving.then(() => this.#store.save(state()))
    this.#saving = saved.then(
      () => {
        this.#failing = false
      },
      (error: unknown) => this.#failed(error, "the publisher's state cannot be saved; it is tried again"),
    )
    return saved
  }

  /** Said once until it works again: a full disk is met with every publication. */
  #failed(error: unknown, message: string): void {
    this.failures++
    if (!this.#failing) this.#logger.error({ err: error }, message)
    this.#failing = true
  }
}
