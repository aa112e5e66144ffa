import type { Tier } from '@tlsrep/schemas'
import type { Logger } from '../logger.ts'
import type { AppliedTier } from './applied-tier.ts'
import type { PublishedListing } from './output.ts'

export interface ActionCounters {
  tagged: number
  deferred: number
  rejected: number
  would_tag: number
  would_defer: number
  would_reject: number
}

/** Whom an action is about and where it would have been taken. */
export interface ActionPlace {
  output: string
  /** Null where the output knows no listener. */
  listener: string | null
  /** Address of the client as text of our own making; null where the output sees no client. */
  client: string | null
}

const DONE = { tag: 'tagged', defer: 'deferred', reject: 'rejected' } as const
const WITHHELD = { tag: 'would_tag', defer: 'would_defer', reject: 'would_reject' } as const
type Action = keyof typeof DONE

/** Lines of what would have been done that are logged in one window (ms); the rest is counted and said with the next window's first. */
const LINES_MAX = 20
const WINDOW_MS = 10_000

/** Counts what an output did, and counts and logs what it would have done if its mode let it. */
export class ActionTally {
  readonly counters: ActionCounters = {
    tagged: 0,
    deferred: 0,
    rejected: 0,
    would_tag: 0,
    would_defer: 0,
    would_reject: 0,
  }
  readonly #logger: Logger
  readonly #now: () => number
  #windowStart = Number.NEGATIVE_INFINITY
  #lines = 0
  #unlogged = 0

  constructor(logger: Logger, now: () => number) {
    this.#logger = logger
    this.#now = now
  }

  /** What was decided about one request. `done` is what the output really did, where that is less than `applied`. */
  count(listing: PublishedListing, tier: AppliedTier, place: ActionPlace, done: Tier = tier.applied): void {
    if (isAction(done)) this.counters[DONE[done]]++
    if (tier.wanted === tier.applied || !isAction(tier.wanted)) return
    this.counters[WITHHELD[tier.wanted]]++
    this.#log(listing, tier, place)
  }

  #log(listing: PublishedListing, tier: AppliedTier, place: ActionPlace): void {
    const now = this.#now()
    if (now - this.#windowStart >= WINDOW_MS || now < this.#windowStart) {
      this.#windowStart = now
      this.#lines = 0
    }
    if (this.#lines >= LINES_MAX) {
      this.#unlogged++
      return
    }
    this.#lines++
    const { sender, reasons } = listing
    const facts = {
      ...place,
      sender,
      would: tier.wanted,
      done: tier.applied,
      reasons,
      not_logged_before: this.#unlogged,
    }
    this.#unlogged = 0
    this.#logger.info(facts, `would ${tier.wanted}`)
  }
}

function isAction(tier: Tier): tier is Action {
  return tier === 'tag' || tier === 'defer' || tier === 'reject'
}
