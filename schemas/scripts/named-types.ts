import { type AvroEnum, type AvroFixed, type AvroRecord, type AvroSchema, isUnion } from '../src/avro-schema.ts'

export type NamedType = AvroEnum | AvroFixed | AvroRecord

/**
 * Every named type of the schemas, inner ones before those that use them. A type that two files repeat must be the same in both:
 * one interface stands for both.
 */
export function namedTypes(schemas: readonly AvroSchema[]): Map<string, NamedType> {
  const found = new Map<string, NamedType>()
  for (const schema of schemas) collect(schema, found)
  return found
}

function collect(schema: AvroSchema, found: Map<string, NamedType>): void {
  if (typeof schema === 'string') return
  if (isUnion(schema)) {
    for (const branch of schema) collect(branch, found)
    return
  }
  if (schema.type === 'array') collect(schema.items, found)
  if (schema.type === 'record') for (const field of schema.fields) collect(field.type, found)
  if (schema.type !== 'record' && schema.type !== 'enum' && schema.type !== 'fixed') return
  const known = found.get(schema.name)
  if (known === undefined) found.set(schema.name, schema)
  else if (text(known) !== text(schema)) throw new Error(`${schema.name} is defined twice, and not alike`)
}

function text(schema: NamedType): string {
  return JSON.stringify({ ...schema, namespace: undefined })
}

/** `T` of `null | T`, and on which side null stands; undefined for what is no union. Other unions are not tlsrep's. */
export function nullable(schema: AvroSchema): { inner: AvroSchema; nullIndex: 0 | 1 } | undefined {
  if (typeof schema === 'string' || !isUnion(schema)) return undefined
  const [first, second] = schema
  if (schema.length === 2 && first === 'null' && second !== undefined) return { inner: second, nullIndex: 0 }
  if (schema.length === 2 && second === 'null' && first !== undefined) return { inner: first, nullIndex: 1 }
  throw new Error(`a union that is not null | T: ${JSON.stringify(schema)}`)
}

/** `TlsVersion` → `TLS_VERSIONS`, `Proof` → `PROOFS`, `Mta` → `MTAS`. */
export function constantName(name: string): string {
  const words = name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase()
  return words.endsWith('Y') ? `${words.slice(0, -1)}IES` : `${words}S`
}
