import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { event } from '../test/events.ts'
import { anyRecord } from '../test/record-arbitrary.ts'
import { type AvroField, type AvroSchema, isUnion, schemaJson } from './avro-schema.ts'
import { ipText } from './ip-text.ts'
import { recordToJson, toJson } from './json.ts'
import { RECORD_NAMES } from './record-names.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not occur
const HOSTILE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

test('an event as one line', () => {
  expect(toJson(event({ helo: 'a"b\\c\u001b[2J\u009b\u2028' }))).toBe(
    '{"event_id":"00112233445566778899aabbccddeeff","observed_at":"2025-11-25T09:00:00.123Z",' +
      '"ended_at":"2025-11-25T09:00:01.000Z","collector":"mx1","mta":"postfix","host":"mx1.example.net",' +
      '"service":"postfix/smtpd","listener":"mx","direction":"inbound","session_key":"20001","peer_ip":"192.0.2.10",' +
      '"peer_port":null,"sender":"192.0.2.10/32","peer_name":"mail.example.com",' +
      '"helo":"a\\"b\\\\c\\u001b[2J\\u009b\\u2028","sender_domain":"example.com","queue_ids":["4bXfYzkQ"],' +
      '"outcome":"negotiated","proof":"stated","truncated":false,"log_loss":false,"tls_version":"TLSv1_3",' +
      '"cipher_code":4866,"cipher":"TLS_AES_256_GCM_SHA384","cipher_raw":"TLS_AES_256_GCM_SHA384","secret_bits":256,' +
      '"key_exchange_group":"x25519","server_signature":"RSA-PSS/SHA256","forward_secrecy":true,"aead":true,' +
      '"post_quantum":false,"resumed":null,"peer_certificate":"none","peer_certificate_fingerprint":null,"sni":null,' +
      '"authenticated":false,"starttls_offered":true,"starttls_used":true,"implicit_tls":false,"mails_attempted":1,' +
      '"mails_accepted":1,"mails_rejected":0,"mails_plaintext":0,"failure_reason":null,"error_text":null,' +
      '"fault":"none","tls_policy":null,"source_name":"/var/log/mail.log","source_offset":123456,' +
      '"source_end":5000000000}',
  )
})

test.each(RECORD_NAMES)('%s parses back, field by field, in order', (name) => {
  const schema = schemaJson(name)
  fc.assert(
    fc.property(anyRecord(name), (record) => {
      const json = recordToJson(name, record)
      expect(json).not.toMatch(HOSTILE)
      const parsed = JSON.parse(json) as Record<string, unknown>
      expect(Object.keys(parsed)).toEqual(schema.fields.map((field) => field.name))
      const values = new Map<string, unknown>(Object.entries(record))
      for (const field of schema.fields) expectSame(field, parsed[field.name], values.get(field.name))
    }),
  )
})

/** Checks what has a text of its own; arrays of records are checked by their number. */
function expectSame(field: AvroField, parsed: unknown, value: unknown): void {
  const schema = innerType(field.type)
  if (value === null) expect(parsed).toBeNull()
  else if (value instanceof Uint8Array) expectBytes(schema, parsed, value)
  else if (typeof schema === 'object' && 'logicalType' in schema && typeof parsed === 'string') {
    expect(Date.parse(parsed)).toBe(schema.logicalType === 'date' ? Number(value) * 86_400_000 : value)
  } else if (Array.isArray(value)) expect(parsed).toHaveLength(value.length)
  else if (typeof value === 'number' && !Number.isFinite(value)) expect(parsed).toBeNull()
  else if (value === 0) expect(parsed).toBe(0)
  else expect(parsed).toEqual(value)
}

function innerType(schema: AvroSchema): AvroSchema {
  return typeof schema === 'object' && isUnion(schema) ? (schema.find((branch) => branch !== 'null') ?? schema) : schema
}

function expectBytes(schema: AvroSchema, parsed: unknown, value: Uint8Array): void {
  const bytes = Buffer.from(value)
  if (schema === 'bytes') expect(parsed).toBe(bytes.toString('base64'))
  else if (typeof schema === 'object' && 'name' in schema && schema.name === 'IpAddress')
    expect(parsed).toBe(ipText(value))
  else expect(parsed).toBe(bytes.toString('hex'))
}

describe('times', () => {
  test.each([
    [0, '1970-01-01T00:00:00.000Z'],
    [-1, '1969-12-31T23:59:59.999Z'],
    [1_709_164_799_999, '2024-02-28T23:59:59.999Z'],
    [1_709_164_800_000, '2024-02-29T00:00:00.000Z'],
    [Date.UTC(9999, 11, 31, 23, 59, 59, 999), '9999-12-31T23:59:59.999Z'],
    [Date.parse('0000-01-01T00:00:00.000Z'), '0000-01-01T00:00:00.000Z'],
  ])('%d is %s', (time, text) => {
    expect(toJson(event({ observed_at: time }))).toContain(`"observed_at":"${text}"`)
  })

  test.each([Date.UTC(10_000, 0, 1), Date.parse('0000-01-01T00:00:00.000Z') - 1, 2 ** 52, -(2 ** 52)])(
    '%d is beyond RFC 3339 and stays a number',
    (time) => {
      expect(toJson(event({ observed_at: time }))).toContain(`"observed_at":${time},`)
    },
  )

  test('as the platform writes them', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e13, max: 1e14 }), (time) => {
        expect(toJson(event({ observed_at: time }))).toContain(`"observed_at":"${new Date(time).toISOString()}"`)
      }),
    )
  })
})

test('no character of a peer reaches a terminal as a control', () => {
  for (let unit = 0; unit < 0x10000; unit++) {
    const json = toJson(event({ helo: `a${String.fromCharCode(unit)}b` }))
    if (HOSTILE.test(json)) throw new Error(`U+${unit.toString(16)} stands raw`)
    const { helo } = JSON.parse(json) as { helo: string }
    if (helo !== `a${String.fromCharCode(unit)}b`) throw new Error(`U+${unit.toString(16)} does not come back`)
  }
})
