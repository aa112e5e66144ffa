import { schemaVersion } from '@tlsrep/platform/clickhouse/migrate'
import type { Access } from '../access/access.ts'
import { momentText } from '../output/prose.ts'
import { type Finding, fault, ok, warning } from './findings.ts'

/**
 * ClickHouse: there, of this release's tables, the sums of its views equal to what the events say, and what could not be read.
 * @param now milliseconds since 1970 UTC
 */
export async function lookAtStore({ clickhouse }: Pick<Access, 'clickhouse'>, now: number): Promise<Finding[]> {
  if (!(await clickhouse.ping())) {
    return [
      fault(
        'clickhouse',
        `${clickhouse.where} does not answer`,
        'Look at its log; check clickhouse.url, user and password.',
      ),
    ]
  }
  const { current, wanted } = await schemaVersion(clickhouse)
  if (current !== wanted)
    return [fault('clickhouse', `its tables are of version ${current}, not ${wanted}`, 'Run `tlsrep migrate`.')]
  return [
    ok('clickhouse', `${clickhouse.where}, tables of version ${current}`),
    ...(await lookAtCounts(clickhouse)),
    ...(await lookAtDeadLetters(clickhouse, now)),
  ]
}

interface Counts {
  events: number
  ids: number
  counted: number
}

const COUNTS = `SELECT count() AS events, uniqExact(event_id) AS ids,
    (SELECT sum(sessions) FROM mta_negotiations_hourly) AS counted FROM tls_events`
const PENDING = `SELECT count() AS ranges FROM pending_ranges FINAL WHERE state = 'pending'`

const DEAD = `SELECT reason, count() AS letters, max(died_at) AS last FROM dead_letters
WHERE died_at >= {since:DateTime64(3, 'UTC')} GROUP BY reason ORDER BY letters DESC, reason`
const WEEK_MS = 7 * 86_400_000

async function lookAtDeadLetters(clickhouse: Access['clickhouse'], now: number): Promise<Finding[]> {
  const rows = await clickhouse.rows<{ reason: string; letters: number; last: string }>(DEAD, {
    since: new Date(now - WEEK_MS),
  })
  return rows.map(({ reason, letters, last }) =>
    warning(
      'dead letters',
      `${letters} ${letters === 1 ? 'line' : 'lines'} in seven days could not be used: ${reason}, last at ${momentText(last)}`,
      'Look at dead-lines.ndjson in the data directory; docs/ship-postfix-logs.md says what is read.',
    ),
  )
}

async function lookAtCounts(clickhouse: Access['clickhouse']): Promise<Finding[]> {
  const [counts] = await clickhouse.rows<Counts>(COUNTS)
  const [pending] = await clickhouse.rows<{ ranges: number }>(PENDING)
  const { events = 0, ids = 0, counted = 0 } = counts ?? {}
  const under = (pending?.ranges ?? 0) > 0 ? ' (a batch is under way)' : ''
  if (events !== ids) {
    return [
      fault(
        'counts',
        `${events} events have ${ids} ids: some were stored twice`,
        'Report this with the log of the instance.',
      ),
    ]
  }
  // Retention takes old events and leaves their counts.
  if (counted < events && under === '') {
    return [
      fault(
        'counts',
        `${events} events are stored and ${counted} counted`,
        'Report this with the log of the instance.',
      ),
    ]
  }
  const says = `${events} events, none twice, ${counted} counted${under}`
  return [under === '' ? ok('counts', says) : warning('counts', says, 'Ask again in a second.')]
}
