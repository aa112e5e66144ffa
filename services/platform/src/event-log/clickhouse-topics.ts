import { type AvroRecord, type AvroSchema, createReader, type RecordName } from '@tlsrep/schemas'
import type { Logger } from 'pino'
import { throughOutages } from '../clickhouse/unavailable.ts'
import { avroRows } from './avro-container.ts'
import { withoutEarlierLetters } from './earlier-letters.ts'
import type { CompactedTopic, LogRecord } from './event-log.ts'
import type { StoredTopic, TopicStore, TopicTables } from './topic-store.ts'

export interface ClickHouseTopicStoreOptions {
  clickhouse: TopicTables
  /** Milliseconds since 1970 UTC. */
  now: () => number
  /** Ends the waiting for a ClickHouse that is away. */
  signal: AbortSignal
  logger: Logger
}

/** How a topic's records become rows of its table. */
interface TopicTable {
  table: string
  /** The column that holds the record's key; null where the topic has no key and its rows are only added. */
  key: string | null
  /** Of the columns that show fields of the record; `key`, `version`, `tombstone` and `record` stand before them. */
  fields: AvroRecord['fields']
  read: (value: Uint8Array) => object
}

const TIME: AvroSchema = { type: 'long', logicalType: 'timestamp-millis' }
const DAY: AvroSchema = { type: 'int', logicalType: 'date' }
const BYTES_16: AvroSchema = { type: 'fixed', name: 'Bytes16', size: 16 }
const TEXTS: AvroSchema = { type: 'array', items: 'string' }

/**
 * Avro fields with the defaults that a tombstone's row has: what a record says is null there, and a list is empty. A text column of
 * ClickHouse is never null, so its default is the empty text.
 */
const text = (name: string, otherwise = '') => ({ name, type: 'string', default: otherwise }) as const
const number = (name: string, type: 'long' | 'double') => ({ name, type, default: 0 }) as const
const nullable = (name: string, type: AvroSchema) => ({ name, type: ['null', type] as const, default: null })

const TABLES: Readonly<Record<StoredTopic, TopicTable>> = {
  'tls.listings': {
    table: 'listings_log',
    key: 'sender',
    fields: [
      text('tier', 'clean'),
      nullable('listed_at', TIME),
      { name: 'updated_at', type: TIME },
      nullable('expires_at', TIME),
      nullable('review_at', TIME),
      number('sequence', 'long'),
      { name: 'reasons', type: TEXTS, default: [] },
      number('lower_bound', 'double'),
      number('upper_bound', 'double'),
      number('effective_sessions', 'double'),
      text('explanation'),
      text('remedy'),
      { name: 'sample_event_ids', type: { type: 'array', items: BYTES_16 }, default: [] },
      nullable('first_evidence_day', DAY),
      nullable('last_evidence_day', DAY),
      text('policy_hash'),
      nullable('scored_at', TIME),
    ],
    read: recordReader('Listing'),
  },
  'tls.overrides': {
    table: 'overrides',
    key: 'sender',
    fields: [
      text('action'),
      nullable('tier', 'string'),
      nullable('until', TIME),
      text('by'),
      text('why'),
      { name: 'created_at', type: TIME },
    ],
    read: recordReader('Override'),
  },
  'tls.checkpoints': {
    table: 'input_checkpoints',
    key: 'key',
    fields: [
      text('collector'),
      text('input'),
      text('source_name'),
      number('emitted_to', 'long'),
      number('resume_from', 'long'),
      { name: 'updated_at', type: TIME },
    ],
    read: recordReader('Checkpoint'),
  },
  'tls.deadletter': {
    table: 'dead_letters',
    key: null,
    fields: [
      text('reason'),
      text('stage'),
      text('collector'),
      text('source_name'),
      number('source_offset', 'long'),
      number('length', 'long'),
      { name: 'hash', type: BYTES_16 },
      text('shape'),
      text('detail'),
      { name: 'died_at', type: TIME },
    ],
    read: recordReader('DeadLetter'),
  },
}

/**
 * The durable topics of the embedded shape, as tables of ClickHouse: the record as it is, byte for byte, and beside it the fields that
 * people want to ask for.
 */
export class ClickHouseTopicStore implements TopicStore {
  readonly #options: ClickHouseTopicStoreOptions
  /** The newest version of earlier runs. */
  #stored: Promise<number> | null = null
  #newestGiven = 0
  readonly #opened: number

  constructor(options: ClickHouseTopicStoreOptions) {
    this.#options = options
    this.#opened = options.now()
  }

