import { createHash } from 'node:crypto'
import { defaultPolicy } from '@tlsrep/core/policy/parse-policy'
import { startClickHouseChild } from '@tlsrep/platform/clickhouse/child'
import { openClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { migrate } from '@tlsrep/platform/clickhouse/migrate'
import { ClickHouseTopicStore } from '@tlsrep/platform/event-log/clickhouse-topics'
import type { DeliveredBatch } from '@tlsrep/platform/event-log/event-log'
import { InProcessEventLog } from '@tlsrep/platform/event-log/in-process'
import { createLogger } from '@tlsrep/platform/log/logger'
import { createEncoder, type TlsNegotiation } from '@tlsrep/schemas'
import { createScorer } from '@tlsrep/scorer/scorer'
import { event } from '../schemas/test/events.ts'
import { heldPort } from './instance.ts'
import { addressOf } from './session-lines.ts'

/*
 * Run by the bench: stores so many events of so many senders, then some more of the same, and prints `ScorerRates`. Events are made before
 * the clock runs.
 *   FOLDER SENDERS STORED
 */

export interface ScorerRates {
  stored: number
  /** Events a second while `stored` events come. */
  first: number
  /** Events a second of those that come then. */
  later: number
  /** Of the later batches. */
  batchMs: number[]
  /** Senders scored for a thousand of the later events. */
  scored: number
  listings: number
}

const BATCH = 20_000
const LATER_BATCHES = 15
const EVENTS_PER_SECOND = 500
const NO_TLS = { tls_version: null, cipher: null, cipher_code: null, cipher_raw: null } as const

const [folder = '', ...sizes] = process.argv.slice(2)
const [senders = 0, stored = 0] = sizes.map(Number)

const encoder = createEncoder('TlsNegotiation')
const batches = Math.ceil(stored / BATCH)
const start = Date.now() - ((batches + LATER_BATCHES) * BATCH * 1000) / EVENTS_PER_SECOND

/** One sender in twenty sends in clear, each time; senders take turns in an order without a pattern. */
function negotiation(ordinal: number): TlsNegotiation {
  const sender = (ordinal * 7_368_787) % senders
  const [a = 0, b = 0, c = 0, d = 0] = addressOf(sender).split('.').map(Number)
  const observed_at = start + (ordinal * 1000) / EVENTS_PER_SECOND
  const clear = { outcome: 'plaintext', fault: 'peer', mails_plaintext: 1, starttls_used: false, ...NO_TLS } as const
  return event({
    event_id: createHash('sha256').update(`${ordinal}`).digest().subarray(0, 16),
    observed_at,
    ended_at: observed_at + 900,
    session_key: `${1000 + (ordinal % 4000)}`,
    peer_ip: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, a, b, c, d),
    sender: `${addressOf(sender)}/32`,
    peer_name: `mail${sender}.sender.example`,
    queue_ids: [(0x4a0000000 + ordinal).toString(16).toUpperCase()],
    source_offset: ordinal * 500,
    source_end: ordinal * 500 + 400,
    ...(sender % 20 === 0 ? clear : {}),
  })
}

function batchOf(number: number): DeliveredBatch {
  const first = number * BATCH
  const records = Array.from({ length: BATCH }, (_, i) => ({
    key: null,
    value: encoder.encode(negotiation(first + i)),
  }))
  const ranges = [{ partition: 0, firstOffset: BigInt(first), lastOffset: BigInt(first + BATCH - 1) }]
  return { topic: 'tls.negotiations', log: 'bench', ranges, records }
}

const logger = createLogger({ level: 'warn', format: 'json' })
const { port, release } = await heldPort()
await release()
const child = await startClickHouseChild({ dataDir: folder, httpPort: port, tcpPort: null, logger })
const clickhouse = openClickHouse({
  url: child.url,
  username: child.username,
  password: child.password,
  database: 'tlsrep',
})
await migrate(clickhouse, { logger })
const { signal } = new AbortController()
const store = new ClickHouseTopicStore({ clickhouse, now: Date.now, signal, logger })
const log = new InProcessEventLog({ store, now: Date.now })
const scorer = createScorer({
  clickhouse,
  log,
  policy: defaultPolicy(),
  service: 'bench',
  now: Date.now,
  signal,
  logger,
})
await scorer.recover()

/** @returns milliseconds of each batch */
async function handle(from: number, to: number): Promise<number[]> {
  const times: number[] = []
  for (let number = from; number < to; number++) {
    const batch = batchOf(number)
    const begun = performance.now()
    await scorer.handle(batch)
    times.push(performance.now() - begun)
  }
  return times
}

const first = await handle(0, batches)
const { senders_scored } = scorer.counters
const later = await handle(batches, batches + LATER_BATCHES)
const rate = (times: readonly number[]): number =>
  (times.length * BATCH * 1000) / times.reduce((sum, ms) => sum + ms, 0)
const rates: ScorerRates = {
  stored: batches * BATCH,
  first: rate(first),
  later: rate(later),
  batchMs: later,
  scored: ((scorer.counters.senders_scored - senders_scored) * 1000) / (LATER_BATCHES * BATCH),
  listings: scorer.counters.listings,
}
console.log(JSON.stringify(rates))
await log.close()
await clickhouse.close()
await child.stop()
