import { createHash } from 'node:crypto'
import type { FramedRecord } from '@tlsrep/platform/event-log/avro-container'
import type { DeliveredBatch, LogRecord } from '@tlsrep/platform/event-log/event-log'
import {
  type AvroRecord,
  type AvroSchema,
  createReader,
  type DeadLetter,
  type DeadReason,
  type Decoded,
  type DecodeReason,
  EVENT_FACTS,
  type EventFacts,
  type Reader,
  type ReaderOptions,
  schemaFingerprint,
  schemaJson,
  type WriterSchema,
} from '@tlsrep/schemas'
import { SINGLE_OBJECT_LENGTH } from '@tlsrep/schemas/framing'

/** What the scorer decides on; the rest of a record goes to ClickHouse as it came. */
export type Fact = EventFacts

/** A record, and what the scorer knows of it. */
export interface FactRecord extends FramedRecord {
  fact: Fact
}

/** Records that one writer's schema wrote: they fit into one container. */
export interface SchemaGroup {
  schema: AvroRecord
  fingerprint: bigint
  records: FactRecord[]
}

export interface Decoding {
  groups: SchemaGroup[]
  dead: DeadLetter[]
}

export type FactReader = Reader<Fact>
export type FactReaderOptions = Omit<ReaderOptions<keyof Fact>, 'fields'>

export function createFactReader(options: FactReaderOptions = {}): FactReader {
  return createReader('TlsNegotiation', { ...options, fields: EVENT_FACTS })
}

/** Reads what the scorer decides on. A record that is none becomes a dead letter; the others go on. */
export function decodeFacts(reader: FactReader, batch: DeliveredBatch, service: string, now: number): Decoding {
  const groups = new Map<bigint, SchemaGroup>()
  const dead: DeadLetter[] = []
  // Nearly all records are of the writer of the one before.
  let writer: WriterSchema | null = null
  let records: FactRecord[] = []
  for (const [index, record] of batch.records.entries()) {
    const bytes = record.value ?? NO_BYTES
    const decoded = factOf(reader, record)
    const fault = decoded.ok
      ? impossible(decoded.value)
      : { reason: DEAD_REASONS[decoded.reason], detail: decoded.detail }
    if (fault !== null) dead.push(deadLetter(batch, index, bytes, { ...fault, collector: service, died_at: now }))
    else if (decoded.ok) {
      if (decoded.writer !== writer) {
        writer = decoded.writer
        records = groupOf(groups, writer).records
      }
      records.push({ fact: decoded.value, bytes, bodyStart: decoded.bodyStart })
    }
  }
  return { groups: [...groups.values()], dead }
}

/** How this process encodes events itself. */
const OWN_SCHEMA = schemaJson('TlsNegotiation')
const OWN_WRITER: WriterSchema = { schema: OWN_SCHEMA, fingerprint: schemaFingerprint(OWN_SCHEMA) }

function factOf(reader: FactReader, { value, facts }: LogRecord): Decoded<Fact> {
  if (facts === undefined) return reader.decode(value ?? NO_BYTES)
  return { ok: true, value: facts, writer: OWN_WRITER, bodyStart: SINGLE_OBJECT_LENGTH }
}

function groupOf(groups: Map<bigint, SchemaGroup>, { schema, fingerprint }: WriterSchema): SchemaGroup {
  let group = groups.get(fingerprint)
  if (group === undefined) {
    group = { schema: recordSchema(schema), fingerprint, records: [] }
    groups.set(fingerprint, group)
  }
  return group
}

const NO_BYTES = new Uint8Array(0)

interface Unusable {
  reason: DeadReason
  detail: string
}

const DEAD_REASONS: Readonly<Record<DecodeReason, DeadReason>> = {
  not_avro: 'undecodable_record',
  truncated: 'undecodable_record',
  invalid: 'undecodable_record',
  unknown_schema: 'unknown_schema',
  trailing_bytes: 'trailing_bytes',
}

/** Evidence is kept per day in a ClickHouse `Date`, which ends on 2149-06-06: beyond it a date would turn into another one. */
const OBSERVED_MAX = Date.UTC(2149, 0, 1)

/** The longest canonical prefix is that of an IPv6 network. */
const SENDER_MAX = 49

/** What a record says that cannot be, or null. */
function impossible({ observed_at, sender }: Fact): Unusable | null {
  if (observed_at < 0 || observed_at >= OBSERVED_MAX) {
    return { reason: 'bad_value', detail: 'observed_at is outside 1970 to 2148' }
  }
  return sender === '' || sender.length > SENDER_MAX ? { reason: 'bad_value', detail: 'sender is no prefix' } : null
}

function recordSchema(schema: AvroSchema): AvroRecord {
  if (typeof schema === 'object' && 'type' in schema && schema.type === 'record') return schema
  throw new Error('a TlsNegotiation was written by a schema that is no record')
}

function deadLetter(
  batch: DeliveredBatch,
  index: number,
  bytes: Uint8Array,
  facts: Unusable & Pick<DeadLetter, 'collector' | 'died_at'>,
): DeadLetter {
  const { partition, offset } = positionOf(batch, index)
  return {
    ...facts,
    stage: facts.reason === 'bad_value' ? 'scoring' : 'decoding',
    source_name: `${batch.topic}/${partition}`,
    source_offset: offset,
    length: bytes.length,
    hash: createHash('sha256').update(bytes).digest().subarray(0, 16),
    shape: '',
  }
}

/** Where a record stood. A range may have fewer records than offsets (markers of transactions): then it is at or after the offset named. */
function positionOf(batch: DeliveredBatch, index: number): { partition: number; offset: number } {
  let before = 0
  for (const { partition, firstOffset, lastOffset } of batch.ranges) {
    const length = Number(lastOffset - firstOffset) + 1
    if (index < before + length) return { partition, offset: Number(firstOffset) + index - before }
    before += length
  }
  return { partition: -1, offset: index }
}
