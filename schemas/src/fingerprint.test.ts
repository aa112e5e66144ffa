import { expect, test } from 'vitest'
import { type AvroSchema, schemaJson } from './avro-schema.ts'
import { canonicalForm, crc64Avro, fingerprintText, schemaFingerprint } from './fingerprint.ts'
import { RECORD_NAMES, type RecordName } from './record-names.ts'

// Expected values: fastavro 1.13.1, an implementation that shares no code with this one or with avsc.

test.each([
  ['null', '8a8f25cce724dd63'],
  ['boolean', '64f7d4a478fc429f'],
  ['int', '8f5c393f1ad57572'],
  ['long', 'b71df49344e154d0'],
  ['float', '90d7a83ecb027c4d'],
  ['double', '7e95ab32c035758e'],
  ['bytes', '651920c3da16c04f'],
  ['string', 'c70345637248018f'],
])('the fingerprint of "%s"', (schema, text) => {
  expect(fingerprintText(schemaFingerprint(schema))).toBe(text)
  expect(canonicalForm({ type: schema } as AvroSchema)).toBe(`"${schema}"`)
})

const RECORDS: Record<RecordName, { length: number; text: string }> = {
  TlsNegotiation: { length: 3699, text: 'f90d018c5ec9ab5e' },
  Listing: { length: 1109, text: 'd91bc373e8c8a055' },
  Override: { length: 455, text: 'b421d5596bd8b95d' },
  Checkpoint: { length: 2131, text: 'bb7495a2c3972367' },
  DeadLetter: { length: 799, text: '1acd7f6ef280a0f4' },
}

test.each(RECORD_NAMES)('the fingerprint of %s', (name) => {
  const schema = schemaJson(name)
  expect(canonicalForm(schema)).toHaveLength(RECORDS[name].length)
  expect(fingerprintText(schemaFingerprint(schema))).toBe(RECORDS[name].text)
})

test('the canonical form: whole names, fixed order, nothing that does not decide how bytes are read', () => {
  const schema: AvroSchema = {
    type: 'record',
    name: 'A',
    namespace: 'x.y',
    doc: 'gone',
    fields: [
      { name: 'a', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: 'gone' },
      { name: 'b', type: ['null', 'A'], default: null },
      { name: 'c', type: { type: 'enum', name: 'E', symbols: ['p', 'q'], doc: 'gone' } },
      { name: 'd', type: { type: 'array', items: 'E' }, default: [] },
      { name: 'e', type: { type: 'map', values: { type: 'fixed', name: 'q.F', size: 3 } } },
    ],
  }
  expect(canonicalForm(schema)).toBe(
    '{"name":"x.y.A","type":"record","fields":[{"name":"a","type":"long"},{"name":"b","type":["null","x.y.A"]},' +
      '{"name":"c","type":{"name":"x.y.E","type":"enum","symbols":["p","q"]}},' +
      '{"name":"d","type":{"type":"array","items":"x.y.E"}},' +
      '{"name":"e","type":{"type":"map","values":{"name":"q.F","type":"fixed","size":3}}}]}',
  )
  expect(fingerprintText(schemaFingerprint(schema))).toBe('c3fa131a6d32abde')
})

test('the fingerprint of nothing is the polynomial', () => {
  expect(crc64Avro(new Uint8Array(0))).toBe(0xc15d213aa4d7a795n)
})
