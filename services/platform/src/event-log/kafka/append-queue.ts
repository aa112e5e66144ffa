import type { AppendBatch } from '../event-log.ts'

export interface AppendBounds {
  maxRecords: number
  maxBytes: number
}

interface Waiting {
  batch: AppendBatch
  bytes: number
  resolve: () => void
  reject: (error: unknown) => void
}

/**
 * Appends wait here while an earlier write is under way, and go out together then: one round to the brokers for all of them. In the
 * order in which they came. An append is never torn apart.
 */
export class AppendQueue {
  readonly #bounds: AppendBounds
  readonly #write: (group: readonly AppendBatch[]) => Promise<void>
  #waiting: Waiting[] = []
  #running: Promise<void> | null = null

  /** @param write resolves when the whole group is durable; where it rejects, so does every append of the group */
  constructor(bounds: AppendBounds, write: (group: readonly AppendBatch[]) => Promise<void>) {
    this.#bounds = bounds
    this.#write = write
  }

  append(batch: AppendBatch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, bytes: bytesOf(batch), resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    while (this.#running !== null) await this.#running
  }

  async #run(): Promise<void> {
    // Appends of the same turn of the event loop go together.
    await null
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      try {
        await this.#write(group.map(({ batch }) => batch))
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.#running = null
  }

  #takeGroup(): Waiting[] {
    let [records, bytes, count] = [0, 0, 0]
    for (const waiting of this.#waiting) {
      records += waiting.batch.records.length
      bytes += waiting.bytes
      if (count > 0 && (records > this.#bounds.maxRecords || bytes > this.#bounds.maxBytes)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }
}

function bytesOf({ records }: AppendBatch): number {
  return records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0)
}
