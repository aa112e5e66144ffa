import type { EventLog } from '@tlsrep/platform/event-log/event-log'
import { createEncoder, type DeadLetter } from '@tlsrep/schemas'
import { inChunks } from './chunks.ts'
import type { Store } from './store.ts'

/** Letters in one query: their hashes are its parameter. */
const CHUNK = 1000

/** Records that could not be used, on their way to `tls.deadletter`, each once however often its batch is delivered. */
export class DeadLetters {
  readonly #store: Store
  readonly #log: Pick<EventLog, 'append'>
  readonly #encoder = createEncoder('DeadLetter')

  constructor(store: Store, log: Pick<EventLog, 'append'>) {
    this.#store = store
    this.#log = log
  }

  async append(letters: readonly DeadLetter[]): Promise<void> {
    for (const chunk of inChunks(letters, CHUNK)) await this.#appendChunk(chunk)
  }

  async #appendChunk(letters: readonly DeadLetter[]): Promise<void> {
    const known = await this.#known(letters)
    const records = letters
      .filter((letter) => !known.has(placeOf(letter)))
      .map((letter) => ({ key: null, value: this.#encoder.encode(letter) }))
    if (records.length > 0) await this.#log.append({ topic: 'tls.deadletter', records, checkpoint: null })
  }

  async #known(letters: readonly DeadLetter[]): Promise<Set<string>> {
    const rows = await this.#store.rows<{ source: string; offset: number; digest: string }>(
      `SELECT source_name AS source, source_offset AS offset, lower(hex(hash)) AS digest
       FROM dead_letters
       WHERE hash IN (SELECT toFixedString(unhex(arrayJoin({hashes:Array(String)})), 16))`,
      { hashes: letters.map(({ hash }) => Buffer.from(hash).toString('hex')) },
    )
    return new Set(rows.map(({ source, offset, digest }) => `${source} ${offset} ${digest}`))
  }
}

/** The same bytes at the same place: one letter. */
function placeOf({ source_name, source_offset, hash }: DeadLetter): string {
  return `${source_name} ${source_offset} ${Buffer.from(hash).toString('hex')}`
}
