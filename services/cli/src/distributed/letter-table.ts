import { ClickHouseTopicStore, type ClickHouseTopicStoreOptions } from '@tlsrep/platform/event-log/clickhouse-topics'
import type { LogRecord } from '@tlsrep/platform/event-log/event-log'
import { createReader } from '@tlsrep/schemas'

const TOPIC = 'tls.deadletter'
/** Letters that are stored one by one. Where there are more, a log cannot be read at all, and it is their number that counts. */
const FEW = 100
/** How far the clock of a collector may be ahead of ours (ms). */
const AHEAD_MS = 3_600_000

/**
 * The table of dead letters, each once: a collector that is killed between a letter and the position behind it sends it again, and a
 * batch whose position was not saved comes again, perhaps cut in another way.
 */
export class LetterTable {
  readonly #options: ClickHouseTopicStoreOptions
  readonly #reader = createReader('DeadLetter')

  constructor(options: ClickHouseTopicStoreOptions) {
    this.#options = options
  }

  /** @param token names the batch, for the case that it holds too many letters to name each */
  async write(records: readonly LogRecord[], token: string): Promise<void> {
    const byPlace = new Map(records.map((record) => [this.#placeOf(record), record]))
    // Of a new store, all letters that are there are an earlier one's, and left out.
    const { now } = this.#options
    const store = new ClickHouseTopicStore({ ...this.#options, now: () => now() + AHEAD_MS })
    if (byPlace.size > FEW) return store.write(TOPIC, [...byPlace.values()], token)
    // Its own token, since another scorer may be about to store the same letter, out of another partition.
    for (const [place, record] of byPlace) await store.write(TOPIC, [record], `${TOPIC}/${place}`)
  }

  #placeOf({ value }: LogRecord): string {
    const decoded = this.#reader.decode(value ?? new Uint8Array(0))
    if (!decoded.ok) throw new Error(`a dead letter cannot be read: ${decoded.detail}`)
    const { collector, source_name, source_offset, hash } = decoded.value
    return `${Buffer.from(hash).toString('hex')}/${source_offset}/${collector}/${source_name}`
  }
}
