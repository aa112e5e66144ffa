import type { AvroSchema } from './avro-schema.ts'
import { schemaFingerprint } from './fingerprint.ts'

/**
 * Writers' schemas that this process has met and that did not come with it, such as those of a newer version, fetched from a schema
 * registry. What a fingerprint names never changes, so all readers of the process share them.
 */
const learned = new Map<bigint, AvroSchema>()

/**
 * From now on every reader can read what this schema wrote, as far as its own schema allows.
 * @returns its fingerprint; null where it is no Avro schema
 */
export function learnSchema(schema: AvroSchema): bigint | null {
  try {
    const fingerprint = schemaFingerprint(schema)
    learned.set(fingerprint, schema)
    return fingerprint
  } catch {
    return null
  }
}

export function learnedSchema(fingerprint: bigint): AvroSchema | undefined {
  return learned.get(fingerprint)
}
