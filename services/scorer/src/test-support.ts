import { createHash } from 'node:crypto'
import { parsePolicy } from '@tlsrep/core/policy/parse-policy'
import type { Policy } from '@tlsrep/core/policy/policy'
import { ClickHouseTopicStore } from '@tlsrep/platform/event-log/clickhouse-topics'
import type { DeliveredBatch, LogRecord } from '@tlsrep/platform/event-log/event-log'
import { InProcessEventLog } from '@tlsrep/platform/event-log/in-process'
import { createEncoder, createReader, type Listing, type TlsNegotiation } from '@tlsrep/schemas'
import { event } from '../../../schemas/test/events.ts'
import { silentLogger } from '../../../test/support/clickhouse.ts'
import { replayListings } from './replay.ts'
import { Scorer, type ScorerOptions } from './scorer.ts'
import type { Store } from './store.ts'

export const MINUTE = 60_000
export const HOUR = 3_600_000
export const DAY = 86_400_000
/** A Tuesday, 14:00 UTC. */
export const T0 = Date.UTC(2026, 10, 24, 14)

export function policy(text = ''): Policy {
  const parsed = parsePolicy(text, 'test')
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.policy
}

export function eventId(name: string): Uint8Array {
  return createHash('sha256').update(name).digest().subarray(0, 16)
}

const NO_TLS = { tls_version: null, cipher: null, cipher_code: null, cipher_raw: null } as const

/** A session in clear of the sender's own doing. */
export function clear(name: string, changes: Partial<TlsNegotiation> = {}): TlsNegotiation {
  const facts = { outcome: 'plaintext', fault: 'peer', mails_plaintext: 1, ...NO_TLS } as const
  return event({ event_id: eventId(name), observed_at: T0, ...facts, ...changes })
}

/** A session with good TLS. */
export function secure(name: string, changes: Partial<TlsNegotiation> = {}): TlsNegotiation {
  return event({ event_id: eventId(name), observed_at: T0, ...changes })
}

/** A handshake that failed, nobody knows by whose fault. */
export function failed(name: string, changes: Partial<TlsNegotiation> = {}): TlsNegotiation {
  const facts = { outcome: 'handshake_failed', fault: 'unknown', failure_reason: 'connection_lost' } as const
  const mails = { mails_attempted: 0, mails_accepted: 0, mails_rejected: 0 }
  return event({ event_id: eventId(name), observed_at: T0, ...facts, ...mails, ...NO_TLS, ...changes })
}

/** TLS that our own version floor refused. */
export function refused(name: string, changes: Partial<TlsNegotiation> = {}): TlsNegotiation {
  const facts = { outcome: 'refused_by_us', fault: 'our_floor', failure_reason: 'version_below_floor' } as const
  return failed(name, { ...facts, ...changes })
}

/** Sessions in clear of one sender, a minute apart. */
export function manyClear(sender: number, count: number, start = T0): TlsNegotiation[] {
  return Array.from({ length: count }, (_, i) =>
    clear(`clear ${sender} ${start} ${i}`, { ...from(sender), observed_at: start + i * MINUTE }),
  )
}

/** Names the sender of an address of 10.0.0.0/8, for events. */
export function from(n: number): Pick<TlsNegotiation, 'sender' | 'peer_ip'> {
  const bytes = [10, (n >> 16) & 255, (n >> 8) & 255, n & 255]
  return { sender: `${bytes.join('.')}/32`, peer_ip: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes) }
}

const encoder = createEncoder('TlsNegotiation')

export function encoded(events: readonly TlsNegotiation[]): LogRecord[] {
  return events.map((each) => ({ key: null, value: encoder.encode(each) }))
}

/** Deliveries of one made-up log, offsets in order. */
export class Deliveries {
  readonly #log: string
  #next = 0n

  constructor(log: string) {
    this.#log = log
  }

