import type { LogRecord, Topic } from '@tlsrep/platform/event-log/event-log'
import { KafkaUnavailable } from '@tlsrep/platform/event-log/kafka/failure'
import type { KafkaEventLog } from '@tlsrep/platform/event-log/kafka/kafka-event-log'
import { SchemaRegistry } from '@tlsrep/platform/event-log/schema-registry'
import {
  type AvroRecord,
  createEncoder,
  createReader,
  readFrame,
  schemaFingerprint,
  schemaJson,
  type TlsNegotiation,
} from '@tlsrep/schemas'
import { createFactReader, decodeFacts } from '@tlsrep/scorer/facts'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { event } from '../../schemas/test/events.ts'
import { type KafkaBroker, kafkaAvailable, startKafka } from '../support/kafka/kafka.ts'
import { Collected, counter, until } from '../support/kafka/records.ts'
import { RegistryStandIn } from '../support/kafka/schema-registry.ts'
import { TopicSets } from '../support/kafka/suite.ts'

const missing = await kafkaAvailable()
if (missing !== null) console.warn(`skipped: ${missing}`)

const EVENTS = 'tls.negotiations'
const CREDENTIALS = { user: 'tlsrep', password: 'geheim' }
const encoder = createEncoder('TlsNegotiation')
const reader = createReader('TlsNegotiation')

