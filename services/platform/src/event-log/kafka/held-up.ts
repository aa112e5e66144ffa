import type { OperatorError } from '../../errors/operator-error.ts'
import { transactionHangs } from './failure.ts'
import type { FetchedPartition } from './requests.ts'

/**
 * Watches whether an open transaction holds up a reading that has to come to an end. Our collectors' transactions are ended by the broker
 * after ten seconds. One that stays open is not known to its coordinator any more, and nobody ends it but an operator: seen with Kafka 4.4
 * where a broker was killed while it wrote the ends of a transaction.
 */
export class HeldUp {
  readonly #patience: number
  #partition = -1
  #offset = -1n
  #since = 0

  /** @param patience milliseconds that one transaction may be waited for */
  constructor(patience: number) {
    this.#patience = patience
  }

  /** Of one round: which transaction it has waited for too long; null where there is none. */
  look(
    topic: string,
    answers: readonly FetchedPartition[],
    ends: ReadonlyMap<number, bigint>,
    now: number,
  ): OperatorError | null {
    const held = answers.find(
      ({ partition, error, batches, lastStableOffset }) =>
        error === 0 && batches.length === 0 && lastStableOffset < (ends.get(partition) ?? 0n),
    )
    const { partition = -1, lastStableOffset: offset = -1n } = held ?? {}
    if (partition !== this.#partition || offset !== this.#offset) this.#since = now
    this.#partition = partition
    this.#offset = offset
    const waited = now - this.#since
    return held === undefined || waited < this.#patience ? null : transactionHangs(topic, partition, offset, waited)
  }
}
