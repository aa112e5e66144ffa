import { BOOL, type ColumnPlan, ENUM, FIXED, INT, LONG, nativeText, TEXT, TEXTS, writeUnsigned } from './column-plan.ts'

const LONG_BYTES = 8
/** Text of a column to begin with, in bytes a record. */
const TEXT_BYTES = 16

/**
 * Fills columns record by record: a record's bytes are at hand while all its fields are read, and each column is written to its end
 * only. One loop with a switch, for it runs for every field of every record: calls of what is not known beforehand cost more than the copying.
 */
export class ColumnFiller {
  readonly #plans: readonly ColumnPlan[]
  readonly #bytes: Buffer
  readonly #count: number
  /** Of each column: values; whether null, or where lists end; how far the values are filled. */
  readonly #values: Buffer[]
  readonly #marks: Buffer[]
  readonly #filled: Int32Array
  readonly #items: Int32Array
  #row = 0
  #at = 0

  constructor(plans: readonly ColumnPlan[], bytes: Buffer, count: number) {
    this.#plans = plans
    this.#bytes = bytes
    this.#count = count
    this.#values = plans.map(({ kind, size }) => Buffer.allocUnsafeSlow(count * (isText(kind) ? TEXT_BYTES : size)))
    this.#marks = plans.map(({ kind, isNullable }) =>
      Buffer.allocUnsafeSlow(kind === TEXTS ? count * LONG_BYTES : isNullable ? count : 0),
    )
    this.#filled = new Int32Array(plans.length)
    this.#items = new Int32Array(plans.length)
  }

  /** @returns where the record ends that begins at `start`, or -1 where it is not as its schema says */
  take(start: number): number {
    const bytes = this.#bytes
    const plans = this.#plans
    this.#at = start
    for (let field = 0; field < plans.length; field++) {
      const { kind, isNullable, size, symbols } = plans[field] as ColumnPlan
      if (isNullable) {
        const branch = bytes[this.#at++]
        const marks = this.#marks[field] as Buffer
        marks[this.#row] = branch === 0 ? 1 : 0
        if (branch === 0) {
          this.#fill(field, size)
          continue
        }
        if (branch !== 2) return -1
      }
      switch (kind) {
        case TEXT:
          if (!this.#text(field)) return -1
          break
        case FIXED: {
          const from = this.#at
          this.#at = from + size
          this.#copy(field, bytes, from, size)
          break
        }
        case ENUM: {
          const symbol = symbols[this.#long()]
          if (symbol === undefined) return -1
          this.#copy(field, symbol, 0, symbol.length)
          break
        }
        case BOOL:
          if ((bytes[this.#at] ?? 2) > 1) return -1
          this.#copy(field, bytes, this.#at++, 1)
          break
        case INT: {
          const value = this.#long()
          if ((value | 0) !== value) return -1
          this.#number(field, value, 4)
          break
        }
        case LONG: {
          const value = this.#long()
          if (!Number.isSafeInteger(value)) return -1
          this.#number(field, value, LONG_BYTES)
          break
        }
        case TEXTS:
          if (!this.#texts(field)) return -1
      }
      if (this.#at > bytes.length) return -1
    }
    this.#row++
    return this.#at
  }

  /** All columns as one block, with their names. */
  block(names: readonly string[]): Buffer {
    const counts = Buffer.alloc(20)
    const end = writeUnsigned(counts, writeUnsigned(counts, 0, this.#plans.length), this.#count)
    const parts: Uint8Array[] = [counts.subarray(0, end)]
    for (const [field, { type }] of this.#plans.entries()) {
      parts.push(nativeText(names[field] ?? ''), nativeText(type), this.#marks[field] ?? Buffer.alloc(0))
      parts.push((this.#values[field] ?? Buffer.alloc(0)).subarray(0, this.#filled[field]))
    }
    return Buffer.concat(parts)
  }

  #text(field: number): boolean {
    const length = this.#long()
    const from = this.#at
    // Short ones are nearly all: then the length is one byte here as there.
    if (length < 0 || from + length > this.#bytes.length) return false
    this.#at = from + length
    if (length < 64) {
      this.#room(field, length + 1)
      const values = this.#values[field] as Buffer
      const at = this.#filled[field] as number
      values[at] = length
      for (let i = 0; i < length; i++) values[at + 1 + i] = this.#bytes[from + i] as number
      this.#filled[field] = at + 1 + length
      return true
    }
    this.#room(field, length + 10)
    const values = this.#values[field] as Buffer
    const at = writeUnsigned(values, this.#filled[field] as number, length)
    this.#filled[field] = at + this.#bytes.copy(values, at, from, from + length)
    return true
  }

  /** A list: its blocks, each with a count (negative: the length in bytes follows), and 0. */
  #texts(field: number): boolean {
    for (let count = this.#long(); count !== 0; count = this.#long()) {
      if (count < 0) this.#long()
      for (let left = Math.abs(count); left > 0; left--) if (!this.#text(field)) return false
      this.#items[field] = (this.#items[field] as number) + Math.abs(count)
    }
    writeNumber(this.#marks[field] as Buffer, this.#row * LONG_BYTES, this.#items[field] as number, LONG_BYTES)
    return true
  }

  #copy(field: number, from: Buffer, start: number, length: number): void {
    this.#room(field, length)
    const values = this.#values[field] as Buffer
    const at = this.#filled[field] as number
    for (let i = 0; i < length; i++) values[at + i] = from[start + i] as number
    this.#filled[field] = at + length
  }

  #fill(field: number, length: number): void {
    this.#room(field, length)
    const values = this.#values[field] as Buffer
    const at = this.#filled[field] as number
    for (let i = 0; i < length; i++) values[at + i] = 0
    this.#filled[field] = at + length
  }

  #number(field: number, value: number, length: number): void {
    const at = this.#filled[field] as number
    writeNumber(this.#values[field] as Buffer, at, value, length)
    this.#filled[field] = at + length
  }

  /** Texts grow; all else has its room from the beginning. */
  #room(field: number, length: number): void {
    const values = this.#values[field] as Buffer
    const filled = this.#filled[field] as number
    if (filled + length <= values.length) return
    const larger = Buffer.allocUnsafeSlow(2 * values.length + length)
    larger.set(values.subarray(0, filled))
    this.#values[field] = larger
  }

  /** A zigzag number; the sign apart, so that what is beyond 2^31 stays exact. */
  #long(): number {
    const bytes = this.#bytes
    let at = this.#at
    const first = bytes[at++] ?? 0
    let magnitude = (first & 0x7f) >> 1
    if (first > 0x7f) {
      for (let scale = 64; ; scale *= 128) {
        const byte = bytes[at++] ?? 0
        magnitude += (byte & 0x7f) * scale
        if (byte < 0x80) break
      }
    }
    this.#at = at
    return (first & 1) === 1 ? -magnitude - 1 : magnitude
  }
}

function isText(kind: ColumnPlan['kind']): boolean {
  return kind === TEXT || kind === TEXTS || kind === ENUM
}

/** Lowest byte first, in two's complement. */
function writeNumber(buffer: Buffer, start: number, value: number, length: number): void {
  let left = value | 0
  for (let i = 0; i < length; i++) {
    if (i === 4) left = Math.floor(value / 0x1_0000_0000)
    buffer[start + i] = left
    left >>= 8
  }
}
