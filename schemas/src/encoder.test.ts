import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { event } from '../test/events.ts'
import { plain, withBuffers } from '../test/plain.ts'
import { anyRecord } from '../test/record-arbitrary.ts'
import { LONG_MAX } from './avro-bytes.ts'
import { schemaJson } from './avro-schema.ts'
import { avscType } from './avsc-type.ts'
import { createEncoder, InvalidRecordError } from './encoder.ts'
import { createReader } from './reader.ts'
import { recordFaults } from './record-faults.ts'
import { RECORD_NAMES } from './record-names.ts'
import type { Override } from './records.generated.ts'

const HEADER = 10

test.each(RECORD_NAMES)('%s has the bytes that avsc gives it', (name) => {
  const type = avscType(schemaJson(name))
  const encoder = createEncoder(name)
  fc.assert(
    fc.property(anyRecord(name), (record) => {
      const body = encoder.encode(record).subarray(HEADER)
      expect(Buffer.compare(body, type.toBuffer(withBuffers(record)))).toBe(0)
    }),
  )
})

describe('framing', () => {
  test('single-object encoding: C3 01 and the fingerprint', () => {
    const bytes = createEncoder('TlsNegotiation').encode(event())
    expect(bytes.subarray(0, HEADER).toString('hex')).toBe('c301f90d018c5ec9ab5e')
  })

  test('Confluent wire format: 00 and the id, highest byte first', () => {
    const framing = { kind: 'confluent', schemaId: 0x01020304 } as const
    const bytes = createEncoder('TlsNegotiation', { framing }).encode(event())
    expect(bytes.subarray(0, 5).toString('hex')).toBe('0001020304')
    expect(bytes.subarray(5)).toEqual(createEncoder('TlsNegotiation').encode(event()).subarray(HEADER))
  })
})

describe('the pool', () => {
  const reader = createReader('TlsNegotiation')

  function decoded(bytes: Uint8Array): unknown {
    const result = reader.decode(bytes)
    return result.ok ? plain(result.value) : result
  }

  test('what was handed out stays as it is, over many slabs', () => {
    const encoder = createEncoder('TlsNegotiation', { slabBytes: 4096 })
    const records = Array.from({ length: 2000 }, (_, i) =>
      event({ source_offset: i, helo: i % 7 === 0 ? 'é'.repeat(i % 300) : null }),
    )
    const views = records.map((record) => encoder.encode(record))
    views.forEach((view, i) => {
      expect(decoded(view)).toEqual(records[i])
    })
    expect(new Set(views.map((view) => view.buffer)).size).toBeGreaterThan(100)
  })

  test('no two views overlap', () => {
    const encoder = createEncoder('TlsNegotiation', { slabBytes: 4096 })
    const views = Array.from({ length: 500 }, (_, i) => encoder.encode(event({ source_offset: i * i })))
    const ends = new Map<ArrayBufferLike, number>()
    for (const view of views) {
      expect(view.byteOffset).toBeGreaterThanOrEqual(ends.get(view.buffer) ?? 0)
      ends.set(view.buffer, view.byteOffset + view.byteLength)
    }
  })

  test('a record that is larger than a slab', () => {
    const encoder = createEncoder('TlsNegotiation', { slabBytes: 512 })
    const small = encoder.encode(event())
    const queue_ids = Array.from({ length: 100 }, (_, i) => `4bXfYzkQ${i}`)
    const large = event({ queue_ids, error_text: 'ü'.repeat(500) })
    expect(decoded(encoder.encode(large))).toEqual(large)
    expect(decoded(small)).toEqual(event())
  })

  test('a record that misses the end of the slab by any number of bytes', () => {
    const length = createEncoder('TlsNegotiation').encode(event()).length
    for (let missing = 0; missing <= length; missing++) {
      const encoder = createEncoder('TlsNegotiation', { slabBytes: length * 6 - missing })
      const views = Array.from({ length: 7 }, (_, i) => encoder.encode(event({ source_offset: 100_000 + i })))
      views.forEach((view, i) => {
        expect(decoded(view)).toMatchObject({ source_offset: 100_000 + i })
      })
    }
  })

  test('an invalid record leaves the pool as it was', () => {
    const encoder = createEncoder('TlsNegotiation', { slabBytes: 4096 })
    const before = encoder.encode(event())
    expect(() => encoder.encode(event({ source_end: 0.5 }))).toThrow(InvalidRecordError)
    const after = encoder.encode(event({ source_offset: 1 }))
    expect(decoded(before)).toEqual(event())
    expect(decoded(after)).toEqual(event({ source_offset: 1 }))
  })
})

