import type { AppendBatch, BatchHandler, LogRecord } from './event-log.ts'
import { LogClosedError, ReaderGoneError } from './in-process-errors.ts'

/** An append whose records are stored. */
export interface Committed {
  checkpoint: LogRecord | null
}

/** How much goes into one delivery. */
export interface Bounds {
  maxRecords: number
  maxBytes: number
}

export interface CommitQueueOptions {
  log: string
  bounds: Bounds
  /** Runs after the reader has stored a group of appends and before they are acknowledged. */
  committed: (group: readonly Committed[]) => Promise<void>
}

interface Waiting extends Committed {
  batch: AppendBatch
  bytes: number
  resolve: () => void
  reject: (error: Error) => void
}

const TOPIC = 'tls.negotiations'

/**
 * Group commit for one reader: what is appended while a delivery is under way goes out together in the next one, so a store that takes
 * 100 ms a batch is as fast with many small inputs as with one large one. The queue holds no more than its writers wait for.
 */
export class CommitQueue {
  readonly #log: string
  readonly #bounds: Bounds
  readonly #committed: CommitQueueOptions['committed']
  readonly #waiting: Waiting[] = []
  #nextOffset = 0n
  #reading = false
  #gone: ReaderGoneError | null = null
  #closing = false
  #wake: () => void = () => {}
  #drained: () => void = () => {}

  constructor(options: CommitQueueOptions) {
    this.#log = options.log
    this.#bounds = options.bounds
    this.#committed = options.committed
  }

  /** Before the first reader has come, appends wait for it; after a reader has gone, they are refused until the next one. */
  append(batch: AppendBatch): Promise<void> {
    if (this.#gone !== null) return Promise.reject(this.#gone)
    return new Promise((resolve, reject) => {
      const bytes = batch.records.reduce((sum, record) => sum + (record.value?.length ?? 0), 0)
      this.#waiting.push({ batch, bytes, checkpoint: batch.checkpoint, resolve, reject })
      this.#wake()
    })
  }

  async subscribe(handle: BatchHandler, signal: AbortSignal): Promise<void> {
    if (this.#reading) throw new Error(`${TOPIC} has a reader already: in process there is one partition`)
    this.#reading = true
    this.#gone = null
    let cause: unknown = new Error('its subscription was ended')
    const wake = (): void => this.#wake()
    signal.addEventListener('abort', wake)
    try {
      while (await this.#somethingWaits(signal)) await this.#deliver(this.#takeGroup(), handle)
    } catch (error) {
      cause = error
      throw error
    } finally {
      signal.removeEventListener('abort', wake)
      this.#reading = false
      this.#refuse(this.#closing ? new LogClosedError() : new ReaderGoneError(cause))
    }
  }

  /** Resolves when nothing waits and nothing is under way; ends the subscription then. */
  async drain(): Promise<void> {
    this.#closing = true
    if (!this.#reading) return this.#refuse(new LogClosedError())
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve
    })
    this.#wake()
    await drained
  }

  #refuse(error: LogClosedError | ReaderGoneError): void {
    if (error instanceof ReaderGoneError) this.#gone = error
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
    this.#drained()
  }

  /** False when the subscription is over: aborted, or closed and empty. */
  async #somethingWaits(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (this.#waiting.length > 0) return true
      if (this.#closing) return false
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return false
  }

  /** The oldest appends up to the bounds, at least one: what one append holds is never torn apart. */
  #takeGroup(): Waiting[] {
    let count = 0
    let records = 0
    let bytes = 0
    for (const waiting of this.#waiting) {
      records += waiting.batch.records.length
      bytes += waiting.bytes
      if (count > 0 && (records > this.#bounds.maxRecords || bytes > this.#bounds.maxBytes)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #deliver(group: readonly Waiting[], handle: BatchHandler): Promise<void> {
    try {
      const records = group.length === 1 ? (group[0]?.batch.records ?? []) : group.flatMap(({ batch }) => batch.records)
      if (records.length > 0) {
        const firstOffset = this.#nextOffset
        this.#nextOffset += BigInt(records.length)
        const ranges = [{ partition: 0, firstOffset, lastOffset: this.#nextOffset - 1n }]
        await handle({ topic: TOPIC, log: this.#log, ranges, records })
      }
      await this.#committed(group)
    } catch (error) {
      for (const waiting of group) waiting.reject(new ReaderGoneError(error))
      throw error
    }
    for (const waiting of group) waiting.resolve()
  }
}
