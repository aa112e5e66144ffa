import { type AvroRecord, type AvroSchema, isUnion } from './avro-schema.ts'

/**
 * A record's schema with some of its fields only, for a reader that skips the rest. A named type that a dropped field defined is defined
 * at its first use among the fields that stay.
 */
export function projection(schema: AvroRecord, fields: readonly string[]): AvroRecord {
  const named = new Map<string, AvroSchema>()
  for (const field of schema.fields) learn(field.type, named)
  const defined = new Set<string>()
  const kept = schema.fields.filter((field) => fields.includes(field.name))
  return { ...schema, fields: kept.map((field) => ({ ...field, type: redefine(field.type, named, defined) })) }
}

function learn(schema: AvroSchema, named: Map<string, AvroSchema>): void {
  if (typeof schema === 'string') return
  if (isUnion(schema)) for (const branch of schema) learn(branch, named)
  else if (schema.type === 'array') learn(schema.items, named)
  else if (schema.type === 'map') learn(schema.values, named)
  else if (schema.type === 'fixed' || schema.type === 'enum') named.set(schema.name, schema)
  else if (schema.type === 'record') {
    named.set(schema.name, schema)
    for (const field of schema.fields) learn(field.type, named)
  }
}

function redefine(schema: AvroSchema, named: ReadonlyMap<string, AvroSchema>, defined: Set<string>): AvroSchema {
  if (typeof schema === 'string') {
    const definition = named.get(schema)
    return definition === undefined || defined.has(schema) ? schema : redefine(definition, named, defined)
  }
  if (isUnion(schema)) return schema.map((branch) => redefine(branch, named, defined))
  switch (schema.type) {
    case 'array':
      return { ...schema, items: redefine(schema.items, named, defined) }
    case 'map':
      return { ...schema, values: redefine(schema.values, named, defined) }
    case 'fixed':
    case 'enum':
      defined.add(schema.name)
      return schema
    case 'record':
      defined.add(schema.name)
      return {
        ...schema,
        fields: schema.fields.map((field) => ({ ...field, type: redefine(field.type, named, defined) })),
      }
    default:
      return schema
  }
}
