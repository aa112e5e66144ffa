import avsc, { type Type, type types } from 'avsc'
import { LONG_MAX } from './avro-bytes.ts'

/**
 * Walks over the bytes of a record without making values of them, to say where it ends or why it does not. It stands before avsc's
 * reader, which trusts its input: there a made-up array length is an endless loop, and a cut-off string an undefined value.
 */
export interface Layout {
  /** The position after the record that begins at `start`, or the fault. */
  walk(bytes: Uint8Array, start: number): number | LayoutFault
  /** Of a record that is whole: where each of its fields begins, in the order of the schema; valid until the next walk. */
  readonly starts: Int32Array
}

export interface LayoutFault {
  reason: 'truncated' | 'invalid'
  /** The field in which it is, dotted. */
  field: string
}

type Step = (bytes: Uint8Array, pos: number, trail: Trail) => number

/** What a walk leaves behind: the last number read, and on the way out of a fault the fields that it went through. */
interface Trail {
  value: number
  fields: string[]
}

/** The outermost record tells where its fields begin; any other type has none. */
const NO_FIELDS = new Int32Array(0)

const TRUNCATED = -1
const INVALID = -2

/** Items without bytes of their own (null, empty records) cost nothing to claim; more than this many is no array of ours. */
const EMPTY_ITEMS_MAX = 65_536

export function layoutOf(type: Type): Layout {
  const starts = type instanceof avsc.types.RecordType ? new Int32Array(type.fields.length) : NO_FIELDS
  const step = type instanceof avsc.types.RecordType ? outerStep(type, starts) : stepOf(type, new Map())
  // One for all walks: it is reset by none, as a fault empties it.
  const trail: Trail = { value: 0, fields: [] }
  return {
    starts,
    walk(bytes, start) {
      const end = step(bytes, start, trail)
      if (end >= 0) return end
      const field = trail.fields.splice(0).reverse().join('.')
      return { reason: end === TRUNCATED ? 'truncated' : 'invalid', field }
    },
  }
}

function stepOf(type: Type, known: Map<Type, Step>): Step {
  if (type instanceof avsc.types.RecordType) return recordStep(type, known)
  if (type instanceof avsc.types.EnumType) return indexStep(type.symbols.map(() => (_, pos) => pos))
  if (type instanceof avsc.types.UnwrappedUnionType || type instanceof avsc.types.WrappedUnionType) {
    return indexStep(type.types.map((branch) => stepOf(branch, known)))
  }
  if (type instanceof avsc.types.FixedType) return skip(type.size)
  if (type instanceof avsc.types.ArrayType) return blocksStep(stepOf(type.itemsType, known))
  if (type instanceof avsc.types.MapType) {
    const values = stepOf(type.valuesType, known)
    return blocksStep((bytes, pos, trail) => {
      const at = lengthStep(bytes, pos, trail)
      return at < 0 ? at : values(bytes, at, trail)
    })
  }
  switch (type.typeName) {
    case 'null':
      return (_, pos) => pos
    case 'boolean':
      return (bytes, pos) => (pos >= bytes.length ? TRUNCATED : (bytes[pos] ?? 2) > 1 ? INVALID : pos + 1)
    case 'int':
      return (bytes, pos, trail) => {
        const at = longStep(bytes, pos, trail)
        return at >= 0 && (trail.value | 0) !== trail.value ? INVALID : at
      }
    case 'long':
      return longStep
    case 'float':
      return skip(4)
    case 'double':
      return skip(8)
    case 'bytes':
    case 'string':
      return lengthStep
    default:
      throw new Error(`no layout for ${type.typeName}`)
  }
}

/** How the fields of the outermost record are walked over: the common types in one loop, all others by their steps. */
type Field = { name: string; isNullable: boolean; kind: 'text' | 'step' | 'fixed'; size: number; step: Step }

function fieldOf(name: string, type: Type, known: Map<Type, Step>): Field {
  const value = nullableOf(type)
  const inner = value ?? type
  const isText = inner.typeName === 'string' || inner.typeName === 'bytes'
  const kind = isText ? 'text' : inner instanceof avsc.types.FixedType ? 'fixed' : 'step'
  const size = inner instanceof avsc.types.FixedType ? inner.size : 0
  return { name, isNullable: value !== null, kind, size, step: stepOf(inner, known) }
}

/** What else a union of null and one more can be; null for anything else. */
function nullableOf(type: Type): Type | null {
  if (!(type instanceof avsc.types.UnwrappedUnionType)) return null
  const [first, second] = type.types
  return type.types.length === 2 && first?.typeName === 'null' && second !== undefined ? second : null
}