/** Against a real broker, and a stand-in for the registry: see there. */
describe.skipIf(missing !== null)('with a schema registry', () => {
  let broker: KafkaBroker
  let standIn: RegistryStandIn
  const topics = new TopicSets(() => broker)

  beforeAll(async () => {
    broker = await startKafka()
  }, 120_000)
  beforeEach(async () => {
    standIn = await RegistryStandIn.listen({ credentials: CREDENTIALS })
    await topics.fresh(2)
  }, 60_000)
  afterEach(async () => {
    await topics.closeAll()
    await standIn.stop()
  }, 60_000)
  afterAll(() => broker?.close())

  /** Knows nothing of what others have registered. */
  const freshRegistry = (): SchemaRegistry =>
    new SchemaRegistry({ url: standIn.url, credentials: CREDENTIALS, timeout: 2000, now: Date.now })
  const open = (options: Parameters<TopicSets['open']>[0] = {}): Promise<KafkaEventLog> =>
    topics.open({ registry: freshRegistry(), ...options })
  const group = (log: KafkaEventLog): Collected => new Collected(log, EVENTS, { group: 'scorers', whole: false })
  const recordsOf = (collected: Collected): LogRecord[] => collected.batches.flatMap(({ records }) => records)

  async function read(log: KafkaEventLog, count: number): Promise<LogRecord[]> {
    const collected = group(log)
    await collected.until(`${count} records`, () => collected.values.length >= count)
    await collected.stop()
    return recordsOf(collected)
  }

  /** What stands in the topic. */
  async function framesIn(topic: 'tls.listings' | 'tls.checkpoints' | 'tls.overrides'): Promise<unknown[]> {
    const log = await topics.open()
    return (await log.readCompacted(topic)).map(({ value }) => readFrame(value ?? Buffer.of()))
  }

  test('records and checkpoints are written with registered ids, and read as they were before', async () => {
    const log = await open({ transactionalId: 'mx1' })
    const records = [eventRecord('a'), eventRecord('b')]
    const checkpoint = {
      key: Buffer.from('mx1/in'),
      value: Buffer.from(createEncoder('Checkpoint').encode(CHECKPOINT)),
    }
    await log.append({ topic: EVENTS, records, checkpoint })
    const { prefix } = topics
    expect(standIn.subjects).toEqual({
      [`${prefix}tls.negotiations-value`]: [100],
      [`${prefix}tls.checkpoints-value`]: [101],
    })
    expect((await read(await topics.open(), 2)).map(({ value }) => readFrame(value ?? Buffer.of()))).toEqual(
      records.map(() => ({ kind: 'confluent', schemaId: 100, bodyStart: 5 })),
    )
    expect(await framesIn('tls.checkpoints')).toEqual([{ kind: 'confluent', schemaId: 101, bodyStart: 5 }])
    const other = await open()
    const again = new Collected(other, EVENTS, { group: 'another', whole: false })
    await again.until('both', () => again.values.length === 2)
    await again.stop()
    expect(new Set(recordsOf(again).map(valueText))).toEqual(new Set(records.map(valueText)))
    expect((await other.readCompacted('tls.checkpoints')).map(valueText)).toEqual([valueText(checkpoint)])
  })

  test('a tombstone is one, and a list is read whole', async () => {
    const log = await open()
    const key = Buffer.from('192.0.2.10/32')
    const value = Buffer.from(createEncoder('Override').encode(OVERRIDE))
    await log.append({ topic: 'tls.overrides', records: [{ key, value }], checkpoint: null })
    const loaded = Promise.withResolvers<void>()
    const list = new Collected(await open(), 'tls.overrides', { group: 'p', whole: true, loaded: loaded.resolve })
    await loaded.promise
    await log.append({ topic: 'tls.overrides', records: [{ key, value: null }], checkpoint: null })
    await list.until('the tombstone', () => list.values.length === 2)
    await list.stop()
    expect(recordsOf(list).map((record) => record.value && valueText(record))).toEqual([
      valueText({ key, value }),
      null,
    ])
  })

  test('a topic that was begun without one is read on, both framings beside each other', async () => {
    const before = await topics.open()
    await before.append({ topic: EVENTS, records: [eventRecord('a')], checkpoint: null })
    const after = await open()
    await after.append({ topic: EVENTS, records: [eventRecord('b')], checkpoint: null })
    await before.append({ topic: EVENTS, records: [eventRecord('c')], checkpoint: null })
    expect((await read(await open(), 3)).map(helo).sort()).toEqual(['a', 'b', 'c'])
  })

  test('what a newer version wrote, with a field that is not known here, is read by the schema that it registered', async () => {
    const newer = withOneMore(`Newer${topics.prefix}`)
    const id = standIn.add(JSON.stringify(newer))
    const body = Buffer.from(encoder.encode(event({ helo: null }))).subarray(10)
    const withMore = Buffer.concat([header(id), body, Buffer.of(2)])
    await (await topics.open()).append({ topic: EVENTS, records: [keyed(withMore)], checkpoint: null })
    const [record] = await read(await open(), 1)
    const decoded = reader.decode(record?.value ?? Buffer.of())
    expect(decoded).toMatchObject({ ok: true, value: { sender: event().sender } })
    expect(decoded.ok && decoded.writer.fingerprint).toBe(schemaFingerprint(newer))
    expect(decoded.ok && record?.value?.subarray(decoded.bodyStart)).toEqual(Buffer.concat([body, Buffer.of(2)]))
  })

  test('an id that the registry does not know makes a dead letter of its record, and holds up nothing', async () => {
    const log = await open()
    const body = Buffer.from(encoder.encode(event())).subarray(10)
    const unknown = keyed(Buffer.concat([header(4711), body]))
    await log.append({ topic: EVENTS, records: [unknown, eventRecord('b')], checkpoint: null })
    const collected = group(await open())
    await collected.until('both', () => collected.values.length === 2)
    await collected.stop()
    const decodings = collected.batches.map((batch) => decodeFacts(createFactReader(), batch, 'scorer', 0))
    expect(decodings.flatMap(({ dead }) => dead)).toMatchObject([
      { reason: 'unknown_schema', stage: 'decoding', detail: 'schema id 4711', length: unknown.value?.length },
    ])
    expect(decodings.flatMap(({ groups }) => groups).flatMap(({ records }) => records)).toHaveLength(1)
  })

  test('that is away, an append is an outage: made again it is written once, and it is said once, without the password', async () => {
    const lines: string[] = []
    const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
    await standIn.stop()
    const log = await open({ transactionalId: 'mx1', logger, tuning: { appendPatience: 300 } })
    expect(await log.registryOutage()).toBeNull()
    const batch = { topic: EVENTS as Topic, records: [eventRecord('a')], checkpoint: null }
    await expect(log.append(batch)).rejects.toBeInstanceOf(KafkaUnavailable)
    await expect(log.append(batch)).rejects.toThrow(/schema registry .* does not answer/)
    expect(await log.registryOutage()).toMatch(/does not answer/)
    await standIn.start()
    expect(await log.registryOutage()).toBeNull()
    await log.append(batch)
    expect((await read(await open(), 1)).map(helo)).toEqual(['a'])
    const said = (text: string): number => lines.filter((line) => line.includes(text)).length
    expect(said('the schema registry is away')).toBe(1)
    expect(said('the schema registry answers again')).toBe(1)
    const { user, password } = CREDENTIALS
    expect(said(password) + said(Buffer.from(`${user}:${password}`).toString('base64'))).toBe(0)
  })

  test('that is away, a reader waits with what it cannot read, gives it to another if it has to, and goes on', async () => {
    await (await open()).append({ topic: EVENTS, records: [eventRecord('a')], checkpoint: null })
    await standIn.stop()
    const first = await open()
    const waiting = group(first)
    await until('it has asked', () => counter(first, 'registry_failures') > 0)
    const second = await open()
    const other = group(second)
    await until('both have partitions', () =>
      [first, second].every((log) => log.reading(EVENTS)?.partitions.length === 1),
    )
    expect([...waiting.values, ...other.values]).toEqual([])
    await standIn.start()
    await until('one of them has it', () => waiting.values.length + other.values.length > 0)
    await Promise.all([waiting.stop(), other.stop()])
    expect([...recordsOf(waiting), ...recordsOf(other)].map(helo)).toEqual(['a'])
  })

  test('that is away for good does not hold up the end', async () => {
    await (await open()).append({ topic: EVENTS, records: [eventRecord('a')], checkpoint: null })
    await standIn.stop()
    const log = await open({ tuning: { appendPatience: 60_000 } })
    const waiting = group(log)
    await until('it has asked', () => counter(log, 'registry_failures') > 0)
    await waiting.stop()
    expect(waiting.values).toEqual([])
  })
})

