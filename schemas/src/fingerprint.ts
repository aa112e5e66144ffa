import { type AvroSchema, isUnion } from './avro-schema.ts'

const PRIMITIVES = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'])

/** The fingerprint of the empty text, and the polynomial (Avro 1.11 specification, "Schema Fingerprints"). */
const EMPTY = 0xc15d213aa4d7a795n

/**
 * The Parsing Canonical Form of a schema: what of it decides how bytes are read, written in one way only (Avro 1.11 specification,
 * "Parsing Canonical Form for Schemas"). Documentation, defaults and logical types are not in it.
 */
export function canonicalForm(schema: AvroSchema, namespace = ''): string {
  if (typeof schema === 'string') {
    return JSON.stringify(PRIMITIVES.has(schema) ? schema : fullName(schema, undefined, namespace))
  }
  if (isUnion(schema)) return `[${schema.map((branch) => canonicalForm(branch, namespace)).join(',')}]`
  switch (schema.type) {
    case 'array':
      return `{"type":"array","items":${canonicalForm(schema.items, namespace)}}`
    case 'map':
      return `{"type":"map","values":${canonicalForm(schema.values, namespace)}}`
    case 'fixed':
      return `${nameAndType(schema, namespace)},"size":${schema.size}}`
    case 'enum':
      return `${nameAndType(schema, namespace)},"symbols":${JSON.stringify(schema.symbols)}}`
    case 'record': {
      const full = fullName(schema.name, schema.namespace, namespace)
      const inside = full.slice(0, Math.max(0, full.lastIndexOf('.')))
      const fields = schema.fields.map(
        (field) => `{"name":${JSON.stringify(field.name)},"type":${canonicalForm(field.type, inside)}}`,
      )
      return `${nameAndType(schema, namespace)},"fields":[${fields.join(',')}]}`
    }
    default:
      // A primitive in braces, or a whole schema in them: {"type": {"type": ...}}.
      return canonicalForm(schema.type, namespace)
  }
}

function nameAndType(schema: { name: string; namespace?: string; type: string }, namespace: string): string {
  const name = fullName(schema.name, schema.namespace, namespace)
  return `{"name":${JSON.stringify(name)},"type":"${schema.type}"`
}

/** A name with a dot is whole; others take the namespace that stands beside them, else the one around them. */
function fullName(name: string, own: string | undefined, around: string): string {
  const namespace = own ?? around
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}

/** CRC-64-AVRO of bytes, 64 bits unsigned. */
export function crc64Avro(bytes: Uint8Array): bigint {
  let crc = EMPTY
  for (const byte of bytes) crc = (crc >> 8n) ^ (TABLE[Number((crc ^ BigInt(byte)) & 0xffn)] ?? 0n)
  return crc
}

const TABLE = Array.from({ length: 256 }, (_, byte) => {
  let entry = BigInt(byte)
  for (let bit = 0; bit < 8; bit++) entry = (entry & 1n) === 1n ? (entry >> 1n) ^ EMPTY : entry >> 1n
  return entry
})

/** What single-object encoding names a schema by: CRC-64-AVRO of its Parsing Canonical Form. */
export function schemaFingerprint(schema: AvroSchema): bigint {
  return crc64Avro(Buffer.from(canonicalForm(schema), 'utf8'))
}

/** A fingerprint as it stands in the framing: eight bytes, lowest first, in hexadecimal digits. */
export function fingerprintText(fingerprint: bigint): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(fingerprint)
  return bytes.toString('hex')
}
