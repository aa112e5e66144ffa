import type { Type, types } from '@tlsrep/schemas/avsc-type'

/** How a field becomes a column of ClickHouse's format Native. */
export interface ColumnPlan {
  /** ClickHouse's type of what is written; the server makes the table's own of it. */
  type: string
  kind: ColumnKind
  /** Null is another possibility: the first branch of a union of two. */
  isNullable: boolean
  /** Bytes of a value of fixed length, and of what stands in the place of a null. */
  size: number
  /** Of an enum: each symbol as ClickHouse's text. */
  symbols: readonly Buffer[]
}

export const TEXT = 0
export const FIXED = 1
export const ENUM = 2
export const BOOL = 3
export const INT = 4
export const LONG = 5
export const TEXTS = 6
export type ColumnKind =
  | typeof TEXT
  | typeof FIXED
  | typeof ENUM
  | typeof BOOL
  | typeof INT
  | typeof LONG
  | typeof TEXTS

/** @returns null where the pair is not one that tlsrep's own tables have */
export function columnPlan(avro: Type, column: string): ColumnPlan | null {
  const type = column.replaceAll(/LowCardinality\((Nullable\(\w+\)|\w+)\)/g, '$1')
  const [, outer = '', inner = ''] = /^(Nullable|Array)\((.*)\)$/.exec(type) ?? []
  if (isUnion(avro)) return outer === 'Nullable' ? nullable(avro, inner) : null
  if (avro.typeName !== 'array') return valuePlan(avro, type)
  const { itemsType } = avro as types.ArrayType
  const isTexts = outer === 'Array' && inner === 'String' && itemsType.typeName === 'string'
  return isTexts ? plan('Array(String)', TEXTS, 8) : null
}

function nullable(union: types.UnwrappedUnionType, column: string): ColumnPlan | null {
  const [first, second, third] = union.types
  if (first?.typeName !== 'null' || second === undefined || third !== undefined) return null
  const value = valuePlan(second, column)
  return value && { ...value, type: `Nullable(${value.type})`, isNullable: true }
}

function valuePlan(avro: Type, column: string): ColumnPlan | null {
  const [, outer = column, argument = ''] = /^(\w+)(?:\((.*)\))?$/.exec(column) ?? []
  switch (`${avro.typeName} ${outer}`) {
    case 'fixed FixedString':
    case 'fixed IPv6': {
      const { size } = avro as types.FixedType
      return size === (outer === 'IPv6' ? 16 : Number(argument)) ? plan(column, FIXED, size) : null
    }
    case 'double Float64':
      return plan(column, FIXED, 8)
    case 'enum String':
      return plan('String', ENUM, 1, (avro as types.EnumType).symbols.map(nativeText))
    case 'string String':
    case 'bytes String':
      return plan('String', TEXT, 1)
    case 'boolean Bool':
      return plan('Bool', BOOL, 1)
    case 'int Int32':
    case 'int Date32':
      return plan(column, INT, 4)
    case 'long Int64':
    case 'long UInt64':
      return plan(column, LONG, 8)
    case 'long DateTime64':
      return argument.startsWith('3') ? plan(column, LONG, 8) : null
    default:
      return null
  }
}

function plan(type: string, kind: ColumnKind, size: number, symbols: readonly Buffer[] = []): ColumnPlan {
  return { type, kind, size, symbols, isNullable: false }
}

/** With its length before it. */
export function nativeText(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(5)
  return Buffer.concat([length.subarray(0, writeUnsigned(length, 0, bytes.length)), bytes])
}

/** Groups of seven bits, low ones first, as ClickHouse writes lengths. */
export function writeUnsigned(buffer: Buffer, start: number, value: number): number {
  let at = start
  let left = value
  for (; left > 0x7f; left = Math.floor(left / 128)) buffer[at++] = (left % 128) | 0x80
  buffer[at] = left
  return at + 1
}

function isUnion(type: Type): type is types.UnwrappedUnionType {
  return type.typeName === 'union:unwrapped' || type.typeName === 'union:wrapped'
}