  of(records: readonly LogRecord[]): DeliveredBatch {
    const firstOffset = this.#next
    this.#next += BigInt(records.length)
    const ranges = [{ partition: 0, firstOffset, lastOffset: this.#next - 1n }]
    return { topic: 'tls.negotiations', log: this.#log, ranges, records }
  }
}

export interface TestScorer {
  scorer: Scorer
  log: InProcessEventLog
  deliveries: Deliveries
  handle(events: readonly TlsNegotiation[]): Promise<void>
}

let starts = 0

/** A scorer as one start of the process has it, over a database that may hold what earlier starts left. Not recovered yet. */
export function startScorer(clickhouse: Store, options: Partial<ScorerOptions> = {}): TestScorer {
  const now = options.now ?? (() => T0 + HOUR)
  const signal = options.signal ?? new AbortController().signal
  const store = new ClickHouseTopicStore({ clickhouse, now, signal, logger: silentLogger })
  const log = new InProcessEventLog({ store, now })
  const deliveries = new Deliveries(`start-${++starts}`)
  const scorer = new Scorer({
    clickhouse,
    log,
    policy: policy(),
    service: 'scorer',
    logger: silentLogger,
    ...options,
    now,
    signal,
  })
  return { scorer, log, deliveries, handle: (events) => scorer.handle(deliveries.of(encoded(events))) }
}

/** The same, ready for batches. */
export async function started(clickhouse: Store, options: Partial<ScorerOptions> = {}): Promise<TestScorer> {
  const start = startScorer(clickhouse, options)
  await start.scorer.recover()
  return start
}

/** The list as tls.listings has it. */
export async function listings(log: InProcessEventLog): Promise<Listing[]> {
  const reader = createReader('Listing')
  return (await log.readCompacted('tls.listings')).map(({ value }) => {
    const decoded = reader.decode(value ?? Buffer.of())
    if (!decoded.ok) throw new Error(decoded.detail)
    return decoded.value
  })
}

/** Who would be listed if all evidence had come in at `now`. */
export async function replayed(clickhouse: Store, now: number, policyText = '') {
  const found: { sender: string; tier: string }[] = []
  for await (const { sender, reputation } of replayListings(clickhouse, policy(policyText), now)) {
    found.push({ sender, tier: reputation.tier })
  }
  return found
}

/** What the tables say in the end, for comparison: no times of storing, no order of arrival. */
export async function tables(clickhouse: Store) {
  const [counts, evidence, recount, pairs, listings] = await Promise.all([
    clickhouse.rows<{ events: number; ids: number }>(
      'SELECT count() AS events, uniqExact(event_id) AS ids FROM tls_events',
    ),
    clickhouse.rows(EVIDENCE),
    clickhouse.rows(RECOUNT),
    clickhouse.rows<object>(
      'SELECT hex(downgrade_id) AS id, kind, sender, observed_at, hex(event_id) AS event, excused FROM downgrades ORDER BY kind, event',
    ),
    clickhouse.rows<{ sender: string; tier: string }>(LISTED),
  ])
  return { counts: counts[0], evidence, recount, pairs, listings }
}

const SUMS = `sum(s) AS sessions, sum(a) AS accepted, sum(r) AS rejected, sum(p) AS plaintext`
const KEYS = 'sender, day, direction, listener, outcome, fault, tls_version, cipher, downgrade, excused'
const EVIDENCE = `SELECT ${KEYS}, ${SUMS} FROM (
  SELECT ${KEYS}, sender_evidence_daily.sessions AS s, sender_evidence_daily.mails_accepted AS a,
    sender_evidence_daily.mails_rejected AS r, sender_evidence_daily.mails_plaintext AS p FROM sender_evidence_daily)
  GROUP BY ${KEYS} ORDER BY ${KEYS}`
/** The evidence counted again from the events and pairs themselves, each once. */
const RECOUNT = `SELECT ${KEYS}, ${SUMS} FROM (
  SELECT sender, toDate(observed_at) AS day, direction, ifNull(tls_events.listener, '') AS listener, outcome, fault,
    ifNull(tls_events.tls_version, '') AS tls_version, ifNull(tls_events.cipher, '') AS cipher, '' AS downgrade,
    toUInt8(proof = 'by_absence' AND log_loss) AS excused, toUInt64(1) AS s, toUInt64(ifNull(mails_accepted, 0)) AS a,
    toUInt64(ifNull(mails_rejected, 0)) AS r, toUInt64(ifNull(mails_plaintext, 0)) AS p
  FROM (SELECT * FROM tls_events LIMIT 1 BY event_id) AS tls_events
  WHERE ifNull(mails_attempted, 0) > 0 AND NOT ifNull(authenticated, false)
  UNION ALL
  SELECT sender, toDate(observed_at), direction, ifNull(downgrades.listener, ''), 'plaintext', 'peer', '', '', kind, toUInt8(downgrades.excused), 1, 0, 0, 0
  FROM (SELECT * FROM downgrades LIMIT 1 BY downgrade_id) AS downgrades)
  GROUP BY ${KEYS} ORDER BY ${KEYS}`
const LISTED = `SELECT sender, argMax(tier, version) AS tier FROM listings_log GROUP BY sender HAVING NOT argMax(tombstone, version) ORDER BY sender`

/** Empties what a scorer writes, for the next case in the same database. */
export async function emptyTables(clickhouse: Store): Promise<void> {
  const written = ['tls_events', 'sender_evidence_daily', 'mta_negotiations_hourly', 'downgrades', 'reputation']
  const kept = ['listings_log', 'pending_ranges', 'input_checkpoints', 'dead_letters', 'overrides']
  await Promise.all([...written, ...kept].map((table) => clickhouse.command(`TRUNCATE TABLE ${table}`)))
}

export class Crash extends Error {}

/**
 * A store that dies before one of its writes and does nothing from then on: a process that was killed. What is killed before a read, or
 * after a write, leaves the same tables behind as one that is killed before the next write.
 */
export class DyingStore implements Store {
  writes = 0
  readonly #store: Store
  readonly #at: number
  #dead = false

  constructor(store: Store, at: number) {
    this.#store = store
    this.#at = at
  }

  get died(): boolean {
    return this.#dead
  }

  async rows<T>(query: string, params?: Record<string, unknown>): Promise<T[]> {
    if (this.#dead) throw new Crash()
    return this.#store.rows<T>(query, params)
  }

  insertAvro(table: string, container: Uint8Array, token: string): Promise<void> {
    return this.#write(() => this.#store.insertAvro(table, container, token))
  }

  command(sql: string): Promise<void> {
    return this.#write(() => this.#store.command(sql))
  }

  async #write(work: () => Promise<void>): Promise<void> {
    if (this.writes++ === this.#at) this.#dead = true
    if (this.#dead) throw new Crash()
    await work()
  }
}
