import avsc, { type Type, type types } from 'avsc'

/** Makes the value that begins at `start`, of bytes that a layout has walked over: they are known to be whole. */
export type ReadValue = (bytes: Buffer, start: number) => unknown

/**
 * Reads some fields of a record from the places where a layout has found them to begin, without reading what lies between. Bytes of fixed
 * length are views of the record, not copies.
 * @returns null where a field is of a type that it does not read, or of another type than the writer's: that is resolved by avsc
 */
export function fieldValues(reader: types.RecordType, writer: types.RecordType): FieldValues | null {
  const names: string[] = []
  const indexes: number[] = []
  const reads: ReadValue[] = []
  for (const { name, type } of reader.fields) {
    const index = writer.fields.findIndex((field) => field.name === name)
    const read = writer.fields[index]?.type.equals(type) === true ? readerOf(type) : null
    if (read === null) return null
    names.push(name)
    indexes.push(index)
    reads.push(read)
  }
  return new FieldValues(names, indexes, reads)
}

export class FieldValues {
  readonly #names: readonly string[]
  readonly #indexes: readonly number[]
  readonly #reads: readonly ReadValue[]

  constructor(names: readonly string[], indexes: readonly number[], reads: readonly ReadValue[]) {
    this.#names = names
    this.#indexes = indexes
    this.#reads = reads
  }

  /** @param starts where each field of the writer's record begins */
  read(bytes: Buffer, starts: Int32Array): Record<string, unknown> {
    const record: Record<string, unknown> = {}
    for (let i = 0; i < this.#names.length; i++) {
      record[this.#names[i] ?? ''] = this.#reads[i]?.(bytes, starts[this.#indexes[i] ?? 0] ?? 0)
    }
    return record
  }
}

function readerOf(type: Type): ReadValue | null {
  if (type instanceof avsc.types.FixedType) {
    const { size } = type
    return (bytes, start) => bytes.subarray(start, start + size)
  }
  if (type instanceof avsc.types.EnumType) {
    const { symbols } = type
    return (bytes, start) => symbols[readLong(bytes, start)]
  }
  if (type instanceof avsc.types.UnwrappedUnionType) return nullableReader(type)
  switch (type.typeName) {
    case 'boolean':
      return (bytes, start) => bytes[start] === 1
    case 'int':
    case 'long':
      return readLong
    case 'string':
      return readString
    default:
      return null
  }
}

/** Of a union of null and one more, or the other way round. */
function nullableReader({ types: branches }: types.UnwrappedUnionType): ReadValue | null {
  const nullAt = branches.findIndex((branch) => branch.typeName === 'null')
  const value = branches[1 - nullAt]
  const read = branches.length === 2 && nullAt >= 0 && value !== undefined ? readerOf(value) : null
  // The number of the branch is one byte: 0 or 2 in zigzag.
  return read === null ? null : (bytes, start) => ((bytes[start] ?? 0) >> 1 === nullAt ? null : read(bytes, start + 1))
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

function readString(bytes: Buffer, start: number): string {
  let from = start
  while ((bytes[from] ?? 0) > 0x7f) from++
  return bytes.toString('utf8', from + 1, from + 1 + readLong(bytes, start))
}
