import { type AvroRecord, type AvroSchema, isUnion } from '../src/avro-schema.ts'
import { type NamedType, namedTypes, nullable } from './named-types.ts'

/** Named fixed types that have a text form of their own; all others are hexadecimal digits. */
const FIXED_TEXT: Readonly<Record<string, string>> = { IpAddress: 'ipText' }

const LOGICAL_TEXT: Readonly<Record<string, string>> = { 'timestamp-millis': 'jsonTime', date: 'jsonDate' }

/** What an expression adds to the line: text that is known now, or code that makes text. */
type Piece = { literal: string } | { code: string }

/**
 * The text of `json.generated.ts`: for every record a function that writes it as one line of JSON, fields in the schema's order. Quotes
 * and keys that stand side by side are one literal, because the number of concatenations is what the time goes into.
 */
export function jsonWritersText(records: readonly AvroRecord[]): string {
  const names = namedTypes(records)
  const structs = [...names.values()].filter((type) => type.type === 'record')
  const bodies = structs.map((type) => functionText(type, names))
  const helpers = ['hexText', 'base64Text', 'jsonArray', 'jsonDate', 'jsonDouble', 'jsonTime', 'stringText']
  const used = helpers.filter((helper) => bodies.some((body) => body.includes(`${helper}(`)))
  const imports = [...structs.map((type) => type.name), 'RecordTypes']
  return [
    `import { ipText } from './ip-text.ts'\nimport { ${used.join(', ')} } from './json-values.ts'\n` +
      `import type {\n${imports.map((name) => `  ${name},\n`).join('')}} from './records.generated.ts'\n`,
    ...bodies,
    `export const JSON_WRITERS: { readonly [N in keyof RecordTypes]: (r: RecordTypes[N]) => string } = {\n${records
      .map((record) => `  ${record.name}: json${record.name},\n`)
      .join('')}}\n`,
  ].join('\n')
}

function functionText(schema: AvroRecord, names: ReadonlyMap<string, NamedType>): string {
  const pieces = schema.fields.flatMap((field, index) => {
    const key = `${index === 0 ? '{' : ','}"${field.name}":`
    return keyed(key, field.type, `r.${field.name}`, names)
  })
  const sum = joined([...pieces, { literal: '}' }], ' +\n    ')
  return `function json${schema.name}(r: ${schema.name}): string {\n  return (\n    ${sum}\n  )\n}\n`
}

/** A key with its value; where the value is one of few, key and value together are one literal. */
function keyed(key: string, schema: AvroSchema, value: string, names: ReadonlyMap<string, NamedType>): Piece[] {
  const union = nullable(schema)
  if (union !== undefined) {
    const rest = joined(keyed(key, union.inner, value, names))
    return [{ code: `(${value} === null ? ${quoted(`${key}null`)} : ${rest})` }]
  }
  if (schema === 'boolean') return [{ code: `(${value} ? ${quoted(`${key}true`)} : ${quoted(`${key}false`)})` }]
  return [{ literal: key }, ...pieces(schema, value, names)]
}

function pieces(schema: AvroSchema, value: string, names: ReadonlyMap<string, NamedType>): Piece[] {
  if (typeof schema === 'string') {
    const named = names.get(schema)
    return named === undefined ? primitive(schema, value) : pieces(named, value, names)
  }
  if (isUnion(schema)) throw new Error('a union inside an array is not one that tlsrep uses')
  switch (schema.type) {
    case 'array':
      return [{ code: `jsonArray(${value}, (item) => ${joined(pieces(schema.items, 'item', names))})` }]
    case 'fixed':
      return inQuotes(`${FIXED_TEXT[schema.name] ?? 'hexText'}(${value})`)
    case 'enum':
      return inQuotes(value)
    case 'record':
      return [{ code: `json${schema.name}(${value})` }]
    case 'map':
      throw new Error('no JSON text for maps')
    default: {
      const helper = schema.logicalType === undefined ? undefined : LOGICAL_TEXT[schema.logicalType]
      return helper === undefined ? primitive(schema.type, value) : [{ code: `${helper}(${value})` }]
    }
  }
}

function primitive(name: string, value: string): Piece[] {
  switch (name) {
    case 'string':
      return inQuotes(`stringText(${value})`)
    case 'bytes':
      return inQuotes(`base64Text(${value})`)
    case 'double':
      return [{ code: `jsonDouble(${value})` }]
    case 'boolean':
    case 'int':
    case 'long':
      return [{ code: `String(${value})` }]
    default:
      throw new Error(`no JSON text for ${name}`)
  }
}

function inQuotes(code: string): Piece[] {
  return [{ literal: '"' }, { code }, { literal: '"' }]
}

/** The pieces as one sum, literals that meet made one. */
function joined(list: readonly Piece[], plus = ' + '): string {
  const terms: string[] = []
  let literal = ''
  for (const piece of list) {
    if ('literal' in piece) {
      literal += piece.literal
      continue
    }
    if (literal !== '') terms.push(quoted(literal))
    literal = ''
    terms.push(piece.code)
  }
  if (literal !== '') terms.push(quoted(literal))
  return terms.join(plus)
}

function quoted(literal: string): string {
  return `'${literal}'`
}
