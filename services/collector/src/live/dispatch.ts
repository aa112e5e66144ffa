import type { LogRecord } from '@tlsrep/platform/event-log/event-log'
import type { OriginalLines } from '../dead-letters/original-lines.ts'
import type { Appender } from './append.ts'
import type { Batch } from './batch.ts'
import type { CollectorCounters } from './counters.ts'
import type { Troubles } from './troubles.ts'

export interface DispatchOptions {
  appender: Appender
  originals: OriginalLines
  troubles: Troubles
  counters: CollectorCounters
  /** The batch under way is stored, or has failed. */
  done: () => void
}

/**
 * Takes batches to the event log, one at a time: were a later one stored and an earlier one not, the later position would cover lines
 * whose events are nowhere. Meanwhile the next batch fills, so that a slow store makes larger batches.
 */
export class Dispatch {
  readonly #options: DispatchOptions
  #underWay: Promise<void> | null = null
  #failure: { error: unknown } | null = null

  constructor(options: DispatchOptions) {
    this.#options = options
  }

  get isBusy(): boolean {
    return this.#underWay !== null
  }

  /** Must not be called while one is under way. @param positions the first is saved together with the events */
  start(batch: Batch, positions: readonly LogRecord[]): void {
    this.#underWay = this.#deliver(batch, positions)
      .catch((error: unknown) => {
        this.#failure = { error }
      })
      .finally(() => {
        this.#underWay = null
        this.#options.done()
      })
  }

  /** Waits until nothing is under way. @throws what a batch has failed with */
  async free(): Promise<void> {
    await this.#underWay
    this.check()
  }

  /** @throws what a batch has failed with */
  check(): void {
    if (this.#failure !== null) throw this.#failure.error
  }

  async #deliver(batch: Batch, positions: readonly LogRecord[]): Promise<void> {
    const { appender, originals, troubles, counters } = this.#options
    const notKept = await originals.keep(batch.originals)
    if (notKept !== null) troubles.met(originals.path, notKept)
    else if (batch.originals.length > 0) troubles.over(originals.path)
    if (batch.letters.length > 0) {
      await appender.append({ topic: 'tls.deadletter', records: batch.letters, checkpoint: null })
      counters.dead_letters += batch.letters.length
    }
    const [first = null, ...others] = positions
    if (batch.events.length > 0 || first !== null) {
      await appender.append({ topic: 'tls.negotiations', records: batch.events, checkpoint: first })
      counters.sent_events += batch.events.length
      counters.sent_batches++
    }
    for (const checkpoint of others) await appender.append({ topic: 'tls.negotiations', records: [], checkpoint })
  }
}
