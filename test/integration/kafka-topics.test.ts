import { createKafkaClient, type KafkaSettings } from '@tlsrep/platform/event-log/kafka/kafkajs'
import { migrateTopics } from '@tlsrep/platform/event-log/kafka/migrate-topics'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KafkaBroker, kafkaJarsAvailable, startKafka } from '../support/kafka/kafka.ts'
import { createTopics, withAdmin } from '../support/kafka/ready.ts'
import { batchOf, Collected, openLog, quiet } from '../support/kafka/records.ts'
import { SECURE_USER } from '../support/kafka/secure.ts'

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
type Mechanism = (typeof MECHANISMS)[number]

const missing = await kafkaJarsAvailable()
if (missing !== null) console.warn(`skipped: ${missing}`)

describe.skipIf(missing !== null)('topics', () => {
  let broker: KafkaBroker

  beforeAll(async () => {
    broker = await startKafka({ secure: true })
  }, 120_000)
  afterAll(() => broker?.close())

  const migrate = (topicPrefix: string, options: Partial<Parameters<typeof migrateTopics>[0]> = {}) =>
    migrateTopics({ kafka: { brokers: broker.brokers, clientId: 'test' }, topicPrefix, logger: quiet, ...options })

  test('are made with 16 partitions for events, few for the rest, and their settings; made again, nothing changes', async () => {
    const first = await migrate('a.')
    expect(first.created).toEqual(
      ['negotiations', 'listings', 'overrides', 'checkpoints', 'deadletter'].map((name) => `a.tls.${name}`),
    )
    expect(await migrate('a.')).toEqual({ created: [], kept: first.created, differences: [] })
    await withAdmin(broker.brokers, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: first.created })
      const counts = new Map(topics.map(({ name, partitions }) => [name, partitions.length]))
      expect(first.created.map((name) => counts.get(name))).toEqual([16, 4, 4, 4, 4])
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: first.created.map((name) => ({ type: 2, name, configNames: ['cleanup.policy', 'retention.ms'] })),
      })
      const of = (topic: string, setting: string) =>
        resources
          .find(({ resourceName }) => resourceName === topic)
          ?.configEntries.find(({ configName }) => configName === setting)?.configValue
      expect(of('a.tls.listings', 'cleanup.policy')).toBe('compact')
      expect(of('a.tls.negotiations', 'cleanup.policy')).toBe('delete')
      expect(of('a.tls.negotiations', 'retention.ms')).toBe('604800000')
      expect(of('a.tls.deadletter', 'retention.ms')).toBe('7776000000')
    })
  })

  test('that were deleted a moment ago are made again', async () => {
    for (let i = 0; i < 10; i++) {
      const { created } = await migrate('i.', { partitions: 1 })
      expect(created).toHaveLength(5)
      await withAdmin(broker.brokers, (admin) => admin.deleteTopics({ topics: created }))
    }
  }, 60_000)

  test('that coordinators keep their state in are made too, so that the first services of a cluster find one', async () => {
    await migrate('h.', { partitions: 1 })
    await withAdmin(broker.brokers, async (admin) => {
      expect(await admin.listTopics()).toEqual(expect.arrayContaining(['__consumer_offsets', '__transaction_state']))
    })
  })

  test('that coordinators keep their state in and that Kafka cannot make are told, with the setting to see to', async () => {
    const settings = { 'transaction.state.log.replication.factor': '3' }
    const alone = await startKafka({ settings })
    const kafka = { brokers: alone.brokers, clientId: 'test' }
    try {
      await expect(migrate('', { kafka, partitions: 1, patience: 500 })).rejects.toMatchObject({
        code: 'TLSREP_KAFKA_NO_COORDINATOR',
        where: 'transaction.state.log.replication.factor',
      })
    } finally {
      await alone.close()
    }
  }, 60_000)

  test('with other partitions or another cleanup policy are named, with what they have and what was planned', async () => {
    await createTopics(broker.brokers, [
      { topic: 'b.tls.negotiations', partitions: 3 },
      { topic: 'b.tls.listings', partitions: 4, settings: { 'cleanup.policy': 'delete' } },
    ])
    await expect(migrate('b.', { partitions: 4 })).rejects.toMatchObject({
      code: 'TLSREP_KAFKA_TOPIC_DIFFERS',
      message: expect.stringMatching(
        /b\.tls\.negotiations: partitions is 3, planned is 4;.*b\.tls\.listings: cleanup\.policy is delete, planned is compact/,
      ),
    })
    await expect(migrate('b.', { partitions: 4 })).rejects.toThrow('b.tls.negotiations')
  })

  test('made by an earlier version, with as many partitions each as there are of events, keep theirs', async () => {
    await createTopics(broker.brokers, [
      { topic: 'g.tls.listings', partitions: 6, settings: { 'cleanup.policy': 'compact' } },
    ])
    const { differences } = await migrate('g.', { partitions: 6 })
    expect(differences.filter(({ setting }) => setting === 'partitions')).toEqual([
      { topic: 'g.tls.listings', setting: 'partitions', is: '6', planned: '4' },
    ])
    await withAdmin(broker.brokers, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: ['g.tls.listings', 'g.tls.overrides'] })
      const counts = Object.fromEntries(topics.map(({ name, partitions }) => [name, partitions.length]))
      expect(counts).toEqual({ 'g.tls.listings': 6, 'g.tls.overrides': 4 })
    })
  })

  test('with another retention are left as they are, and said', async () => {
    await migrate('c.', { partitions: 1 })
    expect((await migrate('c.', { partitions: 1, negotiationsRetentionDays: 30 })).differences).toEqual([
      { topic: 'c.tls.negotiations', setting: 'retention.ms', is: '604800000', planned: '2592000000' },
    ])
  })

  test('that cannot be copied as often as asked are refused in words', async () => {
    await expect(migrate('d.', { replicationFactor: 3 })).rejects.toMatchObject({ code: 'TLSREP_KAFKA_TOPIC_REFUSED' })
  })

  /** Through the listener that asks for a password. */
  const withPassword = (mechanism: Mechanism, password = SECURE_USER.password): KafkaSettings => ({
    brokers: broker.secureBrokers,
    clientId: 'test',
    ssl: { ca: [broker.certificate] },
    sasl: { mechanism, username: SECURE_USER.username, password },
  })

  /** Writes in a transaction, and reads as a group. */
  async function writeAndRead(kafka: KafkaSettings, topicPrefix: string): Promise<string[]> {
    await migrate(topicPrefix, { kafka, partitions: 1 })
    const log = await openLog([], { kafka, topicPrefix, transactionalId: 'mx1' })
    await log.append(batchOf('tls.negotiations', ['k.1']))
    const reader = new Collected(log, 'tls.negotiations', { group: 'g', whole: false })
    await reader.until('one', () => reader.values.length > 0)
    await reader.stop()
    await log.close()
    return reader.values
  }

  test.each(MECHANISMS)(
    'are made, written and read through TLS and SASL by %s; a wrong password is said to be one',
    async (mechanism) => {
      const topicPrefix = `e-${mechanism}.`
      expect(await writeAndRead(withPassword(mechanism), topicPrefix)).toEqual(['k.1'])
      const refused = openLog([], { kafka: withPassword(mechanism, 'secret-but-wrong'), topicPrefix })
      await expect(refused).rejects.toMatchObject({ code: 'TLSREP_KAFKA_DENIED' })
      await expect(refused).rejects.not.toThrow('secret-but-wrong')
    },
  )

  test('are made, written and read by a client that shows its certificate, and by no other', async () => {
    const { key, certificate: cert } = broker.client
    const mutual = { brokers: broker.mutualBrokers, clientId: 'test', ssl: { ca: [broker.certificate], key, cert } }
    expect(await writeAndRead(mutual, 'm.')).toEqual(['k.1'])
    const nameless = { ...mutual, ssl: { ca: [broker.certificate] } }
    const refused = openLog([], { kafka: nameless, topicPrefix: 'm.', tuning: { startPatience: 100 } })
    await expect(refused).rejects.toMatchObject({ code: 'TLSREP_KAFKA_UNREACHABLE' })
  })

  test('of brokers whose certificate nobody here trusts are not asked for', async () => {
    const kafka = { ...withPassword('plain'), ssl: true }
    await expect(openLog([], { kafka, tuning: { startPatience: 100 } })).rejects.toThrow('certificate')
  })

  test('of a cluster that is not there are not made', async () => {
    const kafka = { brokers: ['127.0.0.1:1'], clientId: 'test' }
    await expect(migrate('f.', { kafka })).rejects.toMatchObject({
      code: 'TLSREP_KAFKA_UNREACHABLE',
      where: '127.0.0.1:1',
    })
    expect(createKafkaClient(kafka, quiet).settings).toBe(kafka)
  }, 60_000)
})
