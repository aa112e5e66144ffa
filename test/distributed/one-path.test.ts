import { appendFileSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { placeSample } from '@tlsrep/collector/sample/sample-log'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CORPUS_SETS } from '../support/corpus.ts'
import { byId, COLLECTOR, parseGrowing } from '../support/instance/parsed.ts'
import type { EventJson } from '../support/instance/stored.ts'
import { kafkaAvailable } from '../support/kafka/kafka.ts'
import { until } from '../support/mail-host/until.ts'
import { clearSession, logOf } from '../support/postfix-log.ts'
import { expectExactlyTheseEvents, expectTheReplayedList, feedOf } from '../support/services/aftermath.ts'
import { Installation } from '../support/services/installation.ts'
import { allCollected, allStored } from '../support/services/progress.ts'
import type { ServiceProcess } from '../support/services/service-process.ts'

const SETS = CORPUS_SETS.filter((set) => set.startsWith('postfix-'))
const PARTITIONS = 16
const EVENTS_TOPIC = 'tls.negotiations'

const unavailable = await kafkaAvailable()
const title = 'the three services on Kafka, two scorers and two publishers of them'

describe.skipIf(unavailable !== null)(unavailable === null ? title : `${title} (${unavailable})`, () => {
  const directory = mkdtempSync(join(tmpdir(), 'tlsrep-logs-'))
  const logs = SETS.map((set) => join(directory, `${set}.log`))
  let installation: Installation
  let collector: ServiceProcess
  let scorers: [ServiceProcess, ServiceProcess]
  let publishers: [ServiceProcess, ServiceProcess]

  /** What each log comes to. */
  async function parsedEvents(): Promise<EventJson[]> {
    const parsed = await Promise.all(logs.map((path) => parseGrowing([path], Date.now())))
    return byId(parsed.flatMap(({ ended }) => ended))
  }

  async function throughAll(): Promise<EventJson[]> {
    await allCollected(installation, logs)
    const events = await parsedEvents()
    await allStored(installation.clickhouse, events.length)
    return events
  }

  beforeAll(async () => {
    for (const [index, set] of SETS.entries())
      copyFileSync(fileURLToPath(new URL(`../corpus/${set}/mail.log`, import.meta.url)), logs[index] ?? '')
    // In the sets nobody comes often enough to be listed; in the sample that comes with tlsrep somebody does.
    logs.push(placeSample(join(directory, 'sample'), { endsAt: Date.now() - 60_000, zone: 'UTC' }))
    installation = await Installation.start({ logs, partitions: PARTITIONS })
    const [first, second, one, other] = await installation.run(
      ['score', 'scorer-1'],
      ['score', 'scorer-2'],
      ['publish', 'publisher-1'],
      ['publish', 'publisher-2'],
    )
    if (!first || !second || !one || !other) throw new Error('not all started')
    scorers = [first, second]
    publishers = [one, other]
    await until('the scorers share the partitions', async () => (await bothPartitions()).every(isHalf), {
      timeout: 20_000,
    })
    collector = await installation.service('collect', COLLECTOR)
    await collector.start()
  }, 120_000)

  afterAll(async () => {
    await installation?.dispose()
    rmSync(directory, { recursive: true, force: true })
  }, 60_000)

  const bothPartitions = (): Promise<number[][]> => Promise.all(scorers.map(partitionsOf))
  const isHalf = (partitions: readonly number[]): boolean => partitions.length === PARTITIONS / 2

  test('what is stored is what tlsrep parse says of the same logs, each event once, and the list is that of a replay', async () => {
    const events = await throughAll()
    expect(events.length).toBeGreaterThan(SETS.length * 50)
    await expectExactlyTheseEvents(installation.clickhouse, events)
    expect((await expectTheReplayedList(installation.clickhouse, publishers)).length).toBeGreaterThan(0)
  })

  test('the tables that commands read hold the list too', async () => {
    const listed = async (): Promise<string[]> => {
      const rows = await installation.clickhouse.rows<{ sender: string }>(
        `SELECT sender FROM (SELECT * FROM listings_log ORDER BY sender, version DESC LIMIT 1 BY sender)
         WHERE NOT tombstone ORDER BY sender`,
      )
      return rows.map(({ sender }) => sender)
    }
    const senders = (await feedOf(publishers[0])).listings.map(({ sender }) => sender).sort()
    await until('the table is filled', async () => (await listed()).length >= senders.length, { timeout: 20_000 })
    expect(await listed()).toEqual(senders)
  })

  test('each partition is one scorer’s, and each sender is scored by one of them', async () => {
    const [own, others] = await bothPartitions()
    expect([...(own ?? []), ...(others ?? [])].sort((a, b) => a - b)).toEqual([...Array(PARTITIONS).keys()])
    const metrics = await Promise.all(scorers.map((scorer) => scorer.metrics()))
    const received = metrics.map((each) => each.get('tlsrep_received_events_total{component="scorer"}') ?? 0)
    expect(Math.min(...received)).toBeGreaterThan(0)
    const [counts] = await installation.clickhouse.rows<{ events: number }>('SELECT count() AS events FROM tls_events')
    expect(received.reduce((sum, count) => sum + count, 0)).toBe(counts?.events)
    // Of each listing one version a change: two scorers of one sender would have written it twice.
    const [listings] = await installation.clickhouse.rows<{ versions: number; numbers: number }>(
      'SELECT count() AS versions, uniqExact(sender, sequence) AS numbers FROM listings_log FINAL WHERE NOT tombstone',
    )
    expect(listings?.versions).toBe(listings?.numbers)
  })

  test('a scorer says how far behind it is, by partition, none of them left out', async () => {
    const own = await partitionsOf(scorers[0])
    const isDone = async (): Promise<boolean> => {
      const metrics = await scorers[0].metrics()
      return own.every((partition) => metrics.get(lagName(partition)) === 0)
    }
    await until('nothing waits', isDone, { timeout: 20_000 })
    const names = [...(await scorers[0].metrics()).keys()]
    expect(names.filter((name) => name.includes('partition="other"'))).toEqual([])
    expect(names.filter((name) => name.startsWith('tlsrep_kafka_consumer_lag')).length).toBeGreaterThan(own.length)
  })

  test('a scorer that is told to stop leaves at once, and the other one has all the work long before a session would end', async () => {
    const [leaving, staying] = scorers
    const code = leaving.stop()
    // A scorer that only falls silent keeps its partitions for fifteen seconds.
    await until('the other one has all partitions', async () => (await partitionsOf(staying)).length === PARTITIONS, {
      timeout: 8000,
    })
    expect(await code).toBe(0)
    const sample = logs.at(-1) ?? ''
    const senders = Array.from({ length: 40 }, (_, i) => `peer${i}.example[198.18.${i}.7]`)
    appendFileSync(sample, logOf(senders.flatMap((peer, i) => clearSession(7000 + i, peer, `4F1E9B0C${i + 10}`))))
    await expectExactlyTheseEvents(installation.clickhouse, await throughAll())
  })

  test('publishers without Kafka go on with their list, say so in health and feed, and are well again after it', async () => {
    const [publisher] = publishers
    const before = await fetch(`${publisher.url}/v1/listings`)
    expect(before.headers.has('x-tlsrep-stale-since')).toBe(false)
    const { content_hash } = await feedOf(publisher)
    const killedAt = Date.now()
    await installation.broker.kill()
    const check = await until(
      'health says that the list is stale',
      async () => (await publisher.health())?.checks.find(({ name, ok }) => name === 'event log' && !ok),
      { timeout: 20_000 },
    )
    expect(check.detail).toMatch(/^the list is stale since \d{4}-/)
    const answer = await fetch(`${publisher.url}/v1/listings`)
    expect(answer.status).toBe(200)
    const since = Date.parse(answer.headers.get('x-tlsrep-stale-since') ?? '')
    expect(Math.abs(since - killedAt)).toBeLessThan(5000)
    expect(await answer.json()).toMatchObject({ content_hash })
    await installation.broker.start()
    await publisher.ready()
    const after = await fetch(`${publisher.url}/v1/listings`)
    expect(after.headers.has('x-tlsrep-stale-since')).toBe(false)
  })

  test('each service ends with 0 when it is told to stop', async () => {
    const running = [collector, scorers[1], ...publishers]
    expect(await Promise.all(running.map((service) => service.stop()))).toEqual(running.map(() => 0))
  })
})

function lagName(partition: number): string {
  return `tlsrep_kafka_consumer_lag{component="event_log",topic="${EVENTS_TOPIC}",partition="${partition}"}`
}

/** The partitions of events that a scorer reads, as its metrics say. */
async function partitionsOf(scorer: ServiceProcess): Promise<number[]> {
  const names = [...(await scorer.metrics()).keys()]
  return names.flatMap((name) => {
    if (!name.startsWith('tlsrep_kafka_consumer_lag') || !name.includes(`topic="${EVENTS_TOPIC}"`)) return []
    return [Number(/partition="(\d+)"/.exec(name)?.[1])]
  })
}
