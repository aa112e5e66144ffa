import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { event } from '../test/events.ts'
import { plain, withBuffers } from '../test/plain.ts'
import { anyRecord } from '../test/record-arbitrary.ts'
import { type AvroRecord, schemaJson } from './avro-schema.ts'
import { avscType } from './avsc-type.ts'
import { createEncoder } from './encoder.ts'
import { schemaFingerprint } from './fingerprint.ts'
import { frameHeader } from './framing.ts'
import { createReader } from './reader.ts'
import { recordFaults } from './record-faults.ts'
import { RECORD_NAMES, type RecordName } from './record-names.ts'
import type { TlsNegotiation } from './records.generated.ts'

const ID = 7

/** A record as a writer with another schema would frame it. */
function written(schema: AvroRecord, record: object): Uint8Array {
  const header = frameHeader({ kind: 'single_object' }, schemaFingerprint(schema))
  return Buffer.concat([header, avscType(schema).toBuffer(withBuffers(record))])
}

function withFields(name: RecordName, change: (fields: AvroRecord['fields']) => AvroRecord['fields']): AvroRecord {
  const schema = schemaJson(name)
  return { ...schema, fields: change(schema.fields) }
}

describe.each(RECORD_NAMES)('%s', (name) => {
  const reader = createReader(name, { resolveConfluentId: (id) => (id === ID ? schemaJson(name) : undefined) })

  test.each([{ kind: 'single_object' }, { kind: 'confluent', schemaId: ID }] as const)(
    'comes back from $kind',
    (framing) => {
      const encoder = createEncoder(name, { framing })
      fc.assert(
        fc.property(anyRecord(name), (record) => {
          const bytes = encoder.encode(record)
          const result = reader.decode(bytes)
          expect(result).toMatchObject({ ok: true, bodyStart: framing.kind === 'confluent' ? 5 : 10 })
          if (result.ok) expect(plain(result.value)).toEqual(record)
        }),
      )
    },
  )

  test('cut off anywhere, it is truncated', () => {
    const encoder = createEncoder(name)
    fc.assert(
      fc.property(anyRecord(name), fc.nat(), (record, at) => {
        const bytes = encoder.encode(record)
        expect(reader.decode(bytes.subarray(0, at % bytes.length))).toMatchObject({ ok: false, reason: 'truncated' })
      }),
    )
  })

  test('with bytes behind it, it has trailing bytes', () => {
    fc.assert(
      fc.property(anyRecord(name), fc.uint8Array({ minLength: 1 }), (record, more) => {
        const bytes = Buffer.concat([createEncoder(name).encode(record), more])
        expect(reader.decode(bytes)).toMatchObject({ ok: false, reason: 'trailing_bytes' })
      }),
    )
  })

  test('garbage behind a good header is a result', () => {
    const frame = frameHeader({ kind: 'single_object' }, schemaFingerprint(schemaJson(name)))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
        const result = reader.decode(Buffer.concat([frame, garbage]))
        if (!result.ok) expect(['truncated', 'trailing_bytes', 'invalid']).toContain(result.reason)
      }),
      { numRuns: 1000 },
    )
  })

  test('a changed byte is a record or a result', () => {
    const encoder = createEncoder(name)
    fc.assert(
      fc.property(anyRecord(name), fc.nat(), fc.nat(255), (record, at, byte) => {
        const bytes = Buffer.from(encoder.encode(record))
        bytes[at % bytes.length] = byte
        const result = reader.decode(bytes)
        // What is taken for a record is one: it can be written again.
        if (result.ok) expect(recordFaults(name, result.value)).toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})

test('any bytes at all are a result', () => {
  const reader = createReader('TlsNegotiation')
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(reader.decode(bytes).ok).toBe(false)
    }),
  )
})

