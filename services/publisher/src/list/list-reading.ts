import type { DeliveredBatch, EventLog } from '@tlsrep/platform/event-log/event-log'
import type { Intake } from './intake.ts'

export interface ListReadingOptions {
  log: Pick<EventLog, 'subscribe'>
  /** Readers of one group share a topic; every publisher reads all of it, so each has a group of its own. */
  group: string
  intake: Intake
  now: () => number
  /** Told after operators' decisions were taken. */
  overridden: () => void
  /** Told after listings were taken. */
  listed: () => void
  signal: AbortSignal
}

/**
 * Reads `tls.listings` and `tls.overrides`. What they held at the beginning is collected first; what follows waits until the list has been
 * made of that.
 */
export class ListReading {
  /** Resolves when the subscriptions have ended after the signal; rejects when the log is lost. */
  readonly done: Promise<void>
  /** Resolves when everything is collected that the topics held at the beginning. */
  readonly collected: Promise<unknown>
  readonly #options: ListReadingOptions
  readonly #goesOn = Promise.withResolvers<void>()

  constructor(options: ListReadingOptions) {
    this.#options = options
    const { intake, now } = options
    const overrides = Promise.withResolvers<void>()
    const listings = Promise.withResolvers<void>()
    const takeOverrides = async ({ records }: DeliveredBatch): Promise<void> => intake.takeOverrides(records, now())
    this.collected = Promise.all([overrides.promise, listings.promise])
    this.done = Promise.all([
      this.#read('tls.overrides', overrides.resolve, takeOverrides, async (batch) => {
        await takeOverrides(batch)
        options.overridden()
      }),
      this.#read(
        'tls.listings',
        listings.resolve,
        ({ records }) => intake.collectListings(records),
        async ({ records }) => {
          await intake.takeListings(records, now())
          options.listed()
        },
      ),
    ]).then(() => {})
    // Whoever asks for it learns of it; until then it is no unhandled rejection.
    this.done.catch(() => {})
  }

  /** The list is made of what was collected, or never will be. */
  goOn(): void {
    this.#goesOn.resolve()
  }

  #read(
    topic: 'tls.overrides' | 'tls.listings',
    told: () => void,
    collect: (batch: DeliveredBatch) => Promise<void>,
    take: (batch: DeliveredBatch) => Promise<void>,
  ): Promise<void> {
    const { log, group, signal } = this.#options
    let isCollected = false
    const loaded = (): void => {
      isCollected = true
      told()
    }
    const handle = async (batch: DeliveredBatch): Promise<void> => {
      if (!isCollected) return collect(batch)
      await this.#goesOn.promise
      if (!signal.aborted) await take(batch)
    }
    return log.subscribe(topic, { group, whole: true, loaded }, handle, signal)
  }
}
