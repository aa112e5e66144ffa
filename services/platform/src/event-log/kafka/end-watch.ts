import type { FetchedPartition } from './requests.ts'

/** Tells when reading has come to the offsets at which partitions ended once. */
export class EndWatch {
  readonly #missing: Map<number, bigint>

  /** @param ends behind the last record of each partition, committed or not */
  constructor(positions: ReadonlyMap<number, bigint>, ends: ReadonlyMap<number, bigint>) {
    this.#missing = new Map([...ends].filter(([partition, end]) => (positions.get(partition) ?? 0n) < end))
  }

  get reached(): boolean {
    return this.#missing.size === 0
  }

  isReached(partition: number): boolean {
    return !this.#missing.has(partition)
  }

  moved(partition: number, position: bigint): void {
    const end = this.#missing.get(partition)
    if (end !== undefined && position >= end) this.#missing.delete(partition)
  }

  /**
   * A round in which no partition had anything. What compaction has removed at the end of a log leaves offsets that no batch covers any
   * more, so a position below the end can have nothing behind it. A transaction that is open there is another matter: it is waited for.
   */
  sawNothing(answers: readonly FetchedPartition[]): void {
    if (answers.some(({ error, batches }) => error !== 0 || batches.length > 0)) return
    for (const { partition, lastStableOffset } of answers) {
      const end = this.#missing.get(partition)
      if (end !== undefined && lastStableOffset >= end) this.#missing.delete(partition)
    }
  }
}
