import type { TlsNegotiation } from './records.generated.ts'

/** The only fields of an event that decide what becomes of it; the rest goes to ClickHouse as it came. */
export const EVENT_FACTS = [
  'event_id',
  'observed_at',
  'direction',
  'sender',
  'outcome',
  'fault',
  'tls_version',
  'cipher',
  'authenticated',
  'mails_attempted',
] as const

export type EventFacts = Pick<TlsNegotiation, (typeof EVENT_FACTS)[number]>

/** An event's facts, as a reader of its record makes them; what else the event holds is not kept in memory by them. */
export function eventFacts(event: TlsNegotiation): EventFacts {
  return {
    event_id: event.event_id,
    observed_at: event.observed_at,
    direction: event.direction,
    sender: event.sender,
    outcome: event.outcome,
    fault: event.fault,
    tls_version: event.tls_version ?? null,
    cipher: event.cipher ?? null,
    authenticated: event.authenticated ?? null,
    mails_attempted: event.mails_attempted ?? null,
  }
}
