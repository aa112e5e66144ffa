import { type AvroRecord, createEncoder, createReader, schemaFingerprint, schemaJson } from '@tlsrep/schemas'
import { describe, expect, test } from 'vitest'
import { event } from '../../../../schemas/test/events.ts'
import { avroContainer, avroRows, readAvroContainer } from './avro-container.ts'

const encoder = createEncoder('TlsNegotiation')
const reader = createReader('TlsNegotiation')

describe('an Avro container', () => {
  test('gives back each record byte for byte, and its schema without the documentation', () => {
    const records = ['203.0.113.1/32', '203.0.113.2/32', '2001:db8::/64'].map((sender) =>
      encoder.encode(event({ sender })),
    )
    const bodies = records.map((record) => record.subarray(10))
    const framed = records.map((bytes) => ({ bytes, bodyStart: 10 }))
    const read = readAvroContainer(avroContainer(schemaJson('TlsNegotiation'), framed))
    expect(schemaFingerprint(read.schema)).toBe(schemaFingerprint(schemaJson('TlsNegotiation')))
    expect(JSON.stringify(read.schema)).not.toContain('"doc"')
    expect(read.bodies.map((body) => Buffer.from(body))).toEqual(bodies)
    const first = reader.decode(Buffer.concat([encoder.encode(event()).subarray(0, 10), read.bodies[0] ?? Buffer.of()]))
    expect(first).toMatchObject({ ok: true, value: { sender: '203.0.113.1/32' } })
  })

  test('holds no record where there is none', () => {
    expect(readAvroContainer(avroContainer(schemaJson('Listing'), [])).bodies).toEqual([])
  })

  test('cut off or of other bytes is refused in words', () => {
    const whole = avroContainer(schemaJson('TlsNegotiation'), [{ bytes: encoder.encode(event()), bodyStart: 10 }])
    expect(() => readAvroContainer(whole.subarray(0, whole.length - 40))).toThrow('damaged Avro container')
    expect(() => readAvroContainer(Buffer.from('nothing of the kind'))).toThrow('no Avro container')
  })

  test('of rows refuses a value that its schema does not allow', () => {
    const schema: AvroRecord = { type: 'record', name: 'Row', fields: [{ name: 'n', type: 'long' }] }
    expect(readAvroContainer(avroRows(schema, [{ n: 7 }])).bodies.map((body) => [...body])).toEqual([[14]])
    expect(() => avroRows(schema, [{ n: 'seven' }])).toThrow()
  })
})