const CHECKPOINT = {
  collector: 'mx1',
  input: 'in',
  source_name: '/var/log/mail.log',
  device: null,
  inode: null,
  fingerprint: null,
  fingerprint_length: 0,
  size: null,
  emitted_to: 10,
  resume_from: 5,
  newest_line_at: null,
  hosts: [],
  listeners: [],
  outbound_peers: [],
  queued_senders: [],
  ordinals: [],
  open_sessions: null,
  state_version: 1,
  updated_at: 1,
}

const OVERRIDE = {
  sender: '192.0.2.10/32',
  action: 'allow' as const,
  tier: null,
  until: null,
  by: 'test',
  why: 'test',
  created_at: 1,
}

function eventRecord(name: string): LogRecord {
  return keyed(Buffer.from(encoder.encode(event({ helo: name }))))
}

function keyed(value: Buffer): LogRecord {
  return { key: Buffer.from('192.0.2.0/24'), value }
}

function header(schemaId: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes.writeInt32BE(schemaId, 1)
  return bytes
}

function helo({ value }: LogRecord): TlsNegotiation['helo'] {
  const decoded = reader.decode(value ?? Buffer.of())
  if (!decoded.ok) throw new Error(decoded.detail)
  return decoded.value.helo
}

function valueText({ value }: LogRecord): string {
  return Buffer.from(value ?? []).toString('hex')
}

/** Today's schema, and one more field at its end, of a name that no other test has used. */
function withOneMore(name: string): AvroRecord {
  const today = schemaJson('TlsNegotiation')
  return { ...today, fields: [...today.fields, { name: name.replace(/\W/g, '_'), type: 'int', default: 0 }] }
}
