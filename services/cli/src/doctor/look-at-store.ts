import { schemaVersion } from '@tlsrep/platform/clickhouse/migrate'
import type { Access } from '../access/access.ts'
import { type Finding, fault, ok, warning } from './findings.ts'

/** ClickHouse: there, of this release's tables, and the sums of its views equal to what the events say. */
export async function lookAtStore({ clickhouse }: Access): Promise<Finding[]> {
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
    return [fault('clickhouse', `its tables are of version ${current}, not ${wanted}`, 'tlsrep migrate')]
  return [ok('clickhouse', `${clickhouse.where}, tables of version ${current}`), ...(await lookAtCounts(clickhouse))]
}

interface Counts {
  events: number
  ids: number
  counted: number
}

const COUNTS = `SELECT count() AS events, uniqExact(event_id) AS ids,
    (SELECT sum(sessions) FROM mta_negotiations_hourly) AS counted FROM tls_events`
const PENDING = `SELECT count() AS ranges FROM pending_ranges FINAL WHERE state = 'pending'`

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
