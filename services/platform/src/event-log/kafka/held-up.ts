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
  #open: { partition: number; offset: bigint; since: number } | null = null

  /**
   * @param wanted behind the last record that is wanted of a partition
   * @param patience milliseconds that one transaction may be waited for
   */
  constructor(topic: string, wanted: (answer: FetchedPartition) => bigint, patience: number) {
    this.#topic = topic
    this.#wanted = wanted
    this.#patience = patience
  }

  /** After a round: that a transaction has been waited for too long; null where none has. */
  look(answers: readonly FetchedPartition[], now: number): OperatorError | null {
    const held = answers.find((answer) => this.#holdsUp(answer))
    if (held === undefined) {
      this.#open = null
      return null
    }
    const { partition, lastStableOffset: offset } = held
    if (this.#open?.partition !== partition || this.#open.offset !== offset) {
      this.#open = { partition, offset, since: now }
    }
    const waited = now - this.#open.since
    return waited < this.#patience ? null : transactionHangs(this.#topic, partition, offset, waited)
  }

  #holdsUp(answer: FetchedPartition): boolean {
    const { error, batches, lastStableOffset } = answer
    return error === 0 && batches.length === 0 && lastStableOffset < this.#wanted(answer)
  }
}
