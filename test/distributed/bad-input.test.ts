import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaEventLog } from '@tlsrep/platform/event-log/kafka/kafka-event-log'
import { createEncoder, type TlsNegotiation } from '@tlsrep/schemas'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { event } from '../../schemas/test/events.ts'
import { byId, COLLECTOR, parseGrowing } from '../support/instance/parsed.ts'
import { storedCounts } from '../support/instance/stored.ts'
import { kafkaAvailable } from '../support/kafka/kafka.ts'
import { openLog } from '../support/kafka/records.ts'
import { until } from '../support/mail-host/until.ts'
import { freePorts } from '../support/ports.ts'
import { clearSession, logOf, tlsSession } from '../support/postfix-log.ts'
import { expectExactlyTheseEvents, expectTheReplayedList, feedOf } from '../support/services/aftermath.ts'
import { forward } from '../support/services/forward.ts'
import { Installation } from '../support/services/installation.ts'
import { allCollected, allStored } from '../support/services/progress.ts'
import type { ServiceProcess } from '../support/services/service-process.ts'

const PARTITIONS = 4
const SOON = { timeout: 30_000 }

const unavailable = await kafkaAvailable()
const title = 'the services, when something is wrong'

describe.skipIf(unavailable !== null)(unavailable === null ? title : `${title} (${unavailable})`, () => {
  const directory = mkdtempSync(join(tmpdir(), 'tlsrep-logs-'))
  const path = join(directory, 'mail.log')
  let installation: Installation
  let collector: ServiceProcess
  let scorer: ServiceProcess
  let publisher: ServiceProcess
  let log: KafkaEventLog
  let clickhousePort = 0
  let stopForwarding: () => Promise<void>
  let sessions = 0
  /** Not long ago: what is old weighs little. */
  const stamp = new Date(Date.now() - 60_000).toISOString()
  const stamped = (line: string): string => `${stamp} mx1 postfix/${line}`

  beforeAll(async () => {
    // Without it no mail in clear would be anybody's fault, and nobody be listed.
    writeFileSync(path, logOf(tlsSession(1999, 'peer.example[192.0.2.7]').map(stamped)))
    const [port = 0] = await freePorts(1)
    clickhousePort = port
    const clickhouseUrl = (): string => `http://127.0.0.1:${port}`
    installation = await Installation.start({
      logs: [path],
      partitions: PARTITIONS,
      clickhouseUrl,
      migrateDirectly: true,
    })
    await forwardAgain()
    const started = await installation.run(['score', 'scorer-1'], ['publish', 'publisher-1'], ['collect', COLLECTOR])
    const [first, second, third] = started
    if (!first || !second || !third) throw new Error('not all started')
    scorer = first
    publisher = second
    collector = third
    log = await openLog(installation.broker.brokers)
  }, 120_000)

  afterAll(async () => {
    await log?.close()
    await stopForwarding?.()
    await installation?.dispose()
    rmSync(directory, { recursive: true, force: true })
  }, 60_000)

  /** The way from the services to ClickHouse, which a test can close. */
  async function forwardAgain(): Promise<void> {
    stopForwarding = await forward(clickhousePort, Number(new URL(installation.server.url).port))
  }

  /** Sessions in clear of many senders; of each so many that it is listed. */
  async function appendSessions(senders: number): Promise<void> {
    const lines = Array.from({ length: senders }, () => {
      const sender = sessions++
      const peer = `peer${sender}.example[198.18.${sender % 250}.${Math.floor(sender / 250)}]`
      return Array.from({ length: 12 }, (_, i) => clearSession(2000 + sender, peer, `4F1E9B${1000 + sender}${10 + i}`))
    })
    await appendFile(path, logOf(lines.flat(2).map(stamped)))
  }

  /** Waits for all that the log comes to, and checks it. What was put into the topic beside it is left out. */
  async function expectTheLogOnce(): Promise<void> {
    await allCollected(installation, [path])
    const { ended } = await parseGrowing([path], Date.now())
    await allStored(installation.clickhouse, ended.length)
    await expectExactlyTheseEvents(installation.clickhouse, byId(ended))
  }

  async function expectTheList(): Promise<void> {
    expect((await expectTheReplayedList(installation.clickhouse, [publisher])).length).toBeGreaterThan(0)
  }

  test('ClickHouse away: the scorer waits and says so, and afterwards everything is stored once', async () => {
    await appendSessions(5)
    await expectTheLogOnce()
    await stopForwarding()
    await appendSessions(20)
    await allCollected(installation, [path])
    const check = await until(
      'health says it',
      async () => (await scorer.health())?.checks.find(({ name, ok }) => name === 'clickhouse' && !ok),
      SOON,
    )
    expect(check.ok).toBe(false)
    const behind = async (): Promise<number> => {
      const lags = [...(await scorer.metrics())].filter(([name]) => name.includes('topic="tls.negotiations"'))
      return lags.reduce((sum, [, lag]) => sum + lag, 0)
    }
    await until('the lag shows it', async () => (await behind()) > 0, SOON)
    await forwardAgain()
    await expectTheLogOnce()
    await scorer.ready()
    await expectTheList()
  })

  test('a scorer that is frozen in the middle of its work is taken over, and stores nothing twice when it goes on', async () => {
    await stopForwarding()
    await appendSessions(30)
    await allCollected(installation, [path])
    await scorer.said('it waits', ({ msg }) => msg?.includes('trying again') === true)
    scorer.signal('SIGSTOP')
    await forwardAgain()
    // Its session has to end first.
    const [other] = await installation.run(['score', 'scorer-2'])
    if (other === undefined) throw new Error('it did not start')
    await expectTheLogOnce()
    scorer.signal('SIGCONT')
    await appendSessions(10)
    await expectTheLogOnce()
    await scorer.ready()
    expect(await other.stop()).toBe(0)
    await appendSessions(3)
    await expectTheLogOnce()
    await expectTheList()
  })

  test('ClickHouse away at the start of a scorer is waited for, and one that waits can be told to stop', async () => {
    await stopForwarding()
    const [late, tooLate] = [
      await installation.service('score', 'scorer-late'),
      await installation.service('score', 'scorer-too-late'),
    ]
    for (const each of [late, tooLate]) {
      each.spawn()
      await each.said('it waits', ({ msg }) => msg === 'ClickHouse is not available, trying again')
    }
    expect(await tooLate.stop()).toBe(0)
    await forwardAgain()
    await late.ready()
    expect(await late.stop()).toBe(0)
    await appendSessions(3)
    await expectTheLogOnce()
  })

  test('the broker away at the start of a service is waited for', async () => {
    await installation.broker.kill()
    const late = await installation.service('publish', 'publisher-2')
    late.spawn()
    await late.said('it waits', ({ msg }) => msg === 'Kafka does not answer yet')
    await installation.broker.start()
    await late.ready()
    expect((await feedOf(late)).content_hash).toBe((await feedOf(publisher)).content_hash)
    expect(await late.stop()).toBe(0)
  })

  test('the broker killed in mid-stream and started again loses and doubles nothing', async () => {
    await appendSessions(10)
    await installation.broker.kill()
    await appendSessions(10)
    await sleep(1000)
    await installation.broker.start()
    await expectTheLogOnce()
    await expectTheList()
  })

  test('the broker away for longer than one append waits: a scorer with listings to publish waits on, and publishes them', async () => {
    const { pid } = scorer
    // Nothing else may be in hand.
    await expectTheLogOnce()
    await stopForwarding()
    await appendSessions(5)
    await allCollected(installation, [path])
    const earlier = scorer.entries.length
    const saysSince = (from: string, text: string): boolean =>
      scorer.entries.slice(earlier).some(({ component, msg }) => component === from && msg === text)
    const hasEvents = (): boolean => saysSince('scorer', 'ClickHouse is not available, trying again')
    await until('it has events in hand', hasEvents, SOON)
    await installation.broker.kill()
    await forwardAgain()
    const isPatient = (): boolean => saysSince('event_log', 'Kafka is not available, trying again')
    await until('one append has waited in vain', () => scorer.pid === null || isPatient(), { timeout: 50_000 })
    await installation.broker.start()
    await expectTheLogOnce()
    await expectTheList()
    expect(scorer.pid).toBe(pid)
  }, 120_000)

  test('topics that are missing are named, with the command that makes them', async () => {
    const kafka = { brokers: installation.broker.brokers, topic_prefix: 'absent.' }
    for (const command of ['collect', 'score', 'publish'] as const) {
      const service = await installation.service(command, `absent-${command}`, { kafka })
      service.spawn()
      expect(await service.exited()).not.toBe(0)
      expect(service.stderr).toContain('TLSREP_KAFKA_TOPIC_MISSING')
      expect(service.stderr).toContain('tlsrep migrate')
    }
  })

  test('of two collectors with one name the older ends and says why, and no session is counted twice', async () => {
    const newer = await installation.service('collect', 'newer', {
      collector: { name: COLLECTOR, inputs: [{ log: path, timezone: 'UTC' }] },
    })
    await newer.start()
    await appendSessions(5)
    expect(await collector.exited()).toBe(1)
    expect(collector.stderr).toContain('TLSREP_COLLECTOR_FENCED')
    await appendSessions(5)
    await expectTheLogOnce()
    expect(await newer.stop()).toBe(0)
    await collector.start()
  })

  const encoder = createEncoder('TlsNegotiation')
  const good = (changes: Partial<TlsNegotiation> = {}): Buffer => Buffer.from(encoder.encode(event(changes)))

  test.each([
    { what: 'that is no Avro', reason: 'undecodable_record', bytes: Buffer.from('no Avro at all') },
    { what: 'of a schema that nobody knows', reason: 'unknown_schema', bytes: withFingerprint(good(), 0x1234n) },
    { what: 'of a newer schema', reason: 'unknown_schema', bytes: ofNewerSchema(good()) },
    { what: 'under an id of a registry that is not configured', reason: 'unknown_schema', bytes: underId(good(), 7) },
    { what: 'that is cut off', reason: 'undecodable_record', bytes: good().subarray(0, -9) },
    { what: 'with bytes behind its end', reason: 'trailing_bytes', bytes: Buffer.concat([good(), Buffer.from([0])]) },
    { what: 'with an enum symbol that nobody knows', reason: 'undecodable_record', bytes: withUnknownOutcome() },
  ])('a record $what becomes a dead letter, and what stands beside it is stored', async ({ reason, bytes }) => {
    const letters = async (): Promise<{ reason: string; length: number }[]> =>
      installation.clickhouse.rows('SELECT reason, length FROM dead_letters')
    const before = (await letters()).length
    const { events } = await storedCounts(installation.clickhouse)
    const id = Buffer.alloc(16, `${before + 1}`)
    const records = [bytes, good({ event_id: id })].map((value) => ({ key: Buffer.from('192.0.2.0/24'), value }))
    await log.append({ topic: 'tls.negotiations', records, checkpoint: null })
    await until('there is a letter more', async () => (await letters()).length > before, SOON)
    expect(await letters()).toContainEqual({ reason, length: bytes.length })
    await until(
      'its neighbour is stored',
      async () => (await storedCounts(installation.clickhouse)).events > events,
      SOON,
    )
    expect((await storedCounts(installation.clickhouse)).events).toBe(events + 1)
    expect(await letters()).toHaveLength(before + 1)
  })

  test('a listing that nobody can read takes down neither scorers nor publishers', async () => {
    const records = [{ key: Buffer.from('192.0.2.1/32'), value: Buffer.from('no listing') }]
    await log.append({ topic: 'tls.listings', records, checkpoint: null })
    await scorer.said('it left them', ({ msg }) => msg === 'records that cannot be read are left')
    const restarted = [scorer, publisher]
    for (const service of restarted) {
      expect(await service.stop()).toBe(0)
      await service.start()
    }
  })
})

/** Behind `C3 01` stands the fingerprint of the writer's schema. */
function withFingerprint(record: Buffer, fingerprint: bigint): Buffer {
  const changed = Buffer.from(record)
  changed.writeBigUInt64LE(fingerprint, 2)
  return changed
}

/** With a field more, as a later release may write it. */
function ofNewerSchema(record: Buffer): Buffer {
  return Buffer.concat([withFingerprint(record, 0xfeedn), Buffer.from([2, 65])])
}

function underId(record: Buffer, schemaId: number): Buffer {
  const header = Buffer.alloc(5)
  header.writeInt32BE(schemaId, 1)
  return Buffer.concat([header, record.subarray(10)])
}

/** The symbol is one byte, and the only one in which records of two outcomes differ. */
function withUnknownOutcome(): Buffer {
  const encoder = createEncoder('TlsNegotiation')
  const one = Buffer.from(encoder.encode(event({ outcome: 'plaintext' })))
  const other = encoder.encode(event({ outcome: 'unknown' }))
  const at = one.findIndex((byte, index) => byte !== other[index])
  one[at] = 0x7e
  return one
}
