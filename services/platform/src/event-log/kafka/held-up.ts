import type { OperatorError } from '../../errors/operator-error.ts'
import { transactionHangs } from './failure.ts'
import type { FetchedPartition } from './requests.ts'

/**
 * Watches whether an open transaction holds up a reading. Our collectors' transactions are ended by the broker after ten seconds. One that
 * stays open is not known to its coordinator any more, and nobody ends it but an operator: seen with Kafka 4.4 where a broker was killed
 * while it wrote the ends of a transaction.
 */
export class HeldUp {
  readonly #topic: string
  readonly #wanted: (answer: FetchedPartition) => bigint
  readonly #patience: number
  readonly #open = new Map<number, { offset: bigint; since: number }>()

  /**
   * @param wanted behind the last record that is wanted of a partition
   * @param patience milliseconds that one transaction may be waited for
   */
  constructor(topic: string, wanted: (answer: FetchedPartition) => bigint, patience: number) {
    this.#topic = topic
    this.#wanted = wanted
    this.#patience = patience
  }

  /** After an answer of one leader: that a transaction, in a partition of any, has been waited for too long; null where none has. */
  look(answers: readonly FetchedPartition[], now: number): OperatorError | null {
    for (const answer of answers) {
      const { partition, lastStableOffset: offset } = answer
      if (!this.#holdsUp(answer)) this.#open.delete(partition)
      else if (this.#open.get(partition)?.offset !== offset) this.#open.set(partition, { offset, since: now })
    }
    for (const [partition, { offset, since }] of this.#open) {
      if (now - since >= this.#patience) return transactionHangs(this.#topic, partition, offset, now - since)
    }
    return null
  }

  #holdsUp(answer: FetchedPartition): boolean {
    const { error, batches, lastStableOffset } = answer
    return error === 0 && batches.length === 0 && lastStableOffset < this.#wanted(answer)
  }
}
