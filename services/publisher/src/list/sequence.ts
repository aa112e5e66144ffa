/** How far ahead numbers are reserved, in microseconds: one write of the state file in ten minutes at most. */
const RESERVED_AHEAD = 600_000_000n

/**
 * Sequence numbers of the published list: microseconds since 1970 UTC at which a state was published, and one more than the last where
 * the clock has not moved on. So numbers of two publishers that read the same topics compare as their states do, as far as their clocks
 * agree; that the states are the same is what the content hash says, not the number.
 *
 * They grow across restarts by the clock, and where it was set back, by a bound stored ahead: the next start begins at that bound where the
 * clock is not there yet. The bound is stored before the numbers below it are given out; after a long quiet time, right after the first
 * of them. While the bound cannot be saved (full disk),
 * the clock alone has to do: a list that stopped being published would be worse.
 */
export class Sequence {
  #last: bigint
  #reserved: bigint
  #saving = false
  readonly #save: (reserved: bigint) => Promise<void>

  /**
   * @param reserved the bound of the run before
   * @param save stores a new bound; rejections are the caller's to report before
   */
  constructor(reserved: bigint, save: (reserved: bigint) => Promise<void>) {
    this.#last = reserved
    this.#reserved = reserved
    this.#save = save
  }

  /** The last number given out. */
  get last(): bigint {
    return this.#last
  }

  /** Bound below which all numbers given out so far lie, as far as it could be saved. */
  get reserved(): bigint {
    return this.#reserved
  }

  next(now: number): bigint {
    this.#last = later(microseconds(now), this.#last + 1n)
    if (this.#last + RESERVED_AHEAD / 2n > this.#reserved) void this.reserve(now)
    return this.#last
  }

  /** Stores a bound that lies ahead of the last number and of the clock. Never rejects. */
  async reserve(now: number): Promise<void> {
    if (this.#saving) return
    this.#saving = true
    const bound = later(microseconds(now), this.#last) + RESERVED_AHEAD
    try {
      await this.#save(bound)
      this.#reserved = bound
    } catch {
      // Reported by whoever saves; tried again with the next number.
    } finally {
      this.#saving = false
    }
  }
}

function microseconds(now: number): bigint {
  return BigInt(Math.floor(now)) * 1000n
}

/** Math.max takes no bigint. */
function later(a: bigint, b: bigint): bigint {
  if (a > b) return a
  return b
}
