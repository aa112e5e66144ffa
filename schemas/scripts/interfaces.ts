import { type AvroEnum, type AvroField, type AvroRecord, type AvroSchema, isUnion } from '../src/avro-schema.ts'
import { constantName, type NamedType, namedTypes, nullable } from './named-types.ts'

const PRIMITIVES: Readonly<Record<string, string>> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  string: 'string',
  bytes: 'Uint8Array',
}

/** The text of `records.generated.ts`: an interface for every record, an array and a union type for every enum. */
export function interfacesText(records: readonly AvroRecord[]): string {
  const names = namedTypes(records)
  const texts = [...names.values()].map((type) =>
    type.type === 'enum' ? enumText(type) : type.type === 'record' ? recordText(type, names) : '',
  )
  const map = records.map((record) => `  ${record.name}: ${record.name}\n`).join('')
  return [
    ...texts.filter((text) => text !== ''),
    `/** The interface of each record that travels on a topic, by its name. */\nexport interface RecordTypes {\n${map}}\n`,
  ].join('\n')
}

function tsType(schema: AvroSchema, names: ReadonlyMap<string, NamedType>): string {
  if (typeof schema === 'string') {
    const named = names.get(schema)
    return named === undefined ? (PRIMITIVES[schema] ?? unknownType(schema)) : tsType(named, names)
  }
  const union = nullable(schema)
  if (union !== undefined) return `${tsType(union.inner, names)} | null`
  if (isUnion(schema)) return unknownType(schema)
  switch (schema.type) {
    case 'array':
      return `readonly ${tsType(schema.items, names)}[]`
    case 'fixed':
      return 'Uint8Array'
    case 'enum':
    case 'record':
      return schema.name
    default:
      return PRIMITIVES[schema.type] ?? unknownType(schema)
  }
}

function unknownType(schema: AvroSchema): never {
  throw new Error(`no TypeScript type for ${JSON.stringify(schema)}`)
}

function enumText(schema: AvroEnum): string {
  const symbols = schema.symbols.map((symbol) => `  '${symbol}',\n`).join('')
  const array = constantName(schema.name)
  return (
    `${jsdoc(schema.doc, '')}export const ${array} = [\n${symbols}] as const\n\n` +
    `${jsdoc(schema.doc, '')}export type ${schema.name} = (typeof ${array})[number]\n`
  )
}

function recordText(schema: AvroRecord, names: ReadonlyMap<string, NamedType>): string {
  const fields = schema.fields.map((field) => fieldText(field, names)).join('')
  return `${jsdoc(schema.doc, '')}export interface ${schema.name} {\n${fields}}\n`
}

function fieldText(field: AvroField, names: ReadonlyMap<string, NamedType>): string {
  return `${jsdoc(field.doc, '  ')}  ${field.name}: ${tsType(field.type, names)}\n`
}

function jsdoc(doc: string | undefined, indent: string): string {
  if (doc === undefined) return ''
  const safe = doc.replaceAll('*/', '*\\/')
  const width = 120 - indent.length - 3
  if (safe.length <= width - 4) return `${indent}/** ${safe} */\n`
  return `${indent}/**\n${wrap(safe, width)
    .map((line) => `${indent} * ${line}\n`)
    .join('')}${indent} */\n`
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  lines.push(line)
  return lines
}
