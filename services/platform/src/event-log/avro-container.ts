import { createHash } from 'node:crypto'
import type { AvroRecord } from '@tlsrep/schemas'
import { avscType } from '@tlsrep/schemas/avsc-type'
import { layoutOf } from '@tlsrep/schemas/layout'

/**
 * Avro object container files (Avro 1.11 specification, "Object Container Files") of one block, without compression: what ClickHouse
 * takes records in as they are.
 */

const MAGIC = Buffer.from('Obj\x01', 'latin1')
const SYNC_LENGTH = 16
const textType = avscType('bytes')
const countType = avscType('long')
const headers = new WeakMap<AvroRecord, Buffer>()

/** An encoded record, and where it begins behind its framing. */
export interface FramedRecord {
  bytes: Uint8Array
  bodyStart: number
}

/** A container of records that are encoded already, without their framing. All of them by the one schema. */
export function avroContainer(schema: AvroRecord, records: readonly FramedRecord[]): Uint8Array {
  const header = headerOf(schema)
  let length = 0
  for (const { bytes, bodyStart } of records) length += bytes.length - bodyStart
  const head = Buffer.concat([header, countType.toBuffer(records.length), countType.toBuffer(length)])
  const container = Buffer.allocUnsafeSlow(head.length + length + SYNC_LENGTH)
  container.set(head)
  let at = head.length
  for (const { bytes, bodyStart } of records) {
    at += Buffer.prototype.copy.call(bytes, container, at, bodyStart)
  }
  container.set(header.subarray(header.length - SYNC_LENGTH), at)
  return container
}

/** A container of plain values, for the rows that tlsrep itself writes. Throws where a value does not fit the schema. */
export function avroRows(schema: AvroRecord, rows: readonly object[]): Uint8Array {
  const type = avscType(schema)
  return avroContainer(
    schema,
    rows.map((row) => ({ bytes: type.toBuffer(row), bodyStart: 0 })),
  )
}

/** The one block of a container: its records lie one behind the other from `start` to `end`. */
export interface AvroBlock {
  /** The writer's schema as JSON. */
  schema: string
  bytes: Buffer
  count: number
  start: number
  end: number
}

/** The block of a container made by `avroContainer`. Throws where it is none. */
export function avroBlock(container: Uint8Array): AvroBlock {
  const bytes = Buffer.from(container.buffer, container.byteOffset, container.byteLength)
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('no Avro container')
  const metadata = readMetadata(bytes, MAGIC.length)
  const count = readLong(bytes, metadata.end + SYNC_LENGTH)
  const length = readLong(bytes, count.end)
  return {
    schema: metadata.schema,
    bytes,
    count: count.value,
    start: length.end,
    end: length.end + length.value,
  }
}

/** What a container made by `avroContainer` holds. Throws where it is none. */
export function readAvroContainer(container: Uint8Array): { schema: AvroRecord; bodies: Uint8Array[] } {
  const { schema: json, bytes, count, start } = avroBlock(container)
  const schema = JSON.parse(json) as AvroRecord
  const { walk } = layoutOf(avscType(schema))
  let at = start
  const bodies: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    const end = walk(bytes, at)
    if (typeof end !== 'number') throw new Error(`damaged Avro container: record ${i} is ${end.reason} in ${end.field}`)
    bodies.push(bytes.subarray(at, end))
    at = end
  }
  return { schema, bodies }
}

function headerOf(schema: AvroRecord): Buffer {
  const known = headers.get(schema)
  if (known !== undefined) return known
  // Documentation is most of a schema's text, and nobody reads it here.
  const json = JSON.stringify(schema, (key, value: unknown) =>
    key === 'doc' && typeof value === 'string' ? undefined : value,
  )
  const sync = createHash('sha256').update(json).digest().subarray(0, SYNC_LENGTH)
  const metadata = [countType.toBuffer(2), text('avro.schema'), text(json), text('avro.codec'), text('null')]
  const header = Buffer.concat([MAGIC, ...metadata, countType.toBuffer(0), sync])
  headers.set(schema, header)
  return header
}

function text(value: string): Buffer {
  return textType.toBuffer(Buffer.from(value))
}

/** The header's map of one block, as `headerOf` writes it. */
function readMetadata(bytes: Buffer, start: number): { schema: string; end: number } {
  const count = readLong(bytes, start)
  let at = count.end
  let schema: string | undefined
  for (let i = 0; i < count.value; i++) {
    const key = readText(bytes, at)
    const value = readText(bytes, key.end)
    if (key.value === 'avro.schema') schema = value.value
    at = value.end
  }
  const end = readLong(bytes, at)
  if (schema === undefined || end.value !== 0) throw new Error('damaged Avro container: no schema in its header')
  return { schema, end: end.end }
}

function readText(bytes: Buffer, start: number): { value: string; end: number } {
  const length = readLong(bytes, start)
  const end = length.end + length.value
  return { value: bytes.toString('utf8', length.end, end), end }
}

function readLong(bytes: Buffer, start: number): { value: number; end: number } {
  const { value, offset } = countType.decode(bytes, start)
  if (typeof value !== 'number' || offset < 0) throw new Error('damaged Avro container: it is cut off')
  return { value, end: offset }
}
