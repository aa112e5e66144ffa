import type { Listing } from '@tlsrep/schemas'

export interface GateLimits {
  /** Most senders that may come onto the list in one minute. */
  newListingsPerMinute: number
  /** Most good sessions (below) that the senders which come onto the list in one minute may stand for. */
  goodSessionsPerMinute: number
}

export type GateDecision = 'pass' | 'too_many_new_listings' | 'too_much_good_traffic'

/** What the gate reads of a listing. */
export type GateFacts = Readonly<Pick<Listing, 'listed_at' | 'effective_sessions' | 'lower_bound'>>

interface Minute {
  listings: number
  goodSessions: number
}

const MINUTE_MS = 60_000
/** Minutes remembered; the oldest are forgotten beyond. */
const MINUTES_MAX = 20_000

/**
 * Holds back what would list too much at once: the sign of a broken receiver, a bad policy or an attack on the list rather than of that
 * many bad senders. Counted by the minute of `listed_at`, so that a restart, which reads everything at once, decides as the live run did.
 *
 * Good traffic is read off the listing itself: of its effective sessions (decayed, so recent ones weigh most) the share that is not proven
 * bad, `1 - lower_bound`. A shared sender with ten thousand good sessions beside its bad ones counts as ten thousand.
 *
 * What it does not do: it looks at a sender once, when it comes onto the list, not when its tier rises afterwards; and it knows no
 * traffic but the evidence of the listings themselves.
 */
export class BlastRadiusGate {
  readonly #limits: GateLimits
  readonly #minutes = new Map<number, Minute>()
  /** What was listed up to this moment has been looked at by an operator. */
  #releasedBefore: number

  constructor(limits: GateLimits, releasedBefore: number) {
    this.#limits = limits
    this.#releasedBefore = releasedBefore
  }

  get releasedBefore(): number {
    return this.#releasedBefore
  }

  /** Asks about a sender that was not on the list before; what passes is counted. */
  decide(listing: GateFacts): GateDecision {
    if (listing.listed_at <= this.#releasedBefore) return 'pass'
    const minute = this.#minute(Math.floor(listing.listed_at / MINUTE_MS))
    const good = listing.effective_sessions * (1 - listing.lower_bound)
    if (minute.listings + 1 > this.#limits.newListingsPerMinute) return 'too_many_new_listings'
    if (minute.goodSessions + good > this.#limits.goodSessionsPerMinute) return 'too_much_good_traffic'
    minute.listings++
    minute.goodSessions += good
    return 'pass'
  }

  /** An operator looked: whatever was listed up to `now` passes from here on. */
  release(now: number): void {
    this.#releasedBefore = Math.max(this.#releasedBefore, now)
    this.#minutes.clear()
  }

  #minute(number: number): Minute {
    const known = this.#minutes.get(number)
    if (known !== undefined) return known
    const minute = { listings: 0, goodSessions: 0 }
    this.#minutes.set(number, minute)
    if (this.#minutes.size > MINUTES_MAX) {
      for (const oldest of this.#minutes.keys()) {
        this.#minutes.delete(oldest)
        break
      }
    }
    return minute
  }
}
