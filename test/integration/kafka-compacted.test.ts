import { createKafkaClient } from '@tlsrep/platform/event-log/kafka/kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type KafkaBroker, kafkaAvailable, startKafka } from '../support/kafka/kafka.ts'
import { withAdmin } from '../support/kafka/ready.ts'
import { batchOf, Collected, quiet, record, texts, until } from '../support/kafka/records.ts'
import { TopicSets } from '../support/kafka/suite.ts'

const missing = await kafkaAvailable()
if (missing !== null) console.warn(`skipped: ${missing}`)

const WHOLE = { group: 'publisher-1', whole: true }

describe.skipIf(missing !== null)('a compacted topic', () => {
  let broker: KafkaBroker
  const topics = new TopicSets(() => broker)

  beforeAll(async () => {
    broker = await startKafka()
  }, 120_000)
  afterEach(() => topics.closeAll(), 60_000)
  afterAll(() => broker?.close())

  test('is read as the newest value of each key, without tombstones, however small the fetches are', async () => {
    await topics.fresh(3)
    const tuning = { maxFetchBytes: 500, maxPartitionBytes: 500 }
    const log = await topics.open({ tuning })
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`)
    for (let round = 0; round < 6; round++)
      await log.append(
        batchOf(
          'tls.listings',
          keys.map((key) => `${key}.${round}`),
        ),
      )
    const gone = keys.slice(0, 10).map((key) => record(key, null))
    await log.append({ topic: 'tls.listings', records: gone, checkpoint: null })
    const content = texts(await log.readCompacted('tls.listings'))
    expect(content.toSorted()).toEqual(
      keys
        .slice(10)
        .map((key) => `${key}.5`)
        .toSorted(),
    )
  })

  test('that is empty is read at once', async () => {
    await topics.fresh(4)
    const log = await topics.open()
    expect(await log.readCompacted('tls.overrides')).toEqual([])
    let loaded = false
    const reader = new Collected(log, 'tls.overrides', { ...WHOLE, loaded: () => (loaded = true) } as never)
    await reader.until('loaded', () => loaded)
    await log.append(batchOf('tls.overrides', ['a.1']))
    await reader.until('what follows', () => reader.values.length > 0)
    await reader.stop()
  })

  test('comes whole, then what follows, in order and with no gap, while others write to it', async () => {
    await topics.fresh(3)
    const log = await topics.open()
    const keys = Array.from({ length: 30 }, (_, i) => `k${i}`)
    const write = (round: number) =>
      log.append(
        batchOf(
          'tls.listings',
          keys.map((key) => `${key}.${round}`),
        ),
      )
    for (let round = 0; round < 5; round++) await write(round)
    await log.append({ topic: 'tls.listings', records: [record('k0', null)], checkpoint: null })
    let atLoaded = -1
    const reader: Collected = new Collected(log, 'tls.listings', {
      ...WHOLE,
      loaded: () => {
        atLoaded = reader.values.length
      },
    } as never)
    for (let round = 5; round < 15; round++) await write(round)
    await reader.until('all', () => keys.every((key) => reader.values.includes(`${key}.14`)))
    await reader.stop()
    expect(atLoaded).toBeGreaterThanOrEqual(30)
    for (const key of keys) {
      const own = reader.values
        .filter((value) => value.startsWith(`${key}.`))
        .map((value) => Number(value.split('.')[1]))
      // Whatever of its history is still there, then every one that follows.
      const first = own[0] ?? 0
      expect(own).toEqual(Array.from({ length: 15 - first }, (_, i) => first + i))
      expect(first).toBeLessThanOrEqual(key === 'k0' ? 5 : 4)
    }
  })

  test('goes on where it was after an outage: nothing that was overwritten or withdrawn comes again', async () => {
    await topics.fresh(2)
    const log = await topics.open()
    await log.append(batchOf('tls.overrides', ['a.1', 'a.2', 'b.1']))
    await log.append({ topic: 'tls.overrides', records: [record('a', null)], checkpoint: null })
    const reader = new Collected(log, 'tls.overrides', WHOLE)
    await reader.until('all', () => reader.batches.flatMap(({ records }) => records).length >= 4)
    const before = reader.batches.length
    await broker.stop()
    await broker.start()
    await log.append(batchOf('tls.overrides', ['c.1']))
    await reader.until('what follows', () => reader.values.includes('c.1'))
    await reader.stop()
    expect(texts(reader.batches.slice(before).flatMap(({ records }) => records))).toEqual(['c.1'])
  }, 90_000)

  test('goes to every reader, whatever its group has read before', async () => {
    await topics.fresh(2)
    const log = await topics.open()
    await log.append(batchOf('tls.listings', ['a.1', 'b.1']))
    for (let i = 0; i < 2; i++) {
      const reader = new Collected(log, 'tls.listings', WHOLE)
      await reader.until('both', () => reader.values.length >= 2)
      await reader.stop()
      expect(reader.values.toSorted()).toEqual(['a.1', 'b.1'])
    }
  })

  test('is the same before and after Kafka has compacted it', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1' })
    const topic = `${topics.prefix}tls.checkpoints`
    const settings = { 'segment.ms': '100', 'min.cleanable.dirty.ratio': '0.01', 'delete.retention.ms': '0' }
    await withAdmin(broker.brokers, (admin) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: 2,
            name: topic,
            configEntries: Object.entries({ 'cleanup.policy': 'compact', ...settings }).map(([name, value]) => ({
              name,
              value,
            })),
          },
        ],
      }),
    )
    const checkpoint = (key: string, value: string) => log.append(batchOf('tls.negotiations', [], record(key, value)))
    for (let i = 0; i < 5; i++) {
      await checkpoint('a', `a${i}`)
      await checkpoint('b', `b${i}`)
      await new Promise((resolve) => setTimeout(resolve, 120))
    }
    const before = texts(await log.readCompacted('tls.checkpoints'))
    const first = async (): Promise<number> => {
      const reader = new Collected(log, 'tls.checkpoints', { group: `g${Math.random()}`, whole: false })
      await reader.until('the last', () => reader.values.includes('b4'))
      await reader.stop()
      return reader.values.length
    }
    let left = await first()
    for (let i = 0; i < 40 && left > 4; i++) {
      await checkpoint('c', `c${i}`)
      await new Promise((resolve) => setTimeout(resolve, 500))
      left = (await first()) - 1
    }
    expect(before.toSorted()).toEqual(['a4', 'b4'])
    expect(
      texts(await log.readCompacted('tls.checkpoints'))
        .filter((text) => !text.startsWith('c'))
        .toSorted(),
    ).toEqual(['a4', 'b4'])
  })

  test('a record behind another collector’s open transaction is waited for, not passed over', async () => {
    await topics.fresh(1)
    const { producer } = createKafkaClient({ brokers: broker.brokers, clientId: 't' }, quiet).transactionalProducer(
      'other',
    )
    await producer.connect()
    const open = await producer.transaction()
    await open.send({ topic: `${topics.prefix}tls.checkpoints`, messages: [{ key: 'other/a', value: 'open' }] })
    const log = await topics.open({ transactionalId: 'mx1' })
    await log.append(batchOf('tls.negotiations', [], record('mx1/a', 'mine')))
    let content: string[] | null = null
    const reading = log.readCompacted('tls.checkpoints').then((records) => {
      content = texts(records)
    })
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(content).toBeNull()
    await open.abort()
    await reading
    expect(content).toEqual(['mine'])
    await producer.disconnect()
  })

  test('that is deleted and made again ends the reading: what is held is of the old one', async () => {
    await topics.fresh(1)
    const log = await topics.open()
    await log.append(batchOf('tls.listings', ['a.1']))
    const reader = new Collected(log, 'tls.listings', WHOLE)
    await reader.until('one', () => reader.values.length > 0)
    await withAdmin(broker.brokers, (admin) => admin.deleteTopics({ topics: [`${topics.prefix}tls.listings`] }))
    await topics.migrate(1)
    await expect(reader.done).rejects.toMatchObject({ code: 'TLSREP_KAFKA_TOPIC_RECREATED' })
  })

  test('that is not compacted has no whole content', async () => {
    await topics.fresh(1)
    const log = await topics.open()
    await expect(new Collected(log, 'tls.deadletter', WHOLE).done).rejects.toThrow('not compacted')
    await until('nothing', () => true)
  })
})
