/**
 * The primitives of Avro's binary form, as the generated writers call them (Avro 1.11 specification, "Binary Encoding").
 *
 * All take a buffer and a position and return the position after what they wrote. None checks for room: a byte stored beyond a typed
 * array's end is dropped by the language, so the position that comes out at the end says how much room the record needs, and the
 * encoder tries again with a larger buffer. A value outside its type throws `InvalidValue`, before or after some bytes were stored.
 */

/** A value that its Avro type does not allow. Says nothing by itself: the encoder finds out which fields are wrong. */
export class InvalidValue extends Error {
  override readonly name = 'InvalidValue'
}

/** 2^27: the low 27 bits and the sign are four groups of seven bits, and integer arithmetic. */
const LOW = 0x8000000

/**
 * The largest magnitude of a long: 2^52. avsc 5.7.9 takes more, up to 2^53 - 2, but its reader makes a zigzag number of it that needs
 * 54 bits, and so reads a negative one beyond 2^52 as a positive one.
 */
export const LONG_MAX = 2 ** 52

const scratch = new DataView(new ArrayBuffer(8))

/** Symbol → position. A map, not an object, so that `constructor` is no symbol. */
export function indexOf(symbols: readonly string[]): ReadonlyMap<string, number> {
  return new Map(symbols.map((symbol, index) => [symbol, index]))
}

export function writeBoolean(buf: Buffer, pos: number, value: boolean): number {
  if (typeof value !== 'boolean') throw new InvalidValue()
  buf[pos] = value ? 1 : 0
  return pos + 1
}

export function writeInt(buf: Buffer, pos: number, value: number): number {
  if ((value | 0) !== value) throw new InvalidValue()
  return writeGroups(buf, pos, ((value << 1) ^ (value >> 31)) >>> 0)
}

export function writeLong(buf: Buffer, pos: number, value: number): number {
  if ((value | 0) === value) return writeGroups(buf, pos, ((value << 1) ^ (value >> 31)) >>> 0)
  if (!Number.isInteger(value) || value > LONG_MAX || value < -LONG_MAX) throw new InvalidValue()
  // Zigzag of more than 53 bits is no exact double: the lowest 28 of its bits are made apart from the rest, which is below 2^26.
  const magnitude = value < 0 ? -(value + 1) : value
  const low = magnitude % LOW
  const bits = (low << 1) | (value < 0 ? 1 : 0)
  buf[pos] = bits | 0x80
  buf[pos + 1] = (bits >>> 7) | 0x80
  buf[pos + 2] = (bits >>> 14) | 0x80
  buf[pos + 3] = (bits >>> 21) | 0x80
  return writeGroups(buf, pos + 4, (magnitude - low) / LOW)
}

/** Groups of seven bits, low ones first, of an unsigned 32-bit number. */
function writeGroups(buf: Buffer, pos: number, unsigned: number): number {
  let left = unsigned
  let at = pos
  while (left > 0x7f) {
    buf[at++] = (left & 0x7f) | 0x80
    left >>>= 7
  }
  buf[at] = left
  return at + 1
}

export function writeDouble(buf: Buffer, pos: number, value: number): number {
  if (typeof value !== 'number') throw new InvalidValue()
  scratch.setFloat64(0, value, true)
  for (let i = 0; i < 8; i++) buf[pos + i] = scratch.getUint8(i)
  return pos + 8
}

export function writeEnum(buf: Buffer, pos: number, value: string, index: ReadonlyMap<string, number>): number {
  const symbol = index.get(value)
  if (symbol === undefined) throw new InvalidValue()
  if (symbol > 63) return writeInt(buf, pos, symbol)
  buf[pos] = symbol << 1
  return pos + 1
}

export function writeFixed(buf: Buffer, pos: number, value: Uint8Array, size: number): number {
  if (!(value instanceof Uint8Array) || value.length !== size) throw new InvalidValue()
  for (let i = 0; i < size; i++) buf[pos + i] = value[i] ?? 0
  return pos + size
}

export function writeBytes(buf: Buffer, pos: number, value: Uint8Array): number {
  if (!(value instanceof Uint8Array)) throw new InvalidValue()
  const start = writeLong(buf, pos, value.length)
  if (start + value.length <= buf.length) buf.set(value, start)
  return start + value.length
}

/** The number of items, as the one block of an array; the caller writes the items, and the closing 0 where there are any. */
export function writeCount(buf: Buffer, pos: number, items: readonly unknown[]): number {
  if (!Array.isArray(items)) throw new InvalidValue()
  return writeLong(buf, pos, items.length)
}

/**
 * Most strings are short and ASCII: their length is one byte and equals the byte count, so one pass over them does it, with no call into
 * the engine. The first other character starts again, the long way.
 */
export function writeString(buf: Buffer, pos: number, value: string): number {
  if (typeof value !== 'string') throw new InvalidValue()
  const length = value.length
  if (length > 63) return writeAnyString(buf, pos, value)
  buf[pos] = length << 1
  for (let i = 0; i < length; i++) {
    const unit = value.charCodeAt(i)
    if (unit > 0x7f) return writeAnyString(buf, pos, value)
    buf[pos + 1 + i] = unit
  }
  return pos + 1 + length
}

/** Any string as UTF-8. A surrogate without its other half becomes U+FFFD, so that what is written is always valid. */
function writeAnyString(buf: Buffer, pos: number, value: string): number {
  const length = Buffer.byteLength(value)
  const start = writeLong(buf, pos, length)
  if (start + length <= buf.length) buf.write(value, start, length, 'utf8')
  return start + length
}
