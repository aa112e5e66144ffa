import type { DeliveredBatch } from '@tlsrep/platform/event-log/event-log'
import { createReader } from '@tlsrep/schemas'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type KafkaBroker, kafkaAvailable, startKafka } from '../support/kafka/kafka.ts'
import { withAdmin } from '../support/kafka/ready.ts'
import { batchOf, Collected, counter, numbered, record, texts, until } from '../support/kafka/records.ts'
import { TopicSets } from '../support/kafka/suite.ts'

const missing = await kafkaAvailable()
if (missing !== null) console.warn(`skipped: ${missing}`)

const GROUP = { group: 'scorers', whole: false }

describe.skipIf(missing !== null)('a reader of a group', () => {
  let broker: KafkaBroker
  const topics = new TopicSets(() => broker)

  beforeAll(async () => {
    broker = await startKafka()
  }, 120_000)
  afterEach(() => topics.closeAll(), 60_000)
  afterAll(() => broker?.close())

  const name = (): string => `${topics.prefix}tls.negotiations`

  test('gets every record once, in order within a key, and its ranges can be read again', async () => {
    await topics.fresh(3)
    const log = await topics.open({ transactionalId: 'mx1' })
    const reader = new Collected(log, 'tls.negotiations', GROUP)
    for (let i = 0; i < 10; i++)
      await log.append(batchOf('tls.negotiations', numbered(i * 100, 100), record('mx1', `${i}`)))
    await reader.until('all', () => reader.values.length >= 1000)
    await reader.stop()
    expect(reader.values.toSorted()).toEqual(numbered(0, 1000).toSorted())
    for (let key = 0; key < 23; key++) {
      const own = reader.values.filter((value) => value.startsWith(`k${key}.`))
      expect(own).toEqual(numbered(0, 1000).filter((value) => value.startsWith(`k${key}.`)))
    }
    const ranges = reader.batches.flatMap((batch) => batch.ranges.map((range) => ({ range, log: batch.log })))
    const again = await Promise.all(ranges.map(({ range, log: id }) => log.readRange('tls.negotiations', id, range)))
    expect(again.flatMap(texts)).toEqual(reader.values)
  })

  test('goes on behind what was handled, also where only ends of transactions follow', async () => {
    await topics.fresh()
    const log = await topics.open({ transactionalId: 'mx1' })
    await log.append(batchOf('tls.negotiations', numbered(0, 10)))
    const first = new Collected(log, 'tls.negotiations', GROUP)
    await first.until('all', () => first.values.length === 10)
    await until('no lag', () => [...(log.reading('tls.negotiations')?.lag.values() ?? [1])].every((lag) => lag === 0))
    await first.stop()
    await log.append(batchOf('tls.negotiations', ['k.next']))
    const second = new Collected(log, 'tls.negotiations', GROUP)
    await second.until('next', () => second.values.length > 0)
    await second.stop()
    expect(second.values).toEqual(['k.next'])
  })

  test('a batch whose handler rejects ends the subscription, and comes again', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1' })
    await log.append(batchOf('tls.negotiations', ['k.1', 'k.2']))
    const failing = new Collected(log, 'tls.negotiations', GROUP, () => Promise.reject(new Error('bug')))
    await expect(failing.done).rejects.toThrow('bug')
    const again = new Collected(log, 'tls.negotiations', GROUP)
    await again.until('both', () => again.values.length >= 2)
    expect(again.values).toEqual(['k.1', 'k.2'])
    await again.stop()
  })

  test('that comes while a batch is in hand waits for it: nothing is lost, nothing comes twice', async () => {
    await topics.fresh(4)
    const log = await topics.open({ transactionalId: 'mx1' })
    await log.append(batchOf('tls.negotiations', numbered(0, 200)))
    const gate = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const assignments: (readonly number[])[] = []
    const assigned = async (partitions: readonly number[]): Promise<void> => void assignments.push(partitions)
    const older = new Collected(log, 'tls.negotiations', { ...GROUP, assigned } as never, () => {
      begun.resolve()
      return gate.promise
    })
    await begun.promise
    const other = await topics.open()
    const newer = new Collected(other, 'tls.negotiations', GROUP)
    await log.append(batchOf('tls.negotiations', numbered(200, 200)))
    // The rebalance is under way, and the newer reader has nothing yet.
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(newer.values).toEqual([])
    gate.resolve()
    await until('all', () => older.values.length + newer.values.length >= 400)
    await log.append(batchOf('tls.negotiations', numbered(400, 100)))
    await until('the rest', () => older.values.length + newer.values.length >= 500)
    await Promise.all([older.stop(), newer.stop()])
    expect([...older.values, ...newer.values].toSorted()).toEqual(numbered(0, 500).toSorted())
    expect(newer.values.length).toBeGreaterThan(0)
    expect(assignments).toEqual([[0, 1, 2, 3], expect.any(Array)])
    expect(assignments[1]).toHaveLength(2)
    expect(log.figures).toMatchObject({ commits_refused: 0 })
  })

  test('that is too slow for the rebalance loses its batch to the next owner, and saves nothing', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1', tuning: { rebalanceTimeout: 1000 } })
    await log.append(batchOf('tls.negotiations', ['k.1', 'k.2']))
    const gate = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const slow = new Collected(log, 'tls.negotiations', GROUP, () => {
      begun.resolve()
      return gate.promise
    })
    await begun.promise
    const other = await topics.open({ tuning: { rebalanceTimeout: 1000 } })
    const next = new Collected(other, 'tls.negotiations', GROUP)
    await next.until('the batch', () => next.values.length >= 2)
    gate.resolve()
    await until('the refusal', () => counter(log, 'commits_refused') === 1)
    await log.append(batchOf('tls.negotiations', ['k.3']))
    await until('one more', () => [...slow.values, ...next.values].includes('k.3'))
    await Promise.all([slow.stop(), next.stop()])
    expect(next.values.slice(0, 2)).toEqual(['k.1', 'k.2'])
  })

  test('a handler may take longer than a session: heartbeats go on', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1', tuning: { sessionTimeout: 6000, heartbeatInterval: 500 } })
    await log.append(batchOf('tls.negotiations', ['k.1']))
    const reader = new Collected(
      log,
      'tls.negotiations',
      GROUP,
      () => new Promise((resolve) => setTimeout(resolve, 8000)),
    )
    await reader.until('the batch', () => reader.values.length > 0)
    await until('no lag', () => [...(log.reading('tls.negotiations')?.lag.values() ?? [1])].every((lag) => lag === 0))
    await reader.stop()
    expect(log.figures).toMatchObject({ commits_refused: 0, rebalances: 1 })
  })

  test('that stops while the group waits for another leaves at once: the next one need not wait for its session', async () => {
    await topics.fresh(1)
    const tuning = { sessionTimeout: 60_000 }
    const log = await topics.open({ transactionalId: 'mx1', tuning })
    await log.append(batchOf('tls.negotiations', ['k.1']))
    const gate = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const busy = new Collected(log, 'tls.negotiations', GROUP, () => {
      begun.resolve()
      return gate.promise
    })
    await begun.promise
    const joining = new Collected(await topics.open({ tuning }), 'tls.negotiations', GROUP)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await joining.stop()
    gate.resolve()
    await log.append(batchOf('tls.negotiations', ['k.2']))
    await busy.until('the next one', () => busy.values.includes('k.2'), 20_000)
    await busy.stop()
  })

  test('a slow handler stops the fetching: what is held stays within bounds', async () => {
    await topics.fresh(2)
    const log = await topics.open({ transactionalId: 'mx1', tuning: { maxBytes: 100_000, maxPartitionBytes: 20_000 } })
    const value = 'x'.repeat(1000)
    for (let i = 0; i < 20; i++)
      await log.append(
        batchOf(
          'tls.negotiations',
          numbered(i * 50, 50).map((text) => text + value),
        ),
      )
    let held = 0
    const gate = Promise.withResolvers<void>()
    const reader = new Collected(log, 'tls.negotiations', GROUP, async () => {
      await gate.promise
      held++
    })
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const fetches = counter(log, 'fetches')
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(counter(log, 'fetches')).toBe(fetches)
    gate.resolve()
    await reader.until('all', () => reader.values.length >= 1000)
    await reader.stop()
    expect(held).toBeGreaterThan(5)
    expect(Math.max(...reader.batches.map((batch) => batch.records.length))).toBeLessThanOrEqual(150)
  })

  test('whose position was deleted by retention goes on at the earliest record and counts what is lost; or stops, if told so', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1' })
    await log.append(batchOf('tls.negotiations', ['k.1']))
    const first = new Collected(log, 'tls.negotiations', GROUP)
    await first.until('one', () => first.values.length > 0)
    await first.stop()
    await log.append(batchOf('tls.negotiations', ['k.2', 'k.3', 'k.4', 'k.5']))
    const [range] = first.batches[0]?.ranges ?? []
    if (range === undefined) throw new Error('no range')
    await withAdmin(broker.brokers, async (admin) => {
      await admin.fetchTopicOffsets(name())
      await admin.deleteTopicRecords({ topic: name(), partitions: [{ partition: 0, offset: '4' }] })
    })
    const strict = await topics.open({ outOfRange: 'stop' })
    await expect(new Collected(strict, 'tls.negotiations', GROUP).done).rejects.toMatchObject({
      code: 'TLSREP_KAFKA_RANGE_GONE',
      message: expect.stringContaining('retention'),
    })
    const second = new Collected(log, 'tls.negotiations', GROUP)
    await second.until('the rest', () => second.values.length >= 2)
    await second.stop()
    expect(second.values).toEqual(['k.4', 'k.5'])
    expect(log.figures).toMatchObject({ offsets_out_of_range: 1, offsets_lost: 2 })
    await expect(log.readRange('tls.negotiations', first.batches[0]?.log ?? '', range)).rejects.toMatchObject({
      code: 'TLSREP_KAFKA_RANGE_GONE',
    })
  })

  test('of a topic that is deleted and made again reads the new one from its beginning, as another log', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1' })
    await log.append(batchOf('tls.negotiations', ['k.1', 'k.2', 'k.3']))
    const reader = new Collected(log, 'tls.negotiations', GROUP)
    await reader.until('three', () => reader.values.length === 3)
    await withAdmin(broker.brokers, (admin) => admin.deleteTopics({ topics: [name()] }))
    await topics.migrate(1)
    await log.append(batchOf('tls.negotiations', ['k.4', 'k.5', 'k.6', 'k.7']))
    await reader.until('the new ones', () => reader.values.length >= 7)
    await reader.stop()
    expect(reader.values).toEqual(['k.1', 'k.2', 'k.3', 'k.4', 'k.5', 'k.6', 'k.7'])
    const [before, after] = [reader.batches[0], reader.batches.at(-1)] as [DeliveredBatch, DeliveredBatch]
    expect(after.log).not.toBe(before.log)
    expect(after.ranges[0]?.firstOffset).toBe(0n)
    const [range] = before.ranges
    if (range === undefined) throw new Error('no range')
    await expect(log.readRange('tls.negotiations', before.log, range)).rejects.toThrow('made again')
  })

  test('gets the partitions that are added while it reads', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1', tuning: { metadataMaxAge: 500 } })
    const reader = new Collected(log, 'tls.negotiations', GROUP)
    await log.append(batchOf('tls.negotiations', numbered(0, 50)))
    await withAdmin(broker.brokers, (admin) =>
      admin.createPartitions({ topicPartitions: [{ topic: name(), count: 3 }] }),
    )
    const writer = await topics.open({ transactionalId: 'mx2' })
    await writer.append(batchOf('tls.negotiations', numbered(50, 50)))
    await reader.until('all', () => reader.values.length >= 100)
    await reader.stop()
    expect(reader.values.toSorted()).toEqual(numbered(0, 100).toSorted())
    expect(log.reading('tls.negotiations')?.lag.size).toBe(3)
  })

  test('is given bytes that are no Avro as they are, in their place', async () => {
    await topics.fresh(1)
    const log = await topics.open({ transactionalId: 'mx1' })
    await log.append({
      topic: 'tls.negotiations',
      records: [record('k', 'no Avro'), record(null, '')],
      checkpoint: null,
    })
    const reader = new Collected(log, 'tls.negotiations', GROUP)
    await reader.until('both', () => reader.values.length >= 2)
    await reader.stop()
    expect(reader.values).toEqual(['no Avro', ''])
    const [bad] = reader.batches[0]?.records ?? []
    expect(createReader('TlsNegotiation').decode(bad?.value ?? new Uint8Array())).toMatchObject({ reason: 'not_avro' })
  })

  test('of a topic that is missing is refused with what to do', async () => {
    topics.prefix = 'nowhere.'
    await expect(topics.open()).rejects.toMatchObject({
      code: 'TLSREP_KAFKA_TOPIC_MISSING',
      remedy: 'run tlsrep migrate',
    })
  })
})
