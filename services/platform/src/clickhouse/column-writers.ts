import type { Type, types } from '@tlsrep/schemas/avsc-type'

/** Records of one Avro schema, one behind the other, and where each of their fields begins. */
export interface Records {
  bytes: Buffer
  count: number
  /** Field `f` of record `r` begins at `starts[r * fields + f]`. */
  starts: Int32Array
  fields: number
}

/** Bytes of a block, as far as they are written. The buffer has room for all that is to come. */
export interface Block {
  buffer: Buffer
  at: number
}

/** How a field becomes a column of ClickHouse's format Native. */
export interface ColumnWriter {
  /** ClickHouse's type of what is written; the server makes the table's own of it. */
  type: string
  /** Most bytes that a record's value can take beyond what it takes in Avro. A string takes none: its length has a sign there. */
  more: number
  write(records: Records, field: number, block: Block): void
}

/** Writes the value that begins at `start`, and says in `block` where it ends. */
type WriteValue = (bytes: Buffer, start: number, block: Block) => void

interface ValueWriter {
  type: string
  more: number
  write: WriteValue
  /** What stands in the place of a null. */
  empty: number
}

const LONG_BYTES = 8

/** @returns null where the pair is not one that tlsrep's own tables have */
export function columnWriter(avro: Type, column: string): ColumnWriter | null {
  const type = column.replaceAll(/LowCardinality\(((?:Nullable\(\w+\)|\w+))\)/g, '$1')
  const inner = /^(Nullable|Array)\((.*)\)$/.exec(type)
  if (isUnion(avro)) return inner?.[1] === 'Nullable' ? nullableColumn(avro, inner[2] ?? '') : null
  if (avro.typeName === 'array') return inner?.[1] === 'Array' ? arrayColumn(avro, inner[2] ?? '') : null
  const value = valueWriter(avro, type)
  return value && plainColumn(value)
}

function plainColumn({ type, more, write }: ValueWriter): ColumnWriter {
  return {
    type,
    more,
    write({ bytes, count, starts, fields }, field, block) {
      for (let r = 0, i = field; r < count; r++, i += fields) write(bytes, starts[i] ?? 0, block)
    },
  }
}

/** A byte for each record that says whether it is null, then the values. Both kinds of union that there are begin with null. */
function nullableColumn(union: types.UnwrappedUnionType, column: string): ColumnWriter | null {
  const [first, second, third] = union.types
  if (first?.typeName !== 'null' || second === undefined || third !== undefined) return null
  const value = valueWriter(second, column)
  if (value === null) return null
  const { type, more, write, empty } = value
  return {
    type: `Nullable(${type})`,
    more: more + empty,
    write({ bytes, count, starts, fields }, field, block) {
      const { buffer } = block
      let at = block.at
      for (let r = 0, i = field; r < count; r++, i += fields) buffer[at++] = bytes[starts[i] ?? 0] === 0 ? 1 : 0
      block.at = at
      for (let r = 0, i = field; r < count; r++, i += fields) {
        const start = starts[i] ?? 0
        if (bytes[start] !== 0) write(bytes, start + 1, block)
        else for (let left = empty; left > 0; left--) buffer[block.at++] = 0
      }
    },
  }
}

/** Where each record's items end, as 64-bit numbers, then all items. */
function arrayColumn(array: Type, column: string): ColumnWriter | null {
  const value = valueWriter((array as types.ArrayType).itemsType, column)
  // Items of other types would have to be walked over to be counted.
  if (value === null || value.type !== 'String' || (array as types.ArrayType).itemsType.typeName === 'enum') return null
  return {
    type: `Array(${value.type})`,
    more: LONG_BYTES,
    write({ bytes, count, starts, fields }, field, block) {
      let at = block.at
      block.at += count * LONG_BYTES
      let items = 0
      for (let r = 0, i = field; r < count; r++, i += fields) {
        items += writeItems(bytes, starts[i] ?? 0, value.write, block)
        at = writeLong(block.buffer, at, items)
      }
    },
  }
}

/** All blocks of an array of strings. @returns how many */
function writeItems(bytes: Buffer, start: number, write: WriteValue, block: Block): number {
  let items = 0
  for (let at = start; ; ) {
    let count = readLong(bytes, at)
    at = endOfLong(bytes, at)
    if (count === 0) return items
    if (count < 0) {
      // The block's length in bytes follows.
      count = -count
      at = endOfLong(bytes, at)
    }
    items += count
    for (let i = 0; i < count; i++) {
      write(bytes, at, block)
      at = endOfLong(bytes, at) + readLong(bytes, at)
    }
  }
}

