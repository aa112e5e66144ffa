import type { AvroRecord, AvroSchema } from '@tlsrep/schemas'
import { describe, expect, test } from 'vitest'
import { avroBlock, avroRows } from '../event-log/avro-container.ts'
import { AvroColumns } from './avro-columns.ts'

/** Columns as the server names them. */
function table(types: Readonly<Record<string, string>>): AvroColumns {
  return new AvroColumns(new Map(Object.entries(types).map(([name, type]) => [name, { name, type }])))
}

function row(fields: Readonly<Record<string, AvroSchema>>): AvroRecord {
  return { type: 'record', name: 'Row', fields: Object.entries(fields).map(([name, type]) => ({ name, type })) }
}

describe('records as columns', () => {
  test('are a block of the format Native: counts, then each column with its name and type', () => {
    const schema = row({ n: 'long', word: ['null', 'string'] })
    const container = avroRows(schema, [
      { n: -2, word: 'ab' },
      { n: 2 ** 40 + 5, word: null },
    ])
    const columns = table({ n: 'Int64', word: 'LowCardinality(Nullable(String))' }).of(avroBlock(container))
    expect(columns?.names).toEqual(['n', 'word'])
    const expected = Buffer.concat([
      Buffer.from([2, 2]),
      Buffer.from('\x01n\x05Int64'),
      Buffer.from('feffffffffffffff0500000000010000', 'hex'),
      Buffer.from('\x04word\x10Nullable(String)'),
      Buffer.from([0, 1, 2, 97, 98, 0]),
    ])
    expect(Buffer.from(columns?.block ?? []).toString('latin1')).toBe(expected.toString('latin1'))
  })

  test('have lists as the ends of each, then all items', () => {
    const container = avroRows(row({ words: { type: 'array', items: 'string' } }), [
      { words: ['a', 'x'.repeat(200)] },
      { words: [] },
      { words: ['b'] },
    ])
    const columns = table({ words: 'Array(LowCardinality(String))' }).of(avroBlock(container))
    const ends = Buffer.alloc(24)
    for (const [i, end] of [2, 2, 3].entries()) ends.writeBigUInt64LE(BigInt(end), 8 * i)
    const expected = Buffer.concat([
      Buffer.from('\x01\x03\x05words\x0dArray(String)'),
      ends,
      Buffer.from('\x01a'),
      Buffer.from([200, 1]),
      Buffer.from(`${'x'.repeat(200)}\x01b`),
    ])
    expect(Buffer.from(columns?.block ?? []).toString('latin1')).toBe(expected.toString('latin1'))
  })

  test.each([
    ['a field has no column', { other: 'Int64' }],
    ['a column is of another type', { n: 'String' }],
    ['a column asks for nulls of a type that has none', { n: 'Nullable(UUID)' }],
  ])('are left to ClickHouse where %s', (_, types) => {
    expect(table(types).of(avroBlock(avroRows(row({ n: 'long' }), [{ n: 1 }, { n: 2 }])))).toBeNull()
  })

  test('are left to ClickHouse where a record is damaged, or bytes are left over', () => {
    const schema = row({ word: 'string' })
    const whole = avroBlock(avroRows(schema, [{ word: 'abc' }, { word: 'def' }]))
    const strings = table({ word: 'String' })
    expect(strings.of(whole)).not.toBeNull()
    expect(strings.of({ ...whole, count: 1 })).toBeNull()
    expect(strings.of({ ...whole, bytes: whole.bytes.subarray(0, whole.end - 1) })).toBeNull()
  })
})
