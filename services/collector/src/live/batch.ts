import type { LogRecord } from '@tlsrep/platform/event-log/event-log'
import type { OriginalLine } from '../dead-letters/original-lines.ts'

/** However few events they are: records are kept in memory until they are stored. */
const MAX_BYTES = 16 * 1024 * 1024

/** What came out of the lines that were read since the batch before: all of it is stored before their position is. */
export class Batch {
  readonly events: LogRecord[] = []
  readonly letters: LogRecord[] = []
  readonly originals: OriginalLine[] = []
  /** Milliseconds of a steady clock at which the first line came; null while there is none. */
  since: number | null = null
  #bytes = 0

  /** Lines were taken, whatever came of them. */
  begin(): void {
    this.since ??= performance.now()
  }

  addEvent(record: LogRecord): void {
    this.events.push(record)
    this.#bytes += record.value?.length ?? 0
  }

  addLetter(letter: LogRecord, original: OriginalLine | null): void {
    this.letters.push(letter)
    this.#bytes += letter.value?.length ?? 0
    if (original === null) return
    this.originals.push(original)
    this.#bytes += original.text.length
  }

  get holdsRecords(): boolean {
    return this.events.length + this.letters.length > 0
  }

  isFull(maxRecords: number): boolean {
    return this.events.length + this.letters.length >= maxRecords || this.#bytes >= MAX_BYTES
  }
}
