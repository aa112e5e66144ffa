import { LONG_MAX } from './avro-bytes.ts'
import { type AvroRecord, type AvroSchema, isUnion, schemaJson } from './avro-schema.ts'
import type { RecordName } from './record-names.ts'

/**
 * Every field of a value that its schema does not allow, as `field.path: what it is, where what is asked for`; empty exactly when the
 * encoder takes the record. For the moment after a record was refused, and so not made for speed. Text is never quoted: it may be a
 * peer's, or private.
 */
export function recordFaults(name: RecordName, record: unknown): string[] {
  const check = new Check()
  check.record(schemaJson(name), record, '')
  return check.faults
}

class Check {
  readonly faults: string[] = []
  /** Named types met so far: in a schema, a name is defined before it is used. */
  readonly #named = new Map<string, AvroSchema>()

  record(schema: AvroRecord, value: unknown, path: string): void {
    if (typeof value !== 'object' || value === null) {
      this.#fault(path === '' ? schema.name : path, value, schema.name)
      return
    }
    const fields = new Map<string, unknown>(Object.entries(value))
    for (const field of schema.fields) {
      const inner = fields.get(field.name)
      // An absent field is its default, where it has one.
      if (inner === undefined && field.default !== undefined) this.#learn(field.type)
      else this.#value(field.type, inner, path === '' ? field.name : `${path}.${field.name}`)
    }
  }

  #value(schema: AvroSchema, value: unknown, path: string): void {
    if (typeof schema === 'string') {
      const named = this.#named.get(schema)
      if (named === undefined) this.#primitive(schema, value, path)
      else this.#value(named, value, path)
      return
    }
    this.#learn(schema)
    if (isUnion(schema)) {
      const inner = schema.find((branch) => branch !== 'null')
      if (value !== null && inner !== undefined) this.#value(inner, value, path)
      return
    }
    switch (schema.type) {
      case 'record':
        this.record(schema, value, path)
        break
      case 'enum':
        if (!schema.symbols.some((symbol) => symbol === value)) this.#fault(path, value, `symbol of ${schema.name}`)
        break
      case 'fixed':
        if (!(value instanceof Uint8Array) || value.length !== schema.size) {
          this.#fault(path, value, `${schema.name} of ${schema.size} bytes`)
        }
        break
      case 'array':
        if (!Array.isArray(value)) this.#fault(path, value, 'array')
        else for (const [index, item] of value.entries()) this.#value(schema.items, item, `${path}.${index}`)
        break
      case 'map':
        throw new Error('no record of ours has a map')
      default:
        this.#primitive(schema.type, value, path)
    }
  }

  #primitive(type: string, value: unknown, path: string): void {
    if (!isPrimitive(type, value)) this.#fault(path, value, type)
  }

  #learn(schema: AvroSchema): void {
    if (typeof schema === 'string') return
    if (isUnion(schema)) for (const branch of schema) this.#learn(branch)
    else if (schema.type === 'array') this.#learn(schema.items)
    else if (schema.type === 'fixed' || schema.type === 'enum') this.#named.set(schema.name, schema)
    else if (schema.type === 'record') {
      this.#named.set(schema.name, schema)
      for (const field of schema.fields) this.#learn(field.type)
    }
  }

  #fault(path: string, value: unknown, wanted: string): void {
    this.faults.push(`${path}: ${describe(value)}, where ${wanted} is asked for`)
  }
}

function isPrimitive(type: string, value: unknown): boolean {
  switch (type) {
    case 'boolean':
    case 'string':
      return typeof value === type
    case 'int':
      return typeof value === 'number' && (value | 0) === value
    case 'long':
      return Number.isInteger(value) && Math.abs(value as number) <= LONG_MAX
    case 'double':
      return typeof value === 'number'
    case 'bytes':
      return value instanceof Uint8Array
    default:
      throw new Error(`no record of ours has a ${type}`)
  }
}

function describe(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return 'an array'
  if (value === null || value === undefined || typeof value === 'number') return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
