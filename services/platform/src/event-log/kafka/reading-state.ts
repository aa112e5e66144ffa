import type { OperatorError } from '../../errors/operator-error.ts'

/** What is known of a subscription's progress, for metrics and health. */
export class ReadingState {
  readonly counters = {
    fetches: 0,
    deliveries: 0,
    delivered_records: 0,
    rebalances: 0,
    commits_refused: 0,
    offsets_out_of_range: 0,
    offsets_lost: 0,
    outages: 0,
  }
  /** Behind the last record of each partition, and the offset to handle next. */
  readonly #ends = new Map<number, bigint>()
  readonly #positions = new Map<number, bigint>()
  /** Milliseconds since 1970 UTC at which everything that there was had been handled; null before. */
  caughtUpAt: number | null = null
  /** Whether the last request was answered. */
  connected = false
  /** A transaction that has held up a partition for too long; null where none does. */
  hanging: OperatorError | null = null

  get partitions(): number[] {
    return [...this.#positions.keys()]
  }

  /** Records not handled yet, by partition: the log's end less the position. */
  get lag(): Map<number, number> {
    return new Map(
      [...this.#positions].map(([partition, position]) => [
        partition,
        Math.max(0, Number((this.#ends.get(partition) ?? position) - position)),
      ]),
    )
  }

  assigned(positions: ReadonlyMap<number, bigint>): void {
    // What holds up a partition that was given away is another reader's to say.
    this.hanging = null
    this.#ends.clear()
    this.#positions.clear()
    this.handled(positions)
  }

  ended(partition: number, end: bigint, now: number): void {
    this.#ends.set(partition, end)
    this.#look(now)
  }

  handled(positions: ReadonlyMap<number, bigint>, now?: number): void {
    for (const [partition, offset] of positions) this.#positions.set(partition, offset)
    if (now !== undefined) this.#look(now)
  }

  #look(now: number): void {
    for (const [partition, position] of this.#positions) {
      const end = this.#ends.get(partition)
      if (end === undefined || position < end) return
    }
    this.caughtUpAt = now
  }
}
