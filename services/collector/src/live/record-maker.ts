import { peerNetwork } from '@tlsrep/core/sender/peer-network'
import type { LogRecord } from '@tlsrep/platform/event-log/event-log'
import {
  createEncoder,
  type DeadLetter,
  type EventFacts,
  eventFacts,
  InvalidRecordError,
  type TlsNegotiation,
} from '@tlsrep/schemas'
import { contentHash, deadLetter } from '../dead-letters/dead-letter.ts'
import type { DeadLine } from '../pipeline/parse-run.ts'

// Encoding is synchronous, so all inputs fill the same slabs.
const events = createEncoder('TlsNegotiation')
const letters = createEncoder('DeadLetter')

/** An event as a record, keyed by the peer's network; one that its schema does not allow is a dead letter. */
export function eventRecord(event: TlsNegotiation, now: () => number): { record: LogRecord; isLetter: boolean } {
  try {
    const value = events.encode(event)
    return { record: new EventRecord(event, value), isLetter: false }
  } catch (error) {
    if (!(error instanceof InvalidRecordError)) throw error
    const letter = invalidEvent(event, `${error.faults.length} fields that the schema does not allow`, now())
    return { record: { key: null, value: letters.encode(letter) }, isLetter: true }
  }
}

/** Keys are for Kafka's partitions: in process nobody asks, and none is made. */
class EventRecord implements LogRecord {
  readonly value: Uint8Array
  readonly facts: EventFacts
  readonly #peer: Uint8Array
  #key: Buffer | null = null

  constructor(event: TlsNegotiation, value: Uint8Array) {
    this.#peer = event.peer_ip
    this.value = value
    this.facts = eventFacts(event)
  }

  get key(): Buffer {
    this.#key ??= Buffer.from(peerNetwork(this.#peer), 'latin1')
    return this.#key
  }
}

/** There are no bytes of a record that could not be written; the event's id stands for them. */
function invalidEvent(event: TlsNegotiation, detail: string, diedAt: number): DeadLetter {
  return {
    reason: 'invalid_record',
    stage: 'encoding',
    collector: event.collector,
    source_name: event.source_name,
    source_offset: event.source_offset,
    length: 0,
    hash: contentHash(event.event_id),
    shape: '',
    detail,
    died_at: diedAt,
  }
}

export function letterRecord(
  dead: DeadLine,
  facts: { collector: string; sourceName: string; diedAt: number },
): LogRecord {
  return { key: null, value: letters.encode(deadLetter(dead, facts)) }
}
