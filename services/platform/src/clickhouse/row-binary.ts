/**
 * Rows of plain values as ClickHouse's RowBinary, by the column types that the server names: the way for what tlsrep writes row by row
 * (scores, pairs, ranges), bytes included, which JSON could not carry.
 */

/** bytes and text for String and FixedString, 16 bytes for IPv6, milliseconds since 1970 UTC for times, days since 1970 for dates. */
export type ColumnValue = string | number | bigint | boolean | Uint8Array | null | Date | readonly ColumnValue[]
export type InsertRow = Readonly<Record<string, ColumnValue>>
export interface Column {
  name: string
  /** As ClickHouse writes it, e.g. `LowCardinality(Nullable(String))`. */
  type: string
}

type Put = (out: ByteWriter, value: ColumnValue) => void

/** Throws a TypeError that names the column where a value does not fit. All rows have to have the columns named, and no others. */
export function rowBinary(columns: readonly Column[], rows: readonly InsertRow[]): Buffer {
  const puts = columns.map(({ name, type }) => ({ name, type, put: putterOf(type) }))
  const out = new ByteWriter()
  for (const row of rows) {
    for (const { name, type, put } of puts) {
      const value = row[name]
      if (value === undefined) throw new TypeError(`a row has no value for column ${name}`)
      try {
        put(out, value)
      } catch (cause) {
        throw new TypeError(`column ${name} ${type}: ${cause instanceof Error ? cause.message : String(cause)}`, {
          cause,
        })
      }
    }
    if (Object.keys(row).length !== columns.length)
      throw new TypeError(`rows differ in their columns: ${Object.keys(row)}`)
  }
  return out.bytes()
}

function putterOf(type: string): Put {
  const [, outer = type, inner = ''] = /^(\w+)\((.*)\)$/.exec(type) ?? []
  switch (outer) {
    case 'LowCardinality':
      return putterOf(inner)
    case 'Nullable':
      return nullable(putterOf(inner))
    case 'Array':
      return arrayOf(putterOf(inner))
    case 'FixedString':
      return fixed(Number(inner))
    case 'DateTime64':
      return dateTime64(Number(inner.split(',')[0]))
    default:
      return plainPutter(outer)
  }
}

function plainPutter(type: string): Put {
  switch (type) {
    case 'String':
      return (out, value) => {
        const bytes = bytesOf(value)
        out.varint(bytes.length)
        out.raw(bytes)
      }
    case 'IPv6':
      return fixed(16)
    case 'Bool':
    case 'UInt8':
      return (out, value) => out.integer(typeof value === 'boolean' ? Number(value) : integer(value, 0n, 0xffn), 1)
    case 'UInt16':
    case 'Date':
      return (out, value) => out.integer(integer(value, 0n, 0xffffn), 2)
    case 'UInt32':
      return (out, value) => out.integer(integer(value, 0n, 0xffff_ffffn), 4)
    case 'Int32':
    case 'Date32':
      return (out, value) => out.integer(integer(value, -0x8000_0000n, 0x7fff_ffffn), 4)
    case 'DateTime':
      return (out, value) => out.integer(integer(Math.floor(milliseconds(value) / 1000), 0n, 0xffff_ffffn), 4)
    case 'UInt64':
      return (out, value) => out.integer(integer(value, 0n, 2n ** 64n - 1n), 8)
    case 'Int64':
      return (out, value) => out.integer(integer(value, -(2n ** 63n), 2n ** 63n - 1n), 8)
    case 'Float64':
      return (out, value) => {
        if (typeof value !== 'number') throw new Error(`no number: ${typeof value}`)
        out.double(value)
      }
    default:
      throw new Error('a type that is not written row by row')
  }
}

function nullable(put: Put): Put {
  return (out, value) => {
    out.integer(value === null ? 1 : 0, 1)
    if (value !== null) put(out, value)
  }
}

function arrayOf(put: Put): Put {
  return (out, value) => {
    if (!Array.isArray(value)) throw new Error('no array')
    out.varint(value.length)
    for (const item of value as readonly ColumnValue[]) put(out, item)
  }
}

function fixed(size: number): Put {
  return (out, value) => {
    const bytes = bytesOf(value)
    if (bytes.length !== size) throw new Error(`${bytes.length} bytes, not ${size}`)
    out.raw(bytes)
  }
}

function dateTime64(precision: number): Put {
  const ticks = 10n ** BigInt(precision)
  return (out, value) => out.integer((BigInt(milliseconds(value)) * ticks) / 1000n, 8)
}

function milliseconds(value: ColumnValue): number {
  const ms = value instanceof Date ? value.getTime() : value
  if (typeof ms !== 'number' || !Number.isSafeInteger(ms)) throw new Error('no whole milliseconds')
  return ms
}

function integer(value: ColumnValue, min: bigint, max: bigint): bigint {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) throw new Error('no whole number')
  const whole = BigInt(value as number | bigint)
  if (whole < min || whole > max) throw new Error(`${whole} is out of range`)
  return whole
}

function bytesOf(value: ColumnValue): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  if (value instanceof Uint8Array) return value
  throw new Error(`neither text nor bytes: ${value === null ? 'null' : typeof value}`)
}

/** Grows by doubling. Little-endian, as RowBinary wants it. */
class ByteWriter {
  #buffer = Buffer.allocUnsafe(4096)
  #length = 0

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** LEB128, unsigned. */
  varint(value: number): void {
    this.#reserve(10)
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#buffer[this.#length++] = (rest % 0x80) | 0x80
    this.#buffer[this.#length++] = rest
  }

  integer(value: number | bigint, size: 1 | 2 | 4 | 8): void {
    this.#reserve(8)
    this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), this.#length)
    this.#length += size
  }

  double(value: number): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeDoubleLE(value, this.#length)
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + size))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
  }
}