describe('framing', () => {
  const reader = createReader('Override')

  test.each([
    ['', 'truncated'],
    ['c3', 'truncated'],
    ['c301b421d5', 'truncated'],
    ['000000', 'truncated'],
    ['7b7d', 'not_avro'],
    ['c302b421d5596bd8b95d', 'not_avro'],
    ['4f626a01', 'not_avro'],
    ['c3010000000000000000', 'unknown_schema'],
    ['0000000001', 'unknown_schema'],
  ])('%s is %s', (hex, reason) => {
    expect(reader.decode(Buffer.from(hex, 'hex'))).toMatchObject({ ok: false, reason })
  })

  test('what is not known now may be known later', () => {
    const known = new Map<number, AvroRecord>()
    const later = createReader('TlsNegotiation', { resolveConfluentId: (id) => known.get(id) })
    const bytes = createEncoder('TlsNegotiation', { framing: { kind: 'confluent', schemaId: 9 } }).encode(event())
    expect(later.decode(bytes)).toEqual({ ok: false, reason: 'unknown_schema', detail: 'schema id 9' })
    known.set(9, schemaJson('TlsNegotiation'))
    expect(later.decode(bytes).ok).toBe(true)
  })

  test("an id of another record's schema", () => {
    const wrong = createReader('TlsNegotiation', { resolveConfluentId: () => schemaJson('Listing') })
    const bytes = createEncoder('TlsNegotiation', { framing: { kind: 'confluent', schemaId: 9 } }).encode(event())
    expect(wrong.decode(bytes)).toMatchObject({ ok: false, reason: 'unknown_schema' })
  })
})

describe("another writer's schema", () => {
  const later = new Set(['log_loss', 'tls_policy', 'queue_ids', 'server_signature'])
  const older = withFields('TlsNegotiation', (fields) => [
    { name: 'since_dropped', type: { type: 'map', values: ['null', 'string'] } },
    ...fields.filter((field) => !later.has(field.name)),
  ])
  const bytes = written(older, { ...event(), since_dropped: { a: 'b', c: null } })

  test('an older one: new fields get their defaults, dropped ones are skipped', () => {
    const result = createReader('TlsNegotiation', { olderSchemas: [older] }).decode(bytes)
    expect(result).toMatchObject({ ok: true, writer: { schema: older, fingerprint: schemaFingerprint(older) } })
    expect(result.ok && plain(result.value)).toEqual(
      event({ log_loss: false, tls_policy: null, queue_ids: [], server_signature: null }),
    )
  })

  test('nobody knows it', () => {
    expect(createReader('TlsNegotiation').decode(bytes)).toMatchObject({ ok: false, reason: 'unknown_schema' })
  })

  test('it lacks a field that has no default', () => {
    const other = withFields('TlsNegotiation', (fields) => fields.filter((field) => field.name !== 'host'))
    expect(() => createReader('TlsNegotiation', { olderSchemas: [other] })).toThrow(/host/)
  })
})

describe('only some fields', () => {
  const reader = createReader('TlsNegotiation', { fields: ['sender', 'outcome', 'source_end'] })
  const bytes = createEncoder('TlsNegotiation').encode(event())

  test('have values', () => {
    const result = reader.decode(bytes)
    expect(result.ok && plain(result.value)).toEqual({
      sender: '192.0.2.10/32',
      outcome: 'negotiated',
      source_end: 5_000_000_000,
    })
  })

  test('are the same as among all fields, whichever they are', () => {
    const names = schemaJson('TlsNegotiation').fields.map(({ name }) => name as keyof TlsNegotiation)
    const full = createReader('TlsNegotiation')
    const encoder = createEncoder('TlsNegotiation')
    fc.assert(
      fc.property(anyRecord('TlsNegotiation'), fc.subarray(names, { minLength: 1 }), (record, fields) => {
        const whole = full.decode(encoder.encode(record))
        const some = createReader('TlsNegotiation', { fields }).decode(encoder.encode(record))
        const wanted = new Set<string>(fields)
        const expected = Object.entries(whole.ok ? whole.value : {}).filter(([name]) => wanted.has(name))
        expect(some.ok && plain(some.value)).toEqual(plain(Object.fromEntries(expected)))
      }),
    )
  })

  test('but all are walked over', () => {
    expect(reader.decode(bytes.subarray(0, -1))).toEqual({ ok: false, reason: 'truncated', detail: 'in source_end' })
  })

  test('a named type that a dropped field defines', () => {
    const record = fc.sample(anyRecord('Checkpoint'), 1)[0]
    if (record === undefined) throw new Error('no sample')
    const ordinals = createReader('Checkpoint', { fields: ['ordinals'] })
    const result = ordinals.decode(createEncoder('Checkpoint').encode(record))
    expect(result.ok && plain(result.value)).toEqual({ ordinals: record.ordinals })
  })
})

