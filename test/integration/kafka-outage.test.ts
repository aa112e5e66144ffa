import type { AppendBatch } from '@tlsrep/platform/event-log/event-log'
import { KafkaUnavailable } from '@tlsrep/platform/event-log/kafka/failure'
import type { KafkaEventLog } from '@tlsrep/platform/event-log/kafka/kafka-event-log'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type KafkaBroker, kafkaAvailable, startKafka } from '../support/kafka/kafka.ts'
import { batchOf, Collected, counter, numbered, openLog, record, texts, until } from '../support/kafka/records.ts'
import { TopicSets } from '../support/kafka/suite.ts'

const missing = await kafkaAvailable()
if (missing !== null) console.warn(`skipped: ${missing}`)

const GROUP = { group: 'scorers', whole: false }

describe.skipIf(missing !== null)('a broker that', () => {
  let broker: KafkaBroker
  const topics = new TopicSets(() => broker)
  const warnings: string[] = []
  const warned = (warning: Error): void => void warnings.push(`${warning.name}: ${warning.message}`)

  beforeAll(async () => {
    process.on('warning', warned)
    broker = await startKafka()
  }, 120_000)
  afterEach(() => topics.closeAll(), 120_000)
  afterAll(async () => {
    process.off('warning', warned)
    await broker?.close()
  })

  /** As a collector does: the same batch again and again, and nothing else before it is stored. */
  async function appendAll(
    log: KafkaEventLog,
    batches: readonly AppendBatch[],
    each: () => Promise<unknown>,
  ): Promise<void> {
    for (const batch of batches) {
      for (;;) {
        try {
          await log.append(batch)
          break
        } catch (error) {
          if (!(error instanceof KafkaUnavailable)) throw error
        }
      }
      await each()
    }
  }

  const batchesOf = (count: number, size: number): AppendBatch[] =>
    Array.from({ length: count }, (_, i) =>
      batchOf('tls.negotiations', numbered(i * size, size), record('mx1/in', `${(i + 1) * size}`)),
    )

  test('is away at the start is waited for, then named in an error', async () => {
    await topics.fresh()
    await broker.stop()
    const waiting = openLog(broker.brokers, { topicPrefix: topics.prefix, tuning: { startPatience: 500 } })
    await expect(waiting).rejects.toMatchObject({ code: 'TLSREP_KAFKA_UNREACHABLE', where: broker.brokers[0] })
    const patient = topics.open({ transactionalId: 'mx1', tuning: { startPatience: 60_000 } })
    await broker.start()
    await (await patient).append(batchOf('tls.negotiations', ['k.1']))
  }, 120_000)

  test('is killed again and again in mid-stream: every record once, and the checkpoint fits', async () => {
    await topics.fresh(3)
    const log = await topics.open({ transactionalId: 'mx1', tuning: { appendPatience: 2000 } })
    const scorer = await topics.open()
    const reader = new Collected(scorer, 'tls.negotiations', GROUP)
    let appended = 0
    const writing = appendAll(log, batchesOf(400, 25), async () => {
      appended += 25
      await new Promise((resolve) => setTimeout(resolve, 10))
    })
    for (const at of [1000, 4000, 7000]) {
      await until(`${at} records`, () => appended >= at, 120_000, writing)
      await broker.kill()
      await broker.start()
    }
    await writing
    await reader.until('all', () => reader.values.length >= 10_000, 60_000)
    await log.append(batchOf('tls.negotiations', ['k0.end', 'k1.end', 'k2.end', 'k3.end', 'k4.end']))
    await reader.until('the end', () => reader.values.filter((value) => value.endsWith('.end')).length >= 5)
    await reader.stop()
    expect(reader.values.filter((value) => !value.endsWith('.end')).toSorted()).toEqual(numbered(0, 10_000).toSorted())
    expect(texts(await log.readCompacted('tls.checkpoints'))).toEqual(['10000'])
    expect(counter(log, 'transactions_failed')).toBeGreaterThan(0)
  }, 240_000)

  test('is restarted while nothing happens is not noticed by those who wait', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1' })
    const group = new Collected(log, 'tls.negotiations', GROUP)
    const whole = new Collected(log, 'tls.listings', { group: 'p', whole: true })
    const plain = await topics.open()
    await plain.append(batchOf('tls.listings', ['a.1']))
    await log.append(batchOf('tls.negotiations', ['k.1']))
    await whole.until('a listing', () => whole.values.length > 0)
    await group.until('an event', () => group.values.length > 0)
    await broker.stop()
    await broker.start()
    await plain.append(batchOf('tls.listings', ['a.2']))
    await log.append(batchOf('tls.negotiations', ['k.2']))
    await whole.until('the next listing', () => whole.values.includes('a.2'))
    await group.until('the next event', () => group.values.includes('k.2'))
    await Promise.all([group.stop(), whole.stop()])
    expect(group.values).toEqual(['k.1', 'k.2'])
    expect(whole.values).toEqual(['a.1', 'a.2'])
  }, 120_000)

  test('dies while a batch is in hand takes its position all the same, later', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1' })
    await log.append(batchOf('tls.negotiations', ['k.1']))
    const gate = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const reader = new Collected(log, 'tls.negotiations', GROUP, () => {
      begun.resolve()
      return gate.promise
    })
    await begun.promise
    await broker.kill()
    gate.resolve()
    await broker.start()
    await log.append(batchOf('tls.negotiations', ['k.2']))
    await reader.until('the next one', () => reader.values.includes('k.2'))
    await reader.stop()
    expect(reader.values).toEqual(['k.1', 'k.2'])
  }, 120_000)

  test('hangs makes an append wait, then reject, and it is written once in the end', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1', tuning: { appendPatience: 0, attemptTimeout: 2000 } })
    await log.append(batchOf('tls.negotiations', ['k.1']))
    const batch = batchOf('tls.negotiations', ['k.2'], record('mx1/in', '2'))
    broker.freeze()
    await expect(log.append(batch)).rejects.toBeInstanceOf(KafkaUnavailable)
    broker.thaw()
    await appendAll(log, [batch], async () => {})
    const reader = new Collected(log, 'tls.negotiations', GROUP)
    await reader.until('both', () => reader.values.length >= 2)
    await log.append(batchOf('tls.negotiations', ['k.3']))
    await reader.until('the third', () => reader.values.includes('k.3'))
    await reader.stop()
    expect(reader.values).toEqual(['k.1', 'k.2', 'k.3'])
  }, 120_000)

  test('is gone for good does not hold up the end', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1', tuning: { appendPatience: 500, attemptTimeout: 1000 } })
    const reader = new Collected(log, 'tls.negotiations', GROUP)
    await log.append(batchOf('tls.negotiations', ['k.1']))
    await reader.until('one', () => reader.values.length > 0)
    await broker.stop()
    const append = log.append(batchOf('tls.negotiations', ['k.2']))
    const rejected = expect(append).rejects.toBeInstanceOf(KafkaUnavailable)
    await log.close()
    await rejected
    await reader.done
    await broker.start()
  }, 120_000)

  test('hangs does not hold up the end, however long an append would wait for it', async () => {
    await topics.fresh(1)
    const hours = 3_600_000
    const tuning = { appendPatience: hours, attemptTimeout: hours, closePatience: 200 }
    const log = await topics.open({ transactionalId: 'mx1', tuning })
    await log.append(batchOf('tls.negotiations', ['k.1']))
    broker.freeze()
    const rejected = expect(log.append(batchOf('tls.negotiations', ['k.2']))).rejects.toBeInstanceOf(KafkaUnavailable)
    await log.close()
    await rejected
    broker.thaw()
  }, 120_000)

  test('was away so often has left no warning of a leak', () => {
    expect(warnings).toEqual([])
  })
})
