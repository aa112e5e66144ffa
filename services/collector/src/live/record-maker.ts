import { peerNetwork } from '@tlsrep/core/sender/peer-network'
import type { LogRecord } from '@tlsrep/platform/event-log/event-log'
import {
  createEncoder,
  type DeadLetter,
  eventFacts,
  type InvalidRecordError,
  type TlsNegotiation,
} from '@tlsrep/schemas'
import { contentHash, deadLetter } from '../dead-letters/dead-letter.ts'
import type { DeadLine } from '../pipeline/parse-run.ts'

// Encoding is synchronous, so all inputs fill the same slabs.
const events = createEncoder('TlsNegotiation')
const letters = createEncoder('DeadLetter')

/**
 * What goes with an event's record: over Kafka a key, the peer's network, by which its partition is chosen; in process its facts. Neither
 * is of use to the other.
 */
export type GoesWith = 'key' | 'facts'

/** @throws InvalidRecordError where the schema does not allow the event */
export function eventRecord(event: TlsNegotiation, goesWith: GoesWith): LogRecord {
  const value = events.encode(event)
  if (goesWith === 'facts') return { key: null, value, facts: eventFacts(event) }
  return { key: Buffer.from(peerNetwork(event.peer_ip), 'latin1'), value }
}

/** The dead letter of an event that its schema does not allow. */
export function invalidEventRecord(event: TlsNegotiation, { faults }: InvalidRecordError, now: number): LogRecord {
  const detail = `${faults.length} fields that the schema does not allow`
  return { key: null, value: letters.encode(invalidEvent(event, detail, now)) }
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
