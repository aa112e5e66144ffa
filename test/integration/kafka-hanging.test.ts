import { endHangingTransactions } from '@tlsrep/platform/event-log/kafka/hanging-transactions'
import { createKafkaClient, type KafkaClient } from '@tlsrep/platform/event-log/kafka/kafkajs'
import type { GroupBroker } from '@tlsrep/platform/event-log/kafka/kafkajs-connection'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type KafkaBroker, kafkaJarsAvailable, startKafka } from '../support/kafka/kafka.ts'
import { batchOf, Collected, quiet } from '../support/kafka/records.ts'
import { TopicSets } from '../support/kafka/suite.ts'
import { until } from '../support/mail-host/until.ts'

const missing = await kafkaJarsAvailable()
if (missing !== null) console.warn(`skipped: ${missing}`)

/** What kafkajs has on a broker beyond its types. */
interface ProducingBroker {
  initProducerId(request: object): Promise<{ producerId: string; producerEpoch: number }>
  produce(request: object): Promise<unknown>
}

/** A broker that was killed as it wrote the ends of a transaction leaves one that its coordinator does not know; here one is made. */
describe.skipIf(missing !== null)('a transaction that nobody ends any more', () => {
  let broker: KafkaBroker
  const topics = new TopicSets(() => broker)

  beforeAll(async () => {
    // As before Kafka 3.6: a record is taken though its coordinator was not told of the partition.
    broker = await startKafka({ settings: { 'transaction.partition.verification.enable': 'false' } })
    // The first one to write makes the topic of the coordinators, and waits for it.
    await topics.fresh(1)
    await topics.open({ transactionalId: 'first' })
    await topics.closeAll()
  }, 120_000)
  afterEach(() => topics.closeAll(), 60_000)
  afterAll(() => broker?.close())

  const client = (): KafkaClient => createKafkaClient({ brokers: broker.brokers, clientId: 'test' }, quiet)
  const named = (name: string): string => `${topics.prefix}tls.${name}`

  async function hang(topic: string, ...values: string[]): Promise<void> {
    const id = `hanging-${topic}`
    // kafkajs waits until the id has a coordinator.
    const { producer } = client().transactionalProducer(id)
    await producer.connect()
    await (await producer.transaction()).abort()
    await producer.disconnect()
    const connection = client().connection()
    await connection.connect()
    const producing = (await connection.broker(null)) as GroupBroker & ProducingBroker
    const { producerId, producerEpoch } = await producing.initProducerId({
      transactionalId: id,
      transactionTimeout: 10_000,
    })
    const messages = values.map((value) => ({ key: 'k', value, headers: {}, timestamp: String(Date.now()) }))
    const partitions = [{ partition: 0, firstSequence: 0, messages }]
    const request = { transactionalId: id, producerId, producerEpoch, topicData: [{ topic, partitions }] }
    // A broker tells of a new topic a moment before it takes records for it.
    const notLeading = (error: { type?: string }) => {
      if (error.type !== 'NOT_LEADER_FOR_PARTITION') throw error
      return false
    }
    await until('the broker leads it', () => producing.produce(request).then(() => true, notLeading), {
      timeout: 30_000,
    })
    await connection.disconnect()
  }

  const end = (silentFor: number) =>
    endHangingTransactions({
      kafka: { brokers: broker.brokers, clientId: 'test' },
      topicPrefix: topics.prefix,
      silentFor,
      now: Date.now,
      logger: quiet,
    })

  test('holds up a group, which says so; once it is ended its events are kept, and what is behind them is read', async () => {
    await topics.fresh(1)
    await hang(named('negotiations'), 'k.hanging')
    const log = await topics.open({ transactionalId: 'mx1', tuning: { openPatience: 500 } })
    await log.append(batchOf('tls.negotiations', ['k.behind']))
    const reader = new Collected(log, 'tls.negotiations', { group: 'g', whole: false })
    const hanging = () => log.reading('tls.negotiations')?.hanging ?? null
    await reader.until('it says so', () => hanging() !== null, 30_000)
    expect(hanging()).toMatchObject({
      code: 'TLSREP_KAFKA_TRANSACTION_HANGS',
      where: `${named('negotiations')}, partition 0, offset 0`,
    })
    expect(reader.values).toEqual([])

    expect(await end(0)).toEqual([{ topic: named('negotiations'), partition: 0, offset: '0', kept: true }])
    await reader.until('the record behind it', () => reader.values.length > 1, 30_000)
    expect(reader.values).toEqual(['k.hanging', 'k.behind'])
    expect(hanging()).toBe(null)
    await reader.stop()
  })

  test('is dropped where it is a checkpoint, so that its collector reads on from the one before', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1', tuning: { openPatience: 500 } })
    await hang(named('checkpoints'), 'too far')
    await expect(log.readCompacted('tls.checkpoints')).rejects.toMatchObject({ code: 'TLSREP_KAFKA_TRANSACTION_HANGS' })
    expect(await end(0)).toEqual([{ topic: named('checkpoints'), partition: 0, offset: '0', kept: false }])
    expect(await log.readCompacted('tls.checkpoints')).toEqual([])
  })

  test('is told from one that is under way, and from one that has written a moment ago: those are left alone', async () => {
    await topics.fresh(1)
    const { producer } = client().transactionalProducer('living')
    await producer.connect()
    const open = await producer.transaction()
    await open.send({ topic: named('negotiations'), messages: [{ key: 'k', value: 'living' }] })
    expect(await end(0)).toEqual([])
    await hang(named('negotiations'), 'k.hanging')
    expect(await end(60_000)).toEqual([])
    await open.commit()
    await producer.disconnect()

    expect(await end(0)).toHaveLength(1)
    expect(await end(0)).toEqual([])
    const log = await topics.open()
    const reader = new Collected(log, 'tls.negotiations', { group: 'g', whole: false })
    await reader.until('both', () => reader.values.length > 1, 30_000)
    expect(reader.values.toSorted()).toEqual(['k.hanging', 'living'])
    await reader.stop()
  })
})
