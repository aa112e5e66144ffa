import { type AvroRecord, type AvroSchema, isUnion } from '../src/avro-schema.ts'
import { constantName, type NamedType, namedTypes, nullable } from './named-types.ts'

/**
 * The text of `writers.generated.ts`: for every record a function that writes its Avro binary form, straight through, without a type
 * being looked up per value. That, and one pass over short strings, is what makes encoding several times as fast as a walk over type
 * objects. The bytes are the ones that avsc writes; a property test holds the two together.
 */
export function writersText(records: readonly AvroRecord[]): string {
  const names = namedTypes(records)
  const types = [...names.values()]
  const enums = types.filter((type) => type.type === 'enum')
  const structs = types.filter((type) => type.type === 'record')
  const imports = [...enums.map((type) => constantName(type.name)), ...structs.map((type) => `type ${type.name}`)]
  const bodies = structs.map((type) => functionText(type, names))
  const helpers = ['indexOf', 'writeBoolean', 'writeBytes', 'writeCount', 'writeDouble', 'writeEnum', 'writeFixed']
    .concat('writeInt', 'writeLong', 'writeString')
    .filter((helper) => helper === 'indexOf' || bodies.some((body) => body.includes(`${helper}(`)))
  return [
    `import {\n${helpers.map((helper) => `  ${helper},\n`).join('')}} from './avro-bytes.ts'\n` +
      `import {\n${[...imports, 'type RecordTypes'].map((name) => `  ${name},\n`).join('')}} from './records.generated.ts'\n`,
    enums.map((type) => `const ${indexName(type.name)} = indexOf(${constantName(type.name)})\n`).join(''),
    ...bodies,
    '/** Writes a record at `start`; returns where it ends, beyond the buffer where that is too small. Throws `InvalidValue`. */\n' +
      'export type Writer<T> = (buf: Buffer, start: number, r: T) => number\n',
    `export const WRITERS: { readonly [N in keyof RecordTypes]: Writer<RecordTypes[N]> } = {\n${records
      .map((record) => `  ${record.name}: write${record.name},\n`)
      .join('')}}\n`,
  ].join('\n')
}

function functionText(schema: AvroRecord, names: ReadonlyMap<string, NamedType>): string {
  const lines = schema.fields.flatMap((field) => {
    const value = `r.${field.name}`
    const missing = field.default === undefined || field.default === null ? '' : ` ?? ${JSON.stringify(field.default)}`
    return statements(field.type, missing === '' ? value : `(${value}${missing})`, names, 1)
  })
  return (
    `function write${schema.name}(buf: Buffer, start: number, r: ${schema.name}): number {\n` +
    `  let pos = start\n${lines.map((line) => `${line}\n`).join('')}  return pos\n}\n`
  )
}

function statements(schema: AvroSchema, value: string, names: ReadonlyMap<string, NamedType>, depth: number): string[] {
  const indent = '  '.repeat(depth)
  const call = (helper: string, extra = '') => [`${indent}pos = ${helper}(buf, pos, ${value}${extra})`]
  if (typeof schema === 'string' && names.has(schema)) {
    return statements(names.get(schema) ?? schema, value, names, depth)
  }
  const union = typeof schema === 'string' ? undefined : nullable(schema)
  if (union !== undefined) {
    // An absent field is the default, null, as in avsc.
    return [
      `${indent}if (${value} === null || ${value} === undefined) {`,
      `${indent}  buf[pos++] = ${union.nullIndex * 2}`,
      `${indent}} else {`,
      `${indent}  buf[pos++] = ${2 - union.nullIndex * 2}`,
      ...statements(union.inner, value, names, depth + 1),
      `${indent}}`,
    ]
  }
  if (typeof schema !== 'string' && isUnion(schema)) throw new Error('not a union that tlsrep uses')
  if (typeof schema === 'object' && schema.type === 'array') {
    return [
      `${indent}{`,
      `${indent}  const items = ${value}`,
      `${indent}  pos = writeCount(buf, pos, items)`,
      `${indent}  for (const item of items) {`,
      ...statements(schema.items, 'item', names, depth + 2),
      `${indent}  }`,
      `${indent}  if (items.length > 0) buf[pos++] = 0`,
      `${indent}}`,
    ]
  }
  if (typeof schema === 'object') {
    if (schema.type === 'fixed') return call('writeFixed', `, ${schema.size}`)
    if (schema.type === 'enum') return call('writeEnum', `, ${indexName(schema.name)}`)
    if (schema.type === 'record') return call(`write${schema.name}`)
  }
  const primitive = typeof schema === 'string' ? schema : schema.type
  if (!['boolean', 'int', 'long', 'double', 'bytes', 'string'].includes(primitive)) {
    throw new Error(`no writer for ${primitive}`)
  }
  return call(`write${primitive.charAt(0).toUpperCase()}${primitive.slice(1)}`)
}

function indexName(name: string): string {
  return `${constantName(name).replace(/S$/, '')}_INDEX`
}
