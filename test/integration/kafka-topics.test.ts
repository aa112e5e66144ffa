import { createKafkaClient } from '@tlsrep/platform/event-log/kafka/kafkajs'
import { migrateTopics } from '@tlsrep/platform/event-log/kafka/migrate-topics'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KafkaBroker, kafkaJarsAvailable, startKafka } from '../support/kafka/kafka.ts'
import { createTopics, withAdmin } from '../support/kafka/ready.ts'
import { batchOf, Collected, openLog, quiet } from '../support/kafka/records.ts'
import { SECURE_USER } from '../support/kafka/secure.ts'

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

  test('are made with 16 partitions and their settings; made again, nothing changes', async () => {
    const first = await migrate('a.')
    expect(first.created).toEqual(
      ['negotiations', 'listings', 'overrides', 'checkpoints', 'deadletter'].map((name) => `a.tls.${name}`),
    )
    expect(await migrate('a.')).toEqual({ created: [], kept: first.created, differences: [] })
    await withAdmin(broker.brokers, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: first.created })
      expect(topics.map(({ partitions }) => partitions.length)).toEqual([16, 16, 16, 16, 16])
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

  test('with another retention are left as they are, and said', async () => {
    await migrate('c.', { partitions: 1 })
    expect((await migrate('c.', { partitions: 1, negotiationsRetentionDays: 30 })).differences).toEqual([
      { topic: 'c.tls.negotiations', setting: 'retention.ms', is: '604800000', planned: '2592000000' },
    ])
  })

  test('that cannot be copied as often as asked are refused in words', async () => {
    await expect(migrate('d.', { replicationFactor: 3 })).rejects.toMatchObject({ code: 'TLSREP_KAFKA_TOPIC_REFUSED' })
  })

  test('are written and read through TLS and SASL; a wrong password is said to be one', async () => {
    await migrate('e.', { partitions: 1 })
    const secure = {
      brokers: broker.secureBrokers,
      clientId: 'test',
      ssl: { ca: [broker.certificate] },
      sasl: { mechanism: 'plain' as const, ...SECURE_USER },
    }
    const log = await openLog([], { kafka: secure, topicPrefix: 'e.', transactionalId: 'mx1' })
    await log.append(batchOf('tls.negotiations', ['k.1']))
    const reader = new Collected(log, 'tls.negotiations', { group: 'g', whole: false })
    await reader.until('one', () => reader.values.length > 0)
    await reader.stop()
    await log.close()
    const wrong = { ...secure, sasl: { ...secure.sasl, password: 'secret-but-wrong' } }
    const refused = openLog([], { kafka: wrong, topicPrefix: 'e.' })
    await expect(refused).rejects.toMatchObject({ code: 'TLSREP_KAFKA_DENIED' })
    await expect(refused).rejects.not.toThrow('secret-but-wrong')
    const distrusted = openLog([], { kafka: { ...secure, ssl: true }, tuning: { startPatience: 100 } })
    await expect(distrusted).rejects.toThrow('certificate')
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