function valueWriter(avro: Type, column: string): ValueWriter | null {
  const [, outer = column, size = ''] = /^(\w+)(?:\((.*)\))?$/.exec(column) ?? []
  const pair = `${avro.typeName} ${outer}`
  switch (pair) {
    case 'fixed FixedString':
    case 'fixed IPv6': {
      const length = (avro as types.FixedType).size
      return length === (outer === 'IPv6' ? 16 : Number(size)) ? fixedValue(column, length) : null
    }
    case 'enum String':
      return enumValue((avro as types.EnumType).symbols)
    case 'string String':
    case 'bytes String':
      return { type: 'String', more: 0, empty: 1, write: writeText }
    case 'boolean Bool':
      return { type: 'Bool', more: 0, empty: 1, write: writeByte }
    case 'int Int32':
    case 'int Date32':
      return { type: column, more: 3, empty: 4, write: writeInt }
    case 'long Int64':
    case 'long UInt64':
      return { type: column, more: 7, empty: LONG_BYTES, write: writeLongOf }
    case 'long DateTime64':
      return size.startsWith('3') ? { type: column, more: 7, empty: LONG_BYTES, write: writeLongOf } : null
    case 'double Float64':
      return fixedValue(column, 8)
    default:
      return null
  }
}

function fixedValue(type: string, size: number): ValueWriter {
  return {
    type,
    more: 0,
    empty: size,
    write(bytes, start, block) {
      const { buffer, at } = block
      for (let i = 0; i < size; i++) buffer[at + i] = bytes[start + i] ?? 0
      block.at = at + size
    },
  }
}

function enumValue(symbols: readonly string[]): ValueWriter {
  const texts = symbols.map((symbol) => {
    const text = Buffer.from(symbol)
    return Buffer.from([text.length, ...text])
  })
  return {
    type: 'String',
    more: Math.max(...texts.map((text) => text.length)),
    empty: 1,
    write(bytes, start, block) {
      const text = texts[readLong(bytes, start)] ?? Buffer.of(0)
      const { buffer, at } = block
      for (let i = 0; i < text.length; i++) buffer[at + i] = text[i] ?? 0
      block.at = at + text.length
    },
  }
}

/** Most strings are short: their length is one byte here and there. */
function writeText(bytes: Buffer, start: number, block: Block): void {
  const { buffer } = block
  const first = bytes[start] ?? 0
  if (first > 0x7f) {
    const length = readLong(bytes, start)
    const from = endOfLong(bytes, start)
    const at = writeUnsigned(buffer, block.at, length)
    bytes.copy(buffer, at, from, from + length)
    block.at = at + length
    return
  }
  const length = first >> 1
  const at = block.at
  buffer[at] = length
  for (let i = 1; i <= length; i++) buffer[at + i] = bytes[start + i] ?? 0
  block.at = at + 1 + length
}

function writeByte(bytes: Buffer, start: number, block: Block): void {
  block.buffer[block.at++] = bytes[start] ?? 0
}

function writeInt(bytes: Buffer, start: number, block: Block): void {
  const { buffer, at } = block
  const value = readLong(bytes, start)
  buffer[at] = value
  buffer[at + 1] = value >> 8
  buffer[at + 2] = value >> 16
  buffer[at + 3] = value >> 24
  block.at = at + 4
}

function writeLongOf(bytes: Buffer, start: number, block: Block): void {
  block.at = writeLong(block.buffer, block.at, readLong(bytes, start))
}

/** Lowest byte first, in two's complement. */
function writeLong(buffer: Buffer, at: number, value: number): number {
  const low = value | 0
  const high = Math.floor(value / 0x1_0000_0000)
  buffer[at] = low
  buffer[at + 1] = low >> 8
  buffer[at + 2] = low >> 16
  buffer[at + 3] = low >> 24
  buffer[at + 4] = high
  buffer[at + 5] = high >> 8
  buffer[at + 6] = high >> 16
  buffer[at + 7] = high >> 24
  return at + LONG_BYTES
}

/** Groups of seven bits, low ones first, as ClickHouse writes lengths. */
export function writeUnsigned(buffer: Buffer, start: number, value: number): number {
  let at = start
  let left = value
  for (; left > 0x7f; left = Math.floor(left / 128)) buffer[at++] = (left % 128) | 0x80
  buffer[at] = left
  return at + 1
}

/** A zigzag number; the sign apart, so that what is beyond 2^31 stays exact. */
function readLong(bytes: Buffer, start: number): number {
  const first = bytes[start] ?? 0
  let magnitude = (first & 0x7f) >> 1
  if (first > 0x7f) {
    let scale = 64
    for (let at = start + 1; ; at++) {
      const byte = bytes[at] ?? 0
      magnitude += (byte & 0x7f) * scale
      if (byte < 0x80) break
      scale *= 128
    }
  }
  return (first & 1) === 1 ? -magnitude - 1 : magnitude
}

function endOfLong(bytes: Buffer, start: number): number {
  let at = start
  while ((bytes[at] ?? 0) > 0x7f) at++
  return at + 1
}

function isUnion(type: Type): type is types.UnwrappedUnionType {
  return type.typeName === 'union:unwrapped' || type.typeName === 'union:wrapped'
}
