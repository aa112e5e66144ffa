import { listingText } from '../list/content-hash.ts'
import type { Logger } from '../logger.ts'
import type { Timer } from '../timer.ts'
import type { ListingDelta, ListingSnapshot, Output, PublishedListing } from './output.ts'

export interface OutputFeedOptions {
  output: Output
  logger: Logger
  after: Timer
  /** Told of each publication that the output rejected. */
  failed: () => void
}

/** Wait before an output that rejected a publication is given it again. */
const RETRY_MS = 1000

/**
 * Gives one output the list's states, one after the other, each with what changed since the one before. A state that comes while the
 * output is busy replaces the one that waits; what changed there and back meanwhile is in no delta.
 */
export class OutputFeed {
  readonly #options: OutputFeedOptions
  /** Senders changed since the output's last state, with what it knows of them; null before its first state. */
  #before: Map<string, PublishedListing | undefined> | null = null
  #waiting: ListingSnapshot | undefined
  #running: Promise<void> | undefined
  #cancelRetry: () => void = () => {}
  #closed = false

  constructor(options: OutputFeedOptions) {
    this.#options = options
  }

  touch(sender: string, before: PublishedListing | undefined): void {
    if (this.#before !== null && !this.#before.has(sender)) this.#before.set(sender, before)
  }

  offer(snapshot: ListingSnapshot): void {
    this.#waiting = snapshot
    if (this.#running === undefined && !this.#closed) this.#running = this.#run()
  }

  /** Resolves when the output holds the last state that it was offered, or has rejected it. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelRetry()
    await this.#options.output.close()
    await this.idle()
  }

  async #run(): Promise<void> {
    for (let snapshot = this.#waiting; snapshot !== undefined; snapshot = this.#waiting) {
      this.#waiting = undefined
      const before = this.#before
      const delta =
        before === null ? { added: snapshot.listings.values(), changed: [], removed: [] } : deltaOf(before, snapshot)
      this.#before = new Map()
      try {
        await this.#options.output.publish(snapshot, delta)
      } catch (error) {
        this.#rejected(error, before, snapshot)
        break
      }
    }
    this.#running = undefined
  }

  #rejected(error: unknown, before: Map<string, PublishedListing | undefined> | null, snapshot: ListingSnapshot): void {
    const { output, logger, after, failed } = this.#options
    failed()
    logger.error(
      { output: output.name, err: error },
      'an output rejected the list; it keeps what it has and is given it again',
    )
    if (before !== null)
      for (const [sender, known] of this.#before ?? []) if (!before.has(sender)) before.set(sender, known)
    this.#before = before
    this.#cancelRetry()
    this.#cancelRetry = after(RETRY_MS, () => this.offer(this.#waiting ?? snapshot))
  }
}

function deltaOf(before: ReadonlyMap<string, PublishedListing | undefined>, snapshot: ListingSnapshot): ListingDelta {
  const added: PublishedListing[] = []
  const changed: PublishedListing[] = []
  const removed: string[] = []
  for (const [sender, known] of before) {
    const now = snapshot.listings.get(sender)
    if (now === undefined) {
      if (known !== undefined) removed.push(sender)
    } else if (known === undefined) added.push(now)
    else if (listingText(known) !== listingText(now)) changed.push(now)
  }
  return { added, changed, removed }
}