/** The record that a walk begins with: `starts` says afterwards where its fields began. */
function outerStep(type: types.RecordType, starts: Int32Array): Step {
  const known = new Map<Type, Step>()
  const fields = type.fields.map((field) => fieldOf(field.name, field.type, known))
  return (bytes, pos, trail) => {
    let at = pos
    for (let i = 0; i < fields.length; i++) {
      const { name, isNullable, kind, size, step } = fields[i] as Field
      starts[i] = at
      if (isNullable) {
        const branch = bytes[at]
        if (branch === 0) {
          at++
          continue
        }
        if (branch === 2) at++
        else at = branch === undefined ? TRUNCATED : otherBranch(bytes, at, trail)
      }
      if (at >= 0) {
        const first = bytes[at]
        // The length of a short text is one byte, and its lowest bit the sign.
        if (kind === 'text' && first !== undefined && first < 0x80 && (first & 1) === 0) {
          at += 1 + (first >> 1)
          if (at > bytes.length) at = TRUNCATED
        } else if (kind === 'fixed') at = at + size > bytes.length ? TRUNCATED : at + size
        else at = step(bytes, at, trail)
      }
      if (at < 0) {
        trail.fields.push(name)
        return at
      }
    }
    return at
  }
}

/** A branch that is none of the two, or one that is not written in one byte. */
function otherBranch(bytes: Uint8Array, pos: number, trail: Trail): number {
  const at = longStep(bytes, pos, trail)
  return at < 0 ? at : INVALID
}

function recordStep(type: types.RecordType, known: Map<Type, Step>): Step {
  const found = known.get(type)
  if (found !== undefined) return found
  const names: string[] = []
  const steps: Step[] = []
  const step: Step = (bytes, pos, trail) => {
    let at = pos
    for (let i = 0; i < steps.length; i++) {
      at = steps[i]?.(bytes, at, trail) ?? INVALID
      if (at < 0) {
        trail.fields.push(names[i] ?? '')
        return at
      }
    }
    return at
  }
  // Known before its fields are: a record may contain itself.
  known.set(type, step)
  for (const field of type.fields) {
    names.push(field.name)
    steps.push(stepOf(field.type, known))
  }
  return step
}

function skip(size: number): Step {
  return (bytes, pos) => (pos + size > bytes.length ? TRUNCATED : pos + size)
}

/** A zigzag number of at most ten bytes; its sign is the lowest bit, kept apart so that the rest is exact up to 2^53. */
const longStep: Step = (bytes, pos, trail) => {
  const first = bytes[pos]
  if (first === undefined) return TRUNCATED
  let at = pos + 1
  let magnitude = (first & 0x7f) >> 1
  if (first > 0x7f) {
    for (let scale = 64; ; scale *= 128) {
      const byte = bytes[at]
      if (byte === undefined) return TRUNCATED
      at++
      magnitude += (byte & 0x7f) * scale
      if (byte < 0x80) break
      if (at - pos >= 10) return INVALID
    }
  }
  trail.value = (first & 1) === 1 ? -magnitude - 1 : magnitude
  return trail.value >= -LONG_MAX && trail.value <= LONG_MAX ? at : INVALID
}

/** A length and that many bytes: string, byte string. */
const lengthStep: Step = (bytes, pos, trail) => {
  const at = longStep(bytes, pos, trail)
  if (at < 0) return at
  if (trail.value < 0) return INVALID
  return at + trail.value > bytes.length ? TRUNCATED : at + trail.value
}

/** An index and what stands at it: enum, union. */
function indexStep(steps: readonly Step[]): Step {
  return (bytes, pos, trail) => {
    const at = longStep(bytes, pos, trail)
    if (at < 0) return at
    return steps[trail.value]?.(bytes, at, trail) ?? INVALID
  }
}

/** The blocks of an array or map. A negative count is followed by the block's length in bytes, which must be true. */
function blocksStep(item: Step): Step {
  return (bytes, pos, trail) => {
    let at = pos
    for (;;) {
      at = longStep(bytes, at, trail)
      if (at < 0) return at
      let count = trail.value
      if (count === 0) return at
      let blockEnd = -1
      if (count < 0) {
        count = -count
        at = longStep(bytes, at, trail)
        if (at < 0) return at
        if (trail.value < 0) return INVALID
        blockEnd = at + trail.value
      }
      const first = at
      for (let i = 0; i < count; i++) {
        at = item(bytes, at, trail)
        if (at < 0) return at
        if (at === first && i >= EMPTY_ITEMS_MAX) return INVALID
      }
      if (blockEnd >= 0 && at !== blockEnd) return INVALID
    }
  }
}