describe('hostile bytes', () => {
  const reader = createReader('Listing')
  const whole = createEncoder('Listing').encode({
    sender: 's',
    tier: 'tag',
    listed_at: 0,
    updated_at: 0,
    expires_at: 0,
    review_at: null,
    sequence: 1,
    reasons: [],
    lower_bound: 0,
    upper_bound: 1,
    effective_sessions: 9,
    explanation: '',
    remedy: '',
    sample_event_ids: [],
    first_evidence_day: null,
    last_evidence_day: null,
    policy_hash: '',
    scored_at: 0,
  })
  // Behind the framing: sender (2 bytes), tier, three times, review_at, sequence, reasons.
  const tierAt = 12
  const reasonsAt = 18

  function spliced(at: number, hex: string): Uint8Array {
    return Buffer.concat([whole.subarray(0, at), Buffer.from(hex, 'hex'), whole.subarray(at + 1)])
  }

  test('the record is good as it is', () => {
    expect(reader.decode(whole).ok).toBe(true)
  })

  test.each([
    ['an enum symbol that is not there', tierAt, '0a', 'invalid', 'in tier'],
    ['an enum symbol below the first', tierAt, '01', 'invalid', 'in tier'],
    ['a string of negative length', 10, '01', 'invalid', 'in sender'],
    ['a string longer than the record', 10, 'feffffff0f', 'truncated', 'in sender'],
    ['a union branch that is not there', 16, '04', 'invalid', 'in review_at'],
    ['a number that never ends', 17, 'ffffffffffffffffffffff7f', 'invalid', 'in sequence'],
    ['a number beyond 2^52', 17, 'ffffffffffffffffff01', 'invalid', 'in sequence'],
    ['a block with a false length', reasonsAt, '01040000', 'invalid', 'in reasons'],
    ['a block of negative length', reasonsAt, '01010000', 'invalid', 'in reasons'],
  ])('%s', (_, at, hex, reason, detail) => {
    expect(reader.decode(spliced(at, hex))).toEqual({ ok: false, reason, detail })
  })

  test('an array of 2^51 items ends with the bytes', () => {
    const bytes = Buffer.concat([
      whole.subarray(0, reasonsAt),
      Buffer.from('8080808080808008', 'hex'),
      Buffer.alloc(5000),
    ])
    expect(reader.decode(bytes)).toEqual({ ok: false, reason: 'truncated', detail: 'in reasons' })
  })

  test('an array of 2^51 items that take no bytes', () => {
    const schema = withFields('Listing', (fields) => [
      { name: 'dropped', type: { type: 'array', items: 'null' } },
      ...fields,
    ])
    const header = frameHeader({ kind: 'single_object' }, schemaFingerprint(schema))
    const bytes = Buffer.concat([header, Buffer.from('808080808080800800', 'hex'), whole.subarray(10)])
    const older = createReader('Listing', { olderSchemas: [schema] })
    expect(older.decode(bytes)).toEqual({ ok: false, reason: 'invalid', detail: 'in dropped' })
  })

  test('a block with its true length is as good as one without', () => {
    const result = reader.decode(spliced(reasonsAt, '0304000200'))
    expect(result).toMatchObject({ ok: true, value: { reasons: ['plaintext', 'downgrade'] } })
  })

  test('a boolean that is neither', () => {
    const bytes = Buffer.from(createEncoder('TlsNegotiation').encode(event({ queue_ids: [] })))
    const good = createReader('TlsNegotiation')
    const results = new Set<string>()
    for (let at = 10; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = 2
      const result = good.decode(changed)
      results.add(result.ok ? 'ok' : `${result.reason} ${result.detail}`)
    }
    expect(results).toContain('invalid in truncated')
  })
})
