import avsc, { type Type, type types } from 'avsc'
import { type AvroSchema, olderSchemas, schemaJson } from './avro-schema.ts'
import { avscType } from './avsc-type.ts'
import { fieldValues } from './field-values.ts'
import { fingerprintText, schemaFingerprint } from './fingerprint.ts'
import { hasHeader, readFrame, SINGLE_OBJECT_LENGTH } from './framing.ts'
import { type Layout, layoutOf } from './layout.ts'
import { learnedSchema } from './learned-schemas.ts'
import { projection } from './projection.ts'
import type { RecordName } from './record-names.ts'
import type { RecordTypes } from './records.generated.ts'

/** The schema that a record was written with. */
export interface WriterSchema {
  schema: AvroSchema
  fingerprint: bigint
}

/**
 * Why bytes are no record.
 * - `not_avro`: neither framing stands before them.
 * - `unknown_schema`: nobody knows the schema that they name, or it cannot be read as this record.
 * - `truncated`: they end before the record does.
 * - `trailing_bytes`: they go on after it.
 * - `invalid`: they say something that the schema does not allow, such as an enum symbol that it does not have.
 */
export type DecodeReason = 'not_avro' | 'unknown_schema' | 'truncated' | 'trailing_bytes' | 'invalid'

export type Decoded<T> =
  | { ok: true; value: T; writer: WriterSchema; bodyStart: number }
  | { ok: false; reason: DecodeReason; detail: string }

export interface Reader<T> {
  /**
   * Reads one framed record, whoever wrote it: never throws for what the bytes are. With the value comes the writer's schema, and where
   * the record begins behind its framing, for those who pass the record on as it is.
   */
  decode(bytes: Uint8Array): Decoded<T>
}

export interface ReaderOptions<F> {
  /** The schema behind an id of the schema registry, as far as it has been fetched. */
  resolveConfluentId?: (id: number) => AvroSchema | undefined
  /** Schemas of earlier writers beside those in `avro/history`. */
  olderSchemas?: readonly AvroSchema[]
  /** The only fields to make values of; the others are walked over. All unless given. Fixed bytes may be views of the record then. */
  fields?: readonly F[]
}

/** How to read what one writer's schema wrote. */
interface Plan {
  writer: WriterSchema
  layout: Layout
  decode(bytes: Buffer, start: number): unknown
}

/** A reader for one kind of record, for both framings and all writers' schemas that are known, or learned later (`learnSchema`). */
export function createReader<
  N extends RecordName,
  F extends keyof RecordTypes[N] & string = keyof RecordTypes[N] & string,
>(name: N, options: ReaderOptions<F> = {}): Reader<Pick<RecordTypes[N], F>> {
  const today = schemaJson(name)
  const readerType = avscType(options.fields === undefined ? today : projection(today, options.fields))
  const plans = new Map<bigint, Plan>()
  const plansById = new Map<number, Plan>()
  const lastHeader = new Uint8Array(SINGLE_OBJECT_LENGTH)
  let lastPlan: Plan | null = null

  /** A schema that cannot be read as this record throws. */
  function learn(schema: AvroSchema): Plan {
    const fingerprint = schemaFingerprint(schema)
    const known = plans.get(fingerprint)
    if (known !== undefined) return known
    const plan = makePlan(readerType, schema, fingerprint)
    plans.set(fingerprint, plan)
    return plan
  }

  function planOfId(id: number): Plan | string {
    const known = plansById.get(id)
    if (known !== undefined) return known
    const plan = planOf(options.resolveConfluentId?.(id), `schema id ${id}`)
    if (typeof plan !== 'string') plansById.set(id, plan)
    return plan
  }

  function planOfFingerprint(fingerprint: bigint): Plan | string {
    const known = plans.get(fingerprint)
    if (known !== undefined) return known
    return planOf(learnedSchema(fingerprint), `schema fingerprint ${fingerprintText(fingerprint)}`)
  }

  function planOf(schema: AvroSchema | undefined, what: string): Plan | string {
    if (schema === undefined) return what
    try {
      return learn(schema)
    } catch (error) {
      return `${what} cannot be read as ${name}: ${messageOf(error)}`
    }
  }

  for (const schema of [today, ...olderSchemas(name).values(), ...(options.olderSchemas ?? [])]) learn(schema)

  return {
    decode(bytes) {
      // Nearly all records are of the writer of the one before; a fingerprint as a 64-bit number costs more than a comparison.
      if (lastPlan !== null && hasHeader(bytes, lastHeader)) {
        return decodeBody<Pick<RecordTypes[N], F>>(lastPlan, bytes, SINGLE_OBJECT_LENGTH, name)
      }
      const frame = readFrame(bytes)
      if (typeof frame === 'string') return { ok: false, reason: frame, detail: `framing of ${name}` }
      const plan = frame.kind === 'confluent' ? planOfId(frame.schemaId) : planOfFingerprint(frame.fingerprint)
      if (typeof plan === 'string') return { ok: false, reason: 'unknown_schema', detail: plan }
      if (frame.kind === 'single_object') {
        lastHeader.set(bytes.subarray(0, SINGLE_OBJECT_LENGTH))
        lastPlan = plan
      }
      return decodeBody<Pick<RecordTypes[N], F>>(plan, bytes, frame.bodyStart, name)
    },
  }
}

function decodeBody<T>(plan: Plan, bytes: Uint8Array, bodyStart: number, name: string): Decoded<T> {
  const end = plan.layout.walk(bytes, bodyStart)
  if (typeof end !== 'number') return { ok: false, reason: end.reason, detail: `in ${end.field || name}` }
  if (end !== bytes.length) {
    return { ok: false, reason: 'trailing_bytes', detail: `${bytes.length - end} bytes after ${name}` }
  }
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    return { ok: true, value: plan.decode(buffer, bodyStart) as T, writer: plan.writer, bodyStart }
  } catch (error) {
    return { ok: false, reason: 'invalid', detail: messageOf(error) }
  }
}

function makePlan(readerType: Type, schema: AvroSchema, fingerprint: bigint): Plan {
  const writerType = avscType(schema)
  const layout = layoutOf(writerType)
  const writer = { schema, fingerprint }
  // Without a resolver avsc reads fastest; it may be left out only where both sides are the same schema.
  if (writerType.equals(readerType)) {
    return { writer, layout, decode: (bytes, start) => readerType.decode(bytes, start).value }
  }
  const resolver = readerType.createResolver(writerType)
  const values = isRecord(readerType) && isRecord(writerType) ? fieldValues(readerType, writerType) : null
  if (values !== null) return { writer, layout, decode: (bytes) => values.read(bytes, layout.starts) }
  return { writer, layout, decode: (bytes, start) => readerType.decode(bytes, start, resolver).value }
}

function isRecord(type: Type): type is types.RecordType {
  return type instanceof avsc.types.RecordType
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
