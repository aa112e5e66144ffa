import { randomUUID } from 'node:crypto'
import { writeRows } from './pending-ranges.ts'
import type { Store } from './store.ts'

/**
 * Who looks after which partitions now, written where the events go. Kafka alone cannot say: a scorer that waits for ClickHouse, or was
 * frozen, may have lost its partitions to another one and not know it when it goes on, and both would store the same events.
 *
 * The new owner claims, then reads what is pending; the old one writes what is pending, then reads the claims. So one of them sees the
 * other: either the new owner finishes the range under its own token, or the old one leaves it.
 */
export class Claims {
  readonly #store: Store
  #id = ''
  #names: readonly string[] = []

  constructor(store: Store) {
    this.#store = store
  }

  /** From here on nobody who claimed them before may begin anything. */
  async take(names: readonly string[]): Promise<void> {
    this.#id = randomUUID()
    this.#names = names
    if (names.length === 0) return
    const rows = names.map((token) => ({ token, kind: 'claim', state: 'claim', payload: Buffer.from(this.#id) }))
    await writeRows(this.#store, rows, `claim/${this.#id}`)
  }

  /** Whether nobody has claimed any of them since. */
  async areOurs(): Promise<boolean> {
    if (this.#names.length === 0) return true
    const rows = await this.#store.rows<{ others: number }>(
      `SELECT count() AS others FROM pending_ranges FINAL
       WHERE token IN {names:Array(String)} AND state = 'claim' AND payload != {id:String}`,
      { names: this.#names, id: this.#id },
    )
    return rows[0]?.others === 0
  }
}
