import avsc, { type Type } from 'avsc'
import type { AvroSchema } from './avro-schema.ts'

export type { Type, types } from 'avsc'

/** The avsc type of a schema. Its logical types are left alone: a time is its number of milliseconds. */
export function avscType(schema: AvroSchema): Type {
  // avsc's declarations ask for mutable arrays and know no documentation of fixed types; it changes nothing in what it is given.
  return avsc.Type.forSchema(schema as Parameters<typeof avsc.Type.forSchema>[0], { omitRecordMethods: true })
}
