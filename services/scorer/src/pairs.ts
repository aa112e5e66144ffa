import { createHash } from 'node:crypto'
import { avroRows } from '@tlsrep/platform/event-log/avro-container'
import type { AvroRecord, AvroSchema, FailureReason } from '@tlsrep/schemas'
import { forChunks } from './chunks.ts'
import type { Fact } from './facts.ts'
import { type HalfRow, type Pair, pairUp } from './pair-up.ts'
import type { Store } from './store.ts'

/**
 * Failures that our own configuration may have caused although the log does not prove it: what the sender does after them is not held
 * against it. The failures that the log proves to be ours have fault `local` or `our_floor`.
 */
const PERHAPS_OURS: readonly FailureReason[] = [
  'no_common_cipher',
  'no_common_group_or_signature',
  'version_unclear',
  'starttls_refused',
  'starttls_required',
  'client_certificate_required',
  'rate_limited',
  'local_error',
]

/** Refusals that ask for TLS: mail in clear is no consequence of them. */
const ASKS_FOR_TLS: readonly FailureReason[] = ['starttls_required']

const SENDERS = 2000

/** What may be one half of a pair. */
export function isPairHalf(fact: Fact): boolean {
  if (fact.direction !== 'inbound') return false
  return isClear(fact) || fact.outcome === 'handshake_failed' || fact.outcome === 'refused_by_us'
}

/** Mail in clear by the sender's own doing, as the evidence counts it. */
function isClear(fact: Fact): boolean {
  const mails = fact.mails_attempted ?? 0
  return fact.outcome === 'plaintext' && fact.fault === 'peer' && fact.authenticated !== true && mails > 0
}

export interface Pairs {
  /** Rows for `downgrades`, as a container; null where no pair is new. */
  container: Uint8Array | null
  count: number
  senders: string[]
}

/**
 * The pairs in which one of these events is a half, and which no row tells of yet. All of the events are in `tls_events` already, so it
 * does not matter which half came first, or whether both came together.
 * @param windowMs longest time from the failure's beginning to the plaintext session's
 */
export async function findPairs(store: Store, facts: readonly Fact[], windowMs: number, now: number): Promise<Pairs> {
  const own = facts.filter(isPairHalf)
  const senders = [...new Set(own.map((fact) => fact.sender))].sort()
  const span = { ...spanOf(own, windowMs), window: windowMs }
  const rows = (await forChunks(senders, SENDERS, (chunk) => newPairs(store, chunk, span))).flat()
  const downgrades = rows.map((row) => downgrade(row, now))
  return {
    container: rows.length === 0 ? null : avroRows(SCHEMA, downgrades),
    count: rows.length,
    senders: [...new Set(rows.map(({ clear }) => clear.sender))],
  }
}

/** In milliseconds; `from` and `to` are the times in which the plaintext half lies. */
interface Span {
  from: number
  to: number
  window: number
}

async function newPairs(store: Store, chunk: readonly string[], span: Span): Promise<Pair[]> {
  const both = await store.rows<{ sender: string }>(BOTH_HALVES, { ...span, senders: chunk })
  if (both.length === 0) return []
  const ours = { perhapsOurs: PERHAPS_OURS, asksForTls: ASKS_FOR_TLS }
  const found = { ...span, ...ours, senders: both.map(({ sender }) => sender) }
  const [halves, known] = await Promise.all([
    store.rows<HalfRow>(HALVES, found),
    store.rows<{ kind: string; id: string }>(KNOWN, found),
  ])
  const isKnown = new Set(known.map(({ kind, id }) => `${kind} ${id}`))
  return pairUp(halves, span.window).filter(({ kind, clear }) => !isKnown.has(`${kind} ${clear.id}`))
}

/** In which times the plaintext half can lie. */
function spanOf(halves: readonly Fact[], windowMs: number): Pick<Span, 'from' | 'to'> {
  let from = Number.POSITIVE_INFINITY
  let to = Number.NEGATIVE_INFINITY
  for (const half of halves) {
    from = Math.min(from, half.observed_at)
    to = Math.max(to, isClear(half) ? half.observed_at : half.observed_at + windowMs)
  }
  return { from, to }
}

/**
 * The rule of the view for what counts (`sender_evidence_daily_from_events`) holds for the plaintext half. A failure that is known by
 * absence while the log showed loss proves nothing.
 */
