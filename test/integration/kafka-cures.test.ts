import { viewTopic } from '@tlsrep/platform/event-log/kafka/cluster-view'
import { createKafkaClient, type KafkaClient } from '@tlsrep/platform/event-log/kafka/kafkajs'
import { fetchRequest } from '@tlsrep/platform/event-log/kafka/requests'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type KafkaBroker, kafkaAvailable, startKafka } from '../support/kafka/kafka.ts'
import { batchOf, Collected, numbered, quiet, record, texts } from '../support/kafka/records.ts'
import { TopicSets } from '../support/kafka/suite.ts'

const missing = await kafkaAvailable()
if (missing !== null) console.warn(`skipped: ${missing}`)

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const CONTROL = 0x20
const OPEN = { key: Buffer.from('k'), value: Buffer.from('open') }

/** The attributes of each record batch in the answer to a fetch (protocol guide, "Record Batch"): the answer ends with them, then a tag count of each level. */
function batchesIn(answer: Buffer): number[] {
  const attributes: number[] = []
  for (let end = answer.length - 3, at = firstBatch(answer); at + 61 <= end; at += 12 + answer.readInt32BE(at + 8)) {
    attributes.push(answer.readInt16BE(at + 21))
  }
  return attributes
}

/** Offset 0, a length, an epoch of the leader, magic 2: nothing before it looks so. */
function firstBatch(answer: Buffer): number {
  for (let at = 0; at + 61 <= answer.length; at++) {
    const isFirst = answer.readBigInt64BE(at) === 0n && answer.readInt8(at + 16) === 2
    if (isFirst && answer.readInt32BE(at + 8) > 49 && at + 12 + answer.readInt32BE(at + 8) <= answer.length) return at
  }
  return answer.length
}

