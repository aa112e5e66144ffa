import fc from 'fast-check'
import { LONG_MAX } from '../src/avro-bytes.ts'
import { type AvroRecord, type AvroSchema, isUnion, schemaJson } from '../src/avro-schema.ts'
import type { RecordName } from '../src/record-names.ts'
import type { RecordTypes } from '../src/records.generated.ts'

/** Any valid record of a kind, made from its schema. */
export function anyRecord<N extends RecordName>(name: N): fc.Arbitrary<RecordTypes[N]> {
  return recordOf(schemaJson(name), new Map()) as fc.Arbitrary<unknown> as fc.Arbitrary<RecordTypes[N]>
}

function recordOf(schema: AvroRecord, named: Map<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  const made = fc.record(Object.fromEntries(schema.fields.map((field) => [field.name, anyOf(field.type, named)])), {
    noNullPrototype: true,
  })
  named.set(schema.name, made)
  return made
}

function anyOf(schema: AvroSchema, named: Map<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  if (typeof schema === 'string') return named.get(schema) ?? primitiveOf(schema)
  if (isUnion(schema)) return fc.oneof(...schema.map((branch) => anyOf(branch, named)))
  switch (schema.type) {
    case 'record':
      return recordOf(schema, named)
    case 'array':
      return fc.array(anyOf(schema.items, named), { maxLength: 5 })
    case 'enum': {
      const symbols = fc.constantFrom(...schema.symbols)
      named.set(schema.name, symbols)
      return symbols
    }
    case 'fixed': {
      const bytes = fc.uint8Array({ minLength: schema.size, maxLength: schema.size })
      named.set(schema.name, bytes)
      return bytes
    }
    case 'map':
      throw new Error('no record of ours has a map')
    default:
      return primitiveOf(schema.type)
  }
}

function primitiveOf(name: string): fc.Arbitrary<unknown> {
  switch (name) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'int':
      return fc.integer()
    case 'long':
      return fc.oneof(fc.integer(), fc.integer({ min: -LONG_MAX, max: LONG_MAX }), fc.integer({ min: 0, max: 4e12 }))
    case 'double':
      return fc.double()
    case 'string':
      // Every length about the borders of the short way, and every plane of Unicode.
      return fc.oneof(
        fc.string({ unit: 'binary', maxLength: 90 }),
        fc.string({ unit: 'grapheme-ascii', maxLength: 140 }),
        fc.constantFrom('x'.repeat(63), 'x'.repeat(64), 'é'.repeat(31), 'é'.repeat(32), `${'x'.repeat(62)}é`),
      )
    case 'bytes':
      return fc.uint8Array({ maxLength: 100 })
    default:
      throw new Error(`no values for ${name}`)
  }
}