describe('invalid records', () => {
  const encoder = createEncoder('TlsNegotiation')

  function faultsOf(changes: object): readonly string[] {
    try {
      encoder.encode({ ...event(), ...changes })
    } catch (error) {
      if (error instanceof InvalidRecordError) return error.faults
      throw error
    }
    return []
  }

  test('every bad field is named, no text is quoted', () => {
    expect(
      faultsOf({
        host: 5,
        peer_port: 1.5,
        outcome: 'constructor',
        event_id: new Uint8Array(15),
        queue_ids: ['a', null],
      }),
    ).toEqual([
      'event_id: 15 bytes, where EventId of 16 bytes is asked for',
      'host: 5, where string is asked for',
      'peer_port: 1.5, where int is asked for',
      'queue_ids.1: null, where string is asked for',
      'outcome: a string, where symbol of Outcome is asked for',
    ])
  })

  test('a missing field is bad, unless it has a default', () => {
    expect(faultsOf({ mta: undefined })).toEqual(['mta: undefined, where symbol of Mta is asked for'])
    expect(faultsOf({ helo: undefined, log_loss: undefined, queue_ids: undefined })).toEqual([])
  })

  test('something that is no record at all', () => {
    expect(recordFaults('TlsNegotiation', null)).toEqual(['TlsNegotiation: null, where TlsNegotiation is asked for'])
    const checkpoints = createEncoder('Checkpoint')
    expect(() => checkpoints.encode({ hosts: [null] } as never)).toThrow(InvalidRecordError)
  })

  test('longs end at 2^52, ints at 2^31', () => {
    expect(faultsOf({ source_offset: LONG_MAX, source_end: -LONG_MAX, peer_port: -(2 ** 31) })).toEqual([])
    expect(faultsOf({ source_offset: LONG_MAX + 1 })).toHaveLength(1)
    expect(faultsOf({ source_offset: -LONG_MAX - 1 })).toHaveLength(1)
    expect(faultsOf({ source_offset: Number.NaN })).toHaveLength(1)
    expect(faultsOf({ peer_port: 2 ** 31 })).toHaveLength(1)
  })

  test('the encoder refuses exactly what has faults', () => {
    const strange = fc.oneof(
      fc.anything(),
      fc.constantFrom(null, undefined, '', 0, -0, 2 ** 31, 2 ** 53, 'allow', 'tag', [], new Uint8Array(16)),
    )
    const fields = ['sender', 'action', 'tier', 'until', 'by', 'why', 'created_at'] as const
    const overrides = createEncoder('Override')
    fc.assert(
      fc.property(anyRecord('Override'), fc.constantFrom(...fields), strange, (record, field, value) => {
        const changed = { ...record, [field]: value } as Override
        const refused = recordFaults('Override', changed).length > 0
        if (refused) expect(() => overrides.encode(changed)).toThrow(InvalidRecordError)
        else expect(createReader('Override').decode(overrides.encode(changed)).ok).toBe(true)
      }),
    )
  })
})

test('half a surrogate pair becomes U+FFFD, in short strings and long ones', () => {
  const encoder = createEncoder('TlsNegotiation')
  for (const text of ['a\ud800b', `${'x'.repeat(100)}\udc00`]) {
    const result = createReader('TlsNegotiation').decode(encoder.encode(event({ helo: text })))
    expect(result).toMatchObject({ ok: true, value: { helo: text.toWellFormed() } })
  }
})
