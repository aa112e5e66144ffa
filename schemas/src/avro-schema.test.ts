import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { namedTypes } from '../scripts/named-types.ts'
import { isUnion, olderSchemas, schemaJson } from './avro-schema.ts'
import { avscType } from './avsc-type.ts'
import { fingerprintText, schemaFingerprint } from './fingerprint.ts'
import { RECORD_NAMES } from './record-names.ts'

const TYPES = [...namedTypes(RECORD_NAMES.map(schemaJson)).values()]

test('every file is a record of its name, and every record has a file', () => {
  const files = readdirSync(new URL('../avro/', import.meta.url)).filter((file) => file.endsWith('.avsc'))
  expect(files.map((file) => file.replace('.avsc', '')).sort()).toEqual([...RECORD_NAMES].sort())
  for (const name of RECORD_NAMES)
    expect(schemaJson(name)).toMatchObject({ type: 'record', name, namespace: 'org.tlsrep' })
})

test.each(RECORD_NAMES)('%s is a whole schema by itself', (name) => {
  expect(avscType(schemaJson(name)).name).toBe(`org.tlsrep.${name}`)
})

describe('documentation', () => {
  test.each(TYPES.filter((type) => type.type === 'record'))(
    'every field of $name says what it is',
    ({ doc, fields }) => {
      expect(doc?.length).toBeGreaterThan(20)
      for (const field of fields) {
        expect(field.doc?.length, field.name).toBeGreaterThan(10)
        if (isUnion(field.type))
          expect(field.doc, field.name).toMatch(/\bnull\b|as logged|as the suite|from the suite/i)
      }
    },
  )

  test.each(TYPES.filter((type) => type.type === 'enum'))(
    'every symbol of $name is explained',
    ({ doc = '', symbols }) => {
      for (const symbol of symbols) {
        const spelled = symbol.replace(
          /^(TLS|SSL)v(\d)(?:_(\d))?$/,
          (_, name, major, minor = '0') => `${name} ${major}.${minor}`,
        )
        expect(doc, symbol).toMatch(spelled === symbol ? new RegExp(`\\b${symbol}[:,] `) : spelled)
      }
    },
  )

  test('every fixed type says what its bytes are', () => {
    for (const type of TYPES) if (type.type === 'fixed') expect(type.doc?.length).toBeGreaterThan(20)
  })
})

test('unions are null or one type, with null as the default', () => {
  for (const type of TYPES) {
    if (type.type !== 'record') continue
    for (const field of type.fields) {
      if (!isUnion(field.type)) continue
      expect(field.type).toHaveLength(2)
      expect(field.type[0], `${type.name}.${field.name}`).toBe('null')
      expect(field.default, `${type.name}.${field.name}`).toBeNull()
    }
  }
})

test('older schemas are named by their fingerprints and can be read', () => {
  for (const name of RECORD_NAMES) {
    for (const [file, schema] of olderSchemas(name)) {
      expect(file).toBe(`${name}.${fingerprintText(schemaFingerprint(schema))}.avsc`)
      expect(() => avscType(schemaJson(name)).createResolver(avscType(schema))).not.toThrow()
    }
  }
})