  async write(topic: StoredTopic, all: readonly LogRecord[], token: string): Promise<void> {
    const { clickhouse } = this.#options
    const records =
      topic !== 'tls.deadletter'
        ? all
        : await patient(topic, 'looking for letters of earlier runs', this.#options, () =>
            withoutEarlierLetters(clickhouse, all, this.#opened),
          )
    if (records.length === 0) return
    // Made once: the same rows again, should only the answer have been lost, have the same versions.
    const rows = await patient(topic, 'finding the newest version', this.#options, async () => {
      const version = await this.#nextVersion(records.length)
      return avroRows(
        SCHEMAS[topic],
        records.map((record, index) => tableRow(topic, record, version + index, this.#options.now())),
      )
    })
    await patient(topic, `storing ${topic}`, this.#options, () =>
      clickhouse.insertAvro(TABLES[topic].table, rows, token),
    )
  }

  async read(topic: CompactedTopic): Promise<readonly LogRecord[]> {
    const { table, key } = TABLES[topic]
    const rows = await this.#options.clickhouse.rows<{ k: string; r: string }>(
      `SELECT base64Encode(${key}) AS k, base64Encode(argMax(record, version)) AS r
       FROM ${table} GROUP BY ${key} HAVING NOT argMax(tombstone, version) ORDER BY ${key}`,
    )
    return rows.map(({ k, r }) => ({ key: Buffer.from(k, 'base64'), value: Buffer.from(r, 'base64') }))
  }

  /** The first of `count` versions above all that were ever written, whatever the clock does: of one key, the later write wins. */
  async #nextVersion(count: number): Promise<number> {
    this.#stored ??= this.#newestStored()
    let stored: number
    try {
      stored = await this.#stored
    } catch (error) {
      this.#stored = null
      throw error
    }
    const first = Math.max(stored + 1, this.#newestGiven + 1, this.#options.now() * VERSIONS_PER_MS)
    this.#newestGiven = first + count - 1
    return first
  }

  async #newestStored(): Promise<number> {
    const newest = Object.values(TABLES)
      .filter(({ key }) => key !== null)
      .map(({ table }) => `SELECT max(version) AS newest FROM ${table}`)
    const rows = await this.#options.clickhouse.rows<{ newest: number }>(newest.join(' UNION ALL '))
    return Math.max(0, ...rows.map((row) => row.newest))
  }
}

/** A person waits for an override, and is told at once that ClickHouse is away; everything else waits until it is back. */
function patient<T>(
  topic: StoredTopic,
  what: string,
  { logger, signal }: ClickHouseTopicStoreOptions,
  work: () => Promise<T>,
): Promise<T> {
  return topic === 'tls.overrides' ? work() : throughOutages(work, { what, logger, signal })
}

/** Versions are the microseconds of their writing, so that they stay below 2^52 and still order what is written within one millisecond. */
const VERSIONS_PER_MS = 1000

const SCHEMAS = Object.fromEntries(Object.entries(TABLES).map(([topic, table]) => [topic, rowSchema(table)])) as Record<
  StoredTopic,
  AvroRecord
>

function rowSchema({ table, key, fields }: TopicTable): AvroRecord {
  const stored: AvroRecord['fields'] = [
    { name: key ?? '', type: 'bytes' },
    { name: 'version', type: 'long' },
    { name: 'tombstone', type: 'boolean' },
    { name: 'record', type: 'bytes' },
  ]
  return { type: 'record', name: `${table}_row`, fields: key === null ? fields : [...stored, ...fields] }
}

/** The record's fields, as far as the table has columns for them: what it has no column for is only in `record`. */
function tableRow(topic: StoredTopic, { key, value }: LogRecord, version: number, now: number): object {
  const { key: keyColumn, read } = TABLES[topic]
  const shown = value === null ? { updated_at: now, created_at: now } : read(value)
  if (keyColumn === null) return shown
  if (key === null) throw new Error(`a record of ${topic} has no key`)
  return {
    ...shown,
    [keyColumn]: Buffer.from(key),
    version,
    tombstone: value === null,
    record: Buffer.from(value ?? []),
  }
}

function recordReader(name: RecordName): (value: Uint8Array) => object {
  const reader = createReader(name)
  return (value) => {
    const decoded = reader.decode(value)
    if (!decoded.ok) throw new Error(`a ${name} cannot be stored: ${decoded.reason} (${decoded.detail})`)
    return decoded.value
  }
}
