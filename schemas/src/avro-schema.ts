import { readdirSync, readFileSync } from 'node:fs'
import { RECORD_NAMES, type RecordName } from './record-names.ts'

/** An Avro 1.11 schema as JSON. Of tlsrep's own, unions are only `null | T`, and no map occurs. */
export type AvroSchema = string | AvroUnion | AvroArray | AvroMap | AvroFixed | AvroEnum | AvroRecord | AvroPrimitive

/** A union; in our own schemas always `null` and one more. */
export type AvroUnion = readonly AvroSchema[]

export interface AvroPrimitive {
  readonly type: 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'
  readonly logicalType?: string
}

export interface AvroArray {
  readonly type: 'array'
  readonly items: AvroSchema
}

export interface AvroMap {
  readonly type: 'map'
  readonly values: AvroSchema
}

export interface AvroFixed {
  readonly type: 'fixed'
  readonly name: string
  readonly namespace?: string
  readonly doc?: string
  readonly size: number
}

export interface AvroEnum {
  readonly type: 'enum'
  readonly name: string
  readonly namespace?: string
  readonly doc?: string
  readonly symbols: readonly string[]
}

export interface AvroField {
  readonly name: string
  readonly doc?: string
  readonly type: AvroSchema
  readonly default?: unknown
}

export interface AvroRecord {
  readonly type: 'record'
  readonly name: string
  readonly namespace?: string
  readonly doc?: string
  readonly fields: readonly AvroField[]
}

const FOLDER = new URL('../avro/', import.meta.url)
const HISTORY = new URL('history/', FOLDER)
const cache = new Map<RecordName, AvroRecord>()

/** The record's schema as its file has it: one whole, self-contained Avro schema with all its documentation. */
export function schemaJson(name: RecordName): AvroRecord {
  let schema = cache.get(name)
  if (schema === undefined) {
    schema = readSchema(new URL(`${name}.avsc`, FOLDER))
    cache.set(name, schema)
  }
  return schema
}

/** The schemas with which earlier releases wrote the record, by file name. */
export function olderSchemas(name: RecordName): Map<string, AvroRecord> {
  const files = readdirSync(HISTORY).filter((file) => file.startsWith(`${name}.`) && file.endsWith('.avsc'))
  return new Map(files.sort().map((file) => [file, readSchema(new URL(file, HISTORY))]))
}

function readSchema(file: URL): AvroRecord {
  return JSON.parse(readFileSync(file, 'utf8')) as AvroRecord
}

export function isUnion(schema: AvroSchema): schema is AvroUnion {
  return Array.isArray(schema)
}

export function isRecordName(name: string): name is RecordName {
  return (RECORD_NAMES as readonly string[]).includes(name)
}
