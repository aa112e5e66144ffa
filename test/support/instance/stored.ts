import type { Policy } from '@tlsrep/core/policy/policy'
import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { replayListings } from '@tlsrep/scorer/replay'

/** An event as JSON has it. */
export interface EventJson {
  event_id: string
  source_name: string
  truncated: boolean
  [field: string]: unknown
}

/**
 * All events, in the form in which `tlsrep parse` prints them, in the order of their ids. Only the two columns are turned into text that
 * JSON has no form for.
 */
export async function storedEvents(clickhouse: ClickHouse): Promise<EventJson[]> {
  return clickhouse.rows<EventJson>(`
    SELECT * REPLACE (
      lower(hex(event_id)) AS event_id,
      replaceRegexpOne(toString(peer_ip), '^::ffff:', '') AS peer_ip)
    FROM tls_events ORDER BY event_id`)
}

export interface StoredCounts {
  events: number
  ids: number
}

export async function storedCounts(clickhouse: ClickHouse): Promise<StoredCounts> {
  const [counts] = await clickhouse.rows<StoredCounts>(
    'SELECT count() AS events, uniqExact(event_id) AS ids FROM tls_events',
  )
  if (counts === undefined) throw new Error('no count')
  return counts
}

/** Ranges that were begun and are not done. */
export async function pendingTokens(clickhouse: ClickHouse): Promise<string[]> {
  const rows = await clickhouse.rows<{ token: string }>(
    "SELECT token FROM pending_ranges FINAL WHERE state = 'pending' ORDER BY token",
  )
  return rows.map(({ token }) => token)
}

export interface StoredLetter {
  reason: string
  source_offset: number
  length: number
  shape: string
}

/** Dead letters by their places; where a file was rotated meanwhile, its name is that of the time. */
export function storedLetters(clickhouse: ClickHouse): Promise<StoredLetter[]> {
  return clickhouse.rows<StoredLetter>(
    'SELECT reason, source_offset, length, shape FROM dead_letters ORDER BY source_offset, reason, shape',
  )
}

export interface PublishedJson {
  sender: string
  tier: string
  reasons: readonly string[]
}

/** The list as it was published. @param now milliseconds since 1970 UTC */
export function publishedListings(clickhouse: ClickHouse, now: number): Promise<PublishedJson[]> {
  return clickhouse.rows<PublishedJson>(
    `SELECT sender, tier, reasons FROM (SELECT * FROM listings_log ORDER BY sender, version DESC LIMIT 1 BY sender)
     WHERE NOT tombstone AND expires_at > {now:DateTime64(3, 'UTC')} ORDER BY sender`,
    { now: new Date(now) },
  )
}

/** The list as it would be if all evidence had come in at `now`. */
export async function replayedListings(clickhouse: ClickHouse, policy: Policy, now: number): Promise<PublishedJson[]> {
  const listings: PublishedJson[] = []
  for await (const { sender, reputation } of replayListings(clickhouse, policy, now)) {
    listings.push({ sender, tier: reputation.tier, reasons: reputation.reasons })
  }
  return listings.sort((a, b) => (a.sender < b.sender ? -1 : 1))
}

/** What a view has counted, and the same counted again from the events and pairs themselves, each once. */
export interface ViewSums {
  counted: unknown[]
  recounted: unknown[]
}

export async function evidenceSums(clickhouse: ClickHouse): Promise<ViewSums> {
  const [counted, recounted] = await Promise.all([clickhouse.rows(EVIDENCE), clickhouse.rows(EVIDENCE_AGAIN)])
  return { counted, recounted }
}

export async function hourlySums(clickhouse: ClickHouse): Promise<ViewSums> {
  const [counted, recounted] = await Promise.all([clickhouse.rows(HOURLY), clickhouse.rows(HOURLY_AGAIN)])
  return { counted, recounted }
}

const KEYS = 'sender, day, direction, listener, outcome, fault, tls_version, cipher, downgrade, excused'
const grouped = (source: string) => `
  SELECT ${KEYS}, sum(s) AS sessions, sum(a) AS accepted, sum(r) AS rejected, sum(p) AS plaintext
  FROM (${source}) GROUP BY ${KEYS} ORDER BY ${KEYS}`

const EVIDENCE = grouped(`
  SELECT ${KEYS}, sender_evidence_daily.sessions AS s, mails_accepted AS a, mails_rejected AS r, mails_plaintext AS p
  FROM sender_evidence_daily`)

const EVIDENCE_AGAIN = grouped(`
  SELECT sender, toDate(observed_at) AS day, direction, ifNull(e.listener, '') AS listener, outcome, fault,
    ifNull(e.tls_version, '') AS tls_version, ifNull(e.cipher, '') AS cipher, '' AS downgrade,
    toUInt8(proof = 'by_absence' AND log_loss) AS excused, toUInt64(1) AS s,
    toUInt64(ifNull(mails_accepted, 0)) AS a, toUInt64(ifNull(mails_rejected, 0)) AS r, toUInt64(ifNull(mails_plaintext, 0)) AS p
  FROM (SELECT * FROM tls_events LIMIT 1 BY event_id) AS e
  WHERE ifNull(mails_attempted, 0) > 0 AND NOT ifNull(authenticated, false)
    AND NOT match(toString(peer_ip), '^(::1|::ffff:127\\\\..*)$')
  UNION ALL
  SELECT sender, toDate(observed_at), direction, ifNull(d.listener, ''), 'plaintext', 'peer', '', '', kind, toUInt8(d.excused), 1, 0, 0, 0
  FROM (SELECT * FROM downgrades LIMIT 1 BY downgrade_id) AS d`)

const HOURLY_KEYS = 'hour, host, service, direction, outcome, fault, version, reason'
const HOURLY = `
  SELECT ${HOURLY_KEYS}, sum(s) AS sessions, sum(t) AS truncated, sum(m) AS mails
  FROM (SELECT hour, host, service, direction, outcome, fault, tls_version AS version, failure_reason AS reason,
    mta_negotiations_hourly.sessions AS s, truncated_sessions AS t, mails_accepted AS m FROM mta_negotiations_hourly)
  GROUP BY ${HOURLY_KEYS} ORDER BY ${HOURLY_KEYS}`
const HOURLY_AGAIN = `
  SELECT ${HOURLY_KEYS}, count() AS sessions, countIf(truncated) AS truncated, sum(ifNull(mails_accepted, 0)) AS mails
  FROM (SELECT *, toStartOfHour(toDateTime(observed_at, 'UTC')) AS hour, ifNull(tls_version, '') AS version,
    ifNull(failure_reason, '') AS reason FROM tls_events LIMIT 1 BY event_id)
  GROUP BY ${HOURLY_KEYS} ORDER BY ${HOURLY_KEYS}`