/** Each of these fails without the cure that it is about. */
describe.skipIf(missing !== null)('kafkajs', () => {
  let broker: KafkaBroker
  const topics = new TopicSets(() => broker)

  beforeAll(async () => {
    broker = await startKafka()
  }, 120_000)
  afterEach(() => topics.closeAll(), 60_000)
  afterAll(() => broker?.close())

  const client = (): KafkaClient => createKafkaClient({ brokers: broker.brokers, clientId: 'test' }, quiet)
  const events = (): string => `${topics.prefix}tls.negotiations`

  test('arms no timers on an idle connection, and never a negative one', async () => {
    const connection = client().connection()
    await connection.connect()
    const armed = vi.spyOn(globalThis, 'setTimeout')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const delays = armed.mock.calls.map(([, delay]) => delay ?? 0)
    armed.mockRestore()
    await connection.disconnect()
    expect(delays.filter((delay) => delay < 0)).toEqual([])
    expect(delays.length).toBeLessThan(20)
  })

  test('looks after all connections together', async () => {
    const armed = vi.spyOn(globalThis, 'setInterval')
    const connections = Array.from({ length: 5 }, () => client().connection())
    await Promise.all(connections.map((connection) => connection.connect()))
    const timers = armed.mock.calls.length
    armed.mockRestore()
    await Promise.all(connections.map((connection) => connection.disconnect()))
    expect(timers).toBeLessThanOrEqual(1)
  })

  test('writes and reads zstd, and reads gzip', async () => {
    await topics.fresh(1)
    const value = 'x'.repeat(5000)
    for (const compression of ['zstd', 'gzip', 'none'] as const) {
      const kafka = { brokers: broker.brokers, clientId: 'test', compression }
      const log = await topics.open({ kafka, transactionalId: compression })
      await log.append(batchOf('tls.negotiations', [`${compression}.${value}`]))
    }
    const reader = new Collected(await topics.open(), 'tls.negotiations', { group: 'g', whole: false })
    await reader.until('all three', () => reader.values.length === 3)
    await reader.stop()
    expect(reader.values).toEqual(['zstd', 'gzip', 'none'].map((name) => `${name}.${value}`))
  })

  test('stores zstd with the broker, unless told otherwise', async () => {
    await topics.fresh(1)
    const [transactional, plain] = [await topics.open({ transactionalId: 'mx1' }), await topics.open()]
    await transactional.append(batchOf('tls.negotiations', numbered(0, 100)))
    await plain.append(batchOf('tls.negotiations', numbered(100, 100)))
    expect(await codecsOf(events())).toEqual(['zstd', 'zstd'])
  })

  /** How the batches of records in partition 0 are compressed, as the broker sends them: those that end transactions left out. */
  async function codecsOf(topic: string): Promise<string[]> {
    const connection = client().connection()
    await connection.connect()
    const { id, leaders } = await viewTopic(connection, topic)
    const bounds = { maxWait: 100, maxBytes: 1e6, maxPartitionBytes: 1e6 }
    const positions = [{ partition: 0, offset: 0n }]
    const asked = fetchRequest({ topicId: id, positions, isolation: 'read_uncommitted', ...bounds })
    const answer = await connection.send(leaders.get(0) ?? 0, { ...asked, decode: (bytes) => bytes })
    await connection.disconnect()
    return batchesIn(answer)
      .filter((attributes) => (attributes & CONTROL) === 0)
      .map((attributes) => CODECS[attributes & 7] ?? 'another')
  }

  test('waits a few milliseconds for the transaction before, not a third of a second', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1' })
    const armed = vi.spyOn(globalThis, 'setTimeout')
    for (let i = 0; i < 20; i++) await log.append(batchOf('tls.negotiations', [`k.${i}`]))
    const waits = armed.mock.calls.map(([, delay]) => delay ?? 0).filter((delay) => delay > 0 && delay < 1000)
    armed.mockRestore()
    expect(Math.min(...waits)).toBeLessThanOrEqual(10)
  })

  test('a transaction that a killed collector left open holds readers up for seconds, not for a minute', async () => {
    await topics.fresh(1)
    const { producer } = client().transactionalProducer('killed')
    await producer.connect()
    const open = await producer.transaction()
    await open.send({ topic: events(), messages: [OPEN] })
    const log = await topics.open({ transactionalId: 'mx1' })
    await log.append(batchOf('tls.negotiations', ['k.behind']))
    const reader = new Collected(log, 'tls.negotiations', { group: 'g', whole: false })
    await reader.until('the record behind it', () => reader.values.length > 0, 30_000)
    await reader.stop()
    expect(reader.values).toEqual(['k.behind'])
    await producer.disconnect()
  })

  test('a transaction that nobody ends does not hold up a start for ever: its place and the way to end it are said', async () => {
    await topics.fresh(1)
    const { producer } = client().transactionalProducer('hanging', 600_000)
    await producer.connect()
    const open = await producer.transaction()
    await open.send({ topic: `${topics.prefix}tls.checkpoints`, messages: [OPEN] })
    const log = await topics.open({ transactionalId: 'mx1', tuning: { openPatience: 1000 } })
    await expect(log.readCompacted('tls.checkpoints')).rejects.toMatchObject({
      code: 'TLSREP_KAFKA_TRANSACTION_HANGS',
      where: `${topics.prefix}tls.checkpoints, partition 0, offset 0`,
      remedy: expect.stringContaining('tlsrep migrate'),
    })
    await open.abort()
    expect(await log.readCompacted('tls.checkpoints')).toEqual([])
    await producer.disconnect()
  })

  test('records of two aborted transactions are never shown, wherever a reading begins', async () => {
    await topics.fresh(1)
    const producers = ['a', 'b'].map((id) => client().transactionalProducer(id).producer)
    await Promise.all(producers.map((producer) => producer.connect()))
    const open = await Promise.all(producers.map((producer) => producer.transaction()))
    for (let i = 0; i < 3; i++) {
      for (const [who, transaction] of open.entries()) {
        await transaction.send({ topic: events(), messages: [{ key: 'k', value: `aborted ${who} ${i}` }] })
      }
    }
    await Promise.all(open.map((transaction) => transaction.abort()))
    const log = await topics.open({ transactionalId: 'mx1' })
    await log.append(batchOf('tls.negotiations', ['k.good']))
    const reader = new Collected(log, 'tls.negotiations', { group: 'g', whole: false })
    await reader.until('the good one', () => reader.values.length > 0)
    await reader.stop()
    expect(reader.values).toEqual(['k.good'])
    const [batch] = reader.batches
    const lastOffset = batch?.ranges[0]?.lastOffset ?? 0n
    for (let firstOffset = 0n; firstOffset <= lastOffset; firstOffset++) {
      const range = { partition: 0, firstOffset, lastOffset }
      expect(texts(await log.readRange('tls.negotiations', batch?.log ?? '', range))).toEqual(['k.good'])
    }
    await Promise.all(producers.map((producer) => producer.disconnect()))
  })

  test('a log that ends in ends of transactions only is read to its end', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1' })
    await log.append(batchOf('tls.negotiations', [], record('mx1/a', 'position')))
    const { producer } = client().transactionalProducer('aborter')
    await producer.connect()
    for (let i = 0; i < 3; i++) {
      const transaction = await producer.transaction()
      await transaction.send({
        topic: `${topics.prefix}tls.checkpoints`,
        messages: [{ key: 'mx1/a', value: 'aborted' }],
      })
      await transaction.abort()
    }
    expect(texts(await log.readCompacted('tls.checkpoints'))).toEqual(['position'])
    await producer.disconnect()
  })

  test('a producer that was given up sends nothing more', async () => {
    await topics.fresh(1)
    const one = client().idempotentProducer()
    await one.producer.connect()
    await broker.stop()
    const late = one.producer.send({
      topic: events(),
      messages: [{ key: Buffer.from('k'), value: Buffer.from('late') }],
    })
    const failed = expect(late).rejects.toThrow()
    await one.end()
    await broker.start()
    await failed
    const log = await topics.open({ transactionalId: 'mx1' })
    await log.append(batchOf('tls.negotiations', ['k.good']))
    const reader = new Collected(log, 'tls.negotiations', { group: 'g', whole: false })
    await reader.until('the good one', () => reader.values.includes('k.good'))
    await reader.stop()
    expect(reader.values).toEqual(['k.good'])
  })

  test('says nothing above debug, whatever it retries', async () => {
    await topics.fresh(1)
    const lines: string[] = []
    const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
    const log = await topics.open({ transactionalId: 'mx1', logger })
    for (let i = 0; i < 10; i++) await log.append(batchOf('tls.negotiations', numbered(i, 1)))
    expect(lines).toEqual([])
  })
})
