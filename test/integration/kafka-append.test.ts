import { randomBytes } from 'node:crypto'
import type { AppendBatch } from '@tlsrep/platform/event-log/event-log'
import { fetchFrom, viewTopic } from '@tlsrep/platform/event-log/kafka/cluster-view'
import { KafkaUnavailable } from '@tlsrep/platform/event-log/kafka/failure'
import type { KafkaEventLog } from '@tlsrep/platform/event-log/kafka/kafka-event-log'
import { createKafkaClient } from '@tlsrep/platform/event-log/kafka/kafkajs'
import { migrateTopics } from '@tlsrep/platform/event-log/kafka/migrate-topics'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { API, CutProxy } from '../support/kafka/cut-proxy.ts'
import { type KafkaBroker, kafkaJarsAvailable, startKafka } from '../support/kafka/kafka.ts'
import { batchOf, Collected, numbered, openLog, quiet, record, texts } from '../support/kafka/records.ts'

const missing = await kafkaJarsAvailable()
if (missing !== null) console.warn(`skipped: ${missing}`)

describe.skipIf(missing !== null)('appends to Kafka', () => {
  let broker: KafkaBroker
  let proxy: CutProxy
  let topics = 0
  let prefix = ''

  beforeAll(async () => {
    broker = await startKafka({ proxied: true })
    proxy = await CutProxy.listen(broker.proxyPort, broker.behindProxyPort)
  }, 120_000)
  afterAll(async () => {
    await proxy?.close()
    await broker?.close()
  })

  /** A collector with topics of its own. */
  async function collector(options: Parameters<typeof openLog>[1] = {}): Promise<KafkaEventLog> {
    prefix = `t${++topics}.`
    await migrateTopics({
      kafka: { brokers: broker.brokers, clientId: 'test' },
      topicPrefix: prefix,
      partitions: 2,
      logger: quiet,
    })
    return another(options)
  }

  function another(options: Parameters<typeof openLog>[1] = {}): Promise<KafkaEventLog> {
    return openLog(broker.brokers, { transactionalId: 'mx1', topicPrefix: prefix, ...options })
  }

  const viaProxy = () => ({ kafka: { brokers: [`127.0.0.1:${broker.proxyPort}`], clientId: 'test' } })

  async function committed(log: KafkaEventLog, count: number): Promise<string[]> {
    const reader = new Collected(log, 'tls.negotiations', { group: `g${Math.random()}`, whole: false })
    await reader.until(`${count} records`, () => reader.values.length >= count)
    // A repetition would stand behind the last one.
    await log.append(batchOf('tls.negotiations', ['end.a', 'k0.end', 'k1.end', 'k2.end', 'k3.end']))
    await reader.until('the end', () => reader.values.filter((value) => value.endsWith('end')).length >= 4)
    await reader.stop()
    return reader.values.filter((value) => !/^(end\.a|k\d\.end)$/.test(value))
  }

  test('events and checkpoint become visible together, the newest checkpoint of each input', async () => {
    const log = await collector()
    await Promise.all([
      log.append(batchOf('tls.negotiations', numbered(0, 50), record('mx1/a', 'a50'))),
      log.append(batchOf('tls.negotiations', numbered(50, 50), record('mx1/a', 'a100'))),
      log.append(batchOf('tls.negotiations', numbered(100, 5), record('mx1/b', 'b5'))),
    ])
    expect(log.figures).toMatchObject({ appends: 3, appended_records: 105, transactions: 1 })
    expect(texts(await log.readCompacted('tls.checkpoints')).sort()).toEqual(['a100', 'b5'])
    expect((await committed(log, 105)).sort()).toEqual(numbered(0, 105).sort())
    await log.close()
  })

  test('a transaction that nobody ended is not seen, and holds nobody up once its collector is back', async () => {
    const log = await collector()
    await log.append(batchOf('tls.negotiations', ['k.before'], record('mx1/a', 'before')))
    await log.close()
    const { producer } = createKafkaClient(
      { brokers: broker.brokers, clientId: 'killed' },
      quiet,
    ).transactionalProducer('mx1')
    await producer.connect()
    const open = await producer.transaction()
    const messages = [{ key: 'mx1/a', value: 'never committed' }]
    await open.send({ topic: `${prefix}tls.checkpoints`, messages })
    await open.send({ topic: `${prefix}tls.negotiations`, messages })
    const again = await another()
    expect(texts(await again.readCompacted('tls.checkpoints'))).toEqual(['before'])
    expect(await committed(again, 1)).toEqual(['k.before'])
    await again.close()
    await producer.disconnect()
  })

  test('of two collectors with one name the older is fenced, says so, and stays so', async () => {
    const older = await collector()
    await older.append(batchOf('tls.negotiations', ['k.1']))
    const newer = await another()
    const fenced = expect.objectContaining({ code: 'TLSREP_COLLECTOR_FENCED', where: 'collector mx1' })
    await expect(older.append(batchOf('tls.negotiations', ['k.2'], record('mx1/a', 'older')))).rejects.toEqual(fenced)
    await newer.append(batchOf('tls.negotiations', ['k.3'], record('mx1/a', 'newer')))
    await expect(older.append(batchOf('tls.negotiations', ['k.4']))).rejects.toEqual(fenced)
    expect(texts(await newer.readCompacted('tls.checkpoints'))).toEqual(['newer'])
    expect(await committed(newer, 2)).toEqual(['k.1', 'k.3'])
    await Promise.all([older.close(), newer.close()])
  })

  test('an append whose commit was not answered is found committed, and is not written again', async () => {
    const log = await collector(viaProxy())
    await log.append(batchOf('tls.negotiations', numbered(0, 10), record('mx1/a', '10')))
    proxy.loseAnswerTo(API.endTxn)
    await log.append(batchOf('tls.negotiations', numbered(10, 10), record('mx1/a', '20')))
    expect(proxy.cuts).toBe(1)
    expect(log.figures).toMatchObject({ transactions_in_doubt: 1, transactions_found_committed: 1, transactions: 1 })
    expect((await committed(log, 20)).sort()).toEqual(numbered(0, 20).sort())
    await log.close()
  })

  test('the same where the append was rejected first and its caller makes it again', async () => {
    const log = await collector({ ...viaProxy(), tuning: { appendPatience: 0 } })
    const batch: AppendBatch = batchOf('tls.negotiations', numbered(0, 10), record('mx1/a', '10'))
    proxy.loseAnswerTo(API.endTxn)
    await expect(log.append(batch)).rejects.toBeInstanceOf(KafkaUnavailable)
    const other = await another({ transactionalId: 'mx2' })
    await expect
      .poll(
        () =>
          log.append(batch).then(
            () => true,
            () => false,
          ),
        { timeout: 30_000 },
      )
      .toBe(true)
    expect(log.figures).toMatchObject({ transactions_found_committed: 1 })
    expect((await committed(other, 10)).sort()).toEqual(numbered(0, 10).sort())
    await Promise.all([log.close(), other.close()])
  })

  test('a send that was not answered is written once', async () => {
    const log = await collector(viaProxy())
    proxy.loseAnswerTo(API.produce)
    await log.append(batchOf('tls.negotiations', numbered(0, 10), record('mx1/a', '10')))
    expect((await committed(log, 10)).sort()).toEqual(numbered(0, 10).sort())
    await log.close()
  })

  test('appends outside transactions outlast a lost answer, and refuse checkpoints', async () => {
    await (await collector()).close()
    const log = await another({ ...viaProxy(), transactionalId: null })
    proxy.loseAnswerTo(API.produce)
    await log.append(batchOf('tls.listings', ['a.1', 'b.1']))
    await log.append(batchOf('tls.listings', ['a.2']))
    expect(texts(await log.readCompacted('tls.listings')).sort()).toEqual(['a.2', 'b.1'])
    await expect(log.append(batchOf('tls.negotiations', [], record('c', 'c')))).rejects.toThrow('transactional id')
    await log.close()
    await expect(log.append(batchOf('tls.listings', ['a.3']))).rejects.toThrow('closed')
  })

  test('more than a broker takes in one batch goes out in several, in one transaction', async () => {
    // Random, so that compression does not make it fit.
    const log = await collector()
    const large = Array.from({ length: 40 }, (_, i) => `k.${i}.${randomBytes(30_000).toString('base64')}`)
    await log.append(batchOf('tls.negotiations', large, record('mx1/a', 'large')))
    expect(log.figures).toMatchObject({ transactions: 1 })
    const got = await committed(log, 40)
    expect(got.map((value) => value.slice(0, 20))).toEqual(large.map((value) => value.slice(0, 20)))
    expect(got.join() === large.join()).toBe(true)
    await log.close()
  })

  test('requests that find their connection lost open one new one together', async () => {
    await (await collector()).close()
    const connection = createKafkaClient(viaProxy().kafka, quiet).connection()
    await connection.connect()
    const view = await viewTopic(connection, `${prefix}tls.negotiations`)
    // Fetches have a connection of their own; while it stands, kafkajs takes the broker for connected.
    const bounds = { maxWait: 10, maxBytes: 1, maxPartitionBytes: 1 }
    await fetchFrom(connection, view, view.leaders.get(0) ?? 0, { positions: [{ partition: 0, offset: 0n }], bounds })
    await proxy.endIdle(API.metadata)
    const before = proxy.connections
    await Promise.all(Array.from({ length: 10 }, () => viewTopic(connection, view.topic)))
    expect(proxy.connections - before).toBe(1)
    await connection.disconnect()
  })

  test('close finishes what waits', async () => {
    const log = await collector()
    const appends = [1, 2, 3].map((i) => log.append(batchOf('tls.negotiations', [`k.${i}`])))
    await log.close()
    await Promise.all(appends)
    const other = await another()
    expect(await committed(other, 3)).toEqual(['k.1', 'k.2', 'k.3'])
    await other.close()
  })
})