const LOOPBACK = `(peer_ip = toIPv6('::1') OR (peer_ip >= toIPv6('::ffff:127.0.0.0') AND peer_ip <= toIPv6('::ffff:127.255.255.255')))`
/** Few senders have both kinds of sessions; the joins are for them alone. */
const BOTH_HALVES = `
SELECT sender
FROM tls_events
WHERE sender IN {senders:Array(String)} AND direction = 'inbound'
  AND outcome IN ('plaintext', 'handshake_failed', 'refused_by_us')
  AND observed_at >= fromUnixTimestamp64Milli({from:Int64} - {window:Int64})
  AND observed_at <= fromUnixTimestamp64Milli({to:Int64})
GROUP BY sender
HAVING countIf(outcome = 'plaintext') > 0 AND countIf(outcome != 'plaintext') > 0`

/** One read of both halves: joined in the database, each half would be read for every kind of pair. */
const HALVES = `
WITH proof = 'by_absence' AND log_loss AS is_excused, coalesce(failure_reason, '') AS why
SELECT
  hex(event_id) AS id, sender, toUnixTimestamp64Milli(observed_at) AS observed, listener, host, hex(peer_ip) AS address,
  failure_reason AS reason, is_excused AS excused,
  outcome = 'plaintext' AND fault = 'peer' AND coalesce(mails_attempted, 0) > 0 AND NOT coalesce(authenticated, false)
    AND NOT ${LOOPBACK} AND observed_at >= fromUnixTimestamp64Milli({from:Int64}) AS clear,
  outcome = 'handshake_failed' AND fault IN ('peer', 'unknown') AND NOT is_excused
    AND why NOT IN {perhapsOurs:Array(String)} AS failed,
  (outcome = 'refused_by_us' OR (outcome = 'handshake_failed' AND fault IN ('local', 'our_floor'))) AND NOT is_excused
    AND why NOT IN {asksForTls:Array(String)} AS refused
FROM tls_events
WHERE sender IN {senders:Array(String)} AND direction = 'inbound'
  AND outcome IN ('plaintext', 'handshake_failed', 'refused_by_us')
  AND observed_at >= fromUnixTimestamp64Milli({from:Int64} - {window:Int64})
  AND observed_at <= fromUnixTimestamp64Milli({to:Int64})
ORDER BY sender, observed_at, event_id`

const KNOWN = `
SELECT kind, hex(event_id) AS id
FROM downgrades
WHERE sender IN {senders:Array(String)}
  AND observed_at >= fromUnixTimestamp64Milli({from:Int64})
  AND observed_at <= fromUnixTimestamp64Milli({to:Int64})`

const BYTES_16: AvroSchema = { type: 'fixed', name: 'Bytes16', size: 16 }
const TIME: AvroSchema = { type: 'long', logicalType: 'timestamp-millis' }
const SCHEMA: AvroRecord = {
  type: 'record',
  name: 'Downgrade',
  fields: [
    { name: 'downgrade_id', type: BYTES_16 },
    { name: 'kind', type: 'string' },
    { name: 'sender', type: 'string' },
    { name: 'observed_at', type: TIME },
    { name: 'direction', type: 'string' },
    { name: 'listener', type: ['null', 'string'] },
    { name: 'host', type: 'string' },
    { name: 'peer_ip', type: 'Bytes16' },
    { name: 'event_id', type: 'Bytes16' },
    { name: 'failed_event_id', type: 'Bytes16' },
    { name: 'failed_at', type: TIME },
    { name: 'failure_reason', type: ['null', 'string'] },
    { name: 'excused', type: 'boolean' },
    { name: 'found_at', type: TIME },
  ],
}

function downgrade({ kind, clear, failure }: Pair, now: number): object {
  const event = Buffer.from(clear.id, 'hex')
  return {
    downgrade_id: createHash('sha256').update(kind).update('\0').update(event).digest().subarray(0, 16),
    kind,
    sender: clear.sender,
    observed_at: clear.observed,
    direction: 'inbound',
    listener: clear.listener,
    host: clear.host,
    peer_ip: Buffer.from(clear.address, 'hex'),
    event_id: event,
    failed_event_id: Buffer.from(failure.id, 'hex'),
    failed_at: failure.observed,
    failure_reason: failure.reason,
    excused: clear.excused,
    found_at: now,
  }
}
