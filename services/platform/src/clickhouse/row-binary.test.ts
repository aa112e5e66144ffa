import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { useClickHouse } from '../../../../test/support/clickhouse.ts'
import type { ClickHouse } from './clickhouse.ts'
import { rowBinary } from './row-binary.ts'

const server = useClickHouse()
let clickhouse: ClickHouse
beforeAll(async () => {
  clickhouse = server.emptyDatabase()
  await clickhouse.createDatabase()
  await clickhouse.command(`CREATE TABLE kinds (
    number UInt32, text String, bytes String, word LowCardinality(Nullable(String)), id FixedString(16), ip IPv6, flag Bool, small UInt8,
    day Date, far_day Date32, second DateTime('UTC'), time DateTime64(3, 'UTC'), maybe_time Nullable(DateTime64(3, 'UTC')),
    whole UInt64, signed Int64, int Int32, real Float64, words Array(LowCardinality(String)), ids Array(FixedString(16)),
    untouched String DEFAULT 'default') ENGINE = Memory`)
})

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 })
const time = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) })
const anyRow = fc.record({
  text: fc.string({ unit: 'binary' }),
  bytes: fc.uint8Array({ maxLength: 300 }),
  word: fc.option(fc.string()),
  id: bytes16,
  ip: bytes16,
  flag: fc.boolean(),
  small: fc.integer({ min: 0, max: 255 }),
  day: fc.integer({ min: 0, max: 65_535 }),
  far_day: fc.integer({ min: -25_000, max: 100_000 }),
  second: time.map((ms) => ms - (ms % 1000)),
  time,
  maybe_time: fc.option(time),
  whole: fc.maxSafeNat(),
  signed: fc.maxSafeInteger(),
  int: fc.integer(),
  real: fc.double({ noNaN: true, noDefaultInfinity: true }),
  words: fc.array(fc.string(), { maxLength: 4 }),
  ids: fc.array(bytes16, { maxLength: 3 }),
})

test('any row of any column type that we write comes back as it was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 20 }), async (rows) => {
      await clickhouse.command('TRUNCATE TABLE kinds')
      await clickhouse.insertRows(
        'kinds',
        rows.map((row, number) => ({ number, ...row })),
      )
      const found = await clickhouse.rows(`
        SELECT * EXCEPT (number, untouched) REPLACE (hex(bytes) AS bytes, hex(id) AS id, hex(reinterpretAsFixedString(ip)) AS ip,
          toInt32(day) AS day, toInt32(far_day) AS far_day, toInt64(toUnixTimestamp(second)) * 1000 AS second,
          toUnixTimestamp64Milli(time) AS time, toUnixTimestamp64Milli(maybe_time) AS maybe_time, arrayMap(x -> hex(x), ids) AS ids)
        FROM kinds ORDER BY number`)
      expect(found).toEqual(
        rows.map((row) => ({
          ...row,
          bytes: hex(row.bytes),
          id: hex(row.id),
          ip: hex(row.ip),
          ids: row.ids.map(hex),
          // JSON has no minus zero.
          real: Object.is(row.real, -0) ? expect.closeTo(0) : row.real,
        })),
      )
    }),
    { numRuns: 25 },
  )
})

test('a column that no row names gets its default', async () => {
  await clickhouse.command('TRUNCATE TABLE kinds')
  await clickhouse.insertRows('kinds', [{ number: 7 }])
  expect(await clickhouse.rows('SELECT number, untouched FROM kinds')).toEqual([{ number: 7, untouched: 'default' }])
})

test.each<[string, string, unknown, RegExp]>([
  ['too large a number', 'UInt8', 256, /column c UInt8: 256 is out of range/],
  ['a negative number where there is none', 'UInt64', -1, /out of range/],
  ['a fraction', 'Int32', 1.5, /no whole number/],
  ['a number beyond 2^53', 'Int64', 2 ** 53, /no whole number/],
  ['an id of other length', 'FixedString(16)', new Uint8Array(15), /15 bytes, not 16/],
  ['null where it is not allowed', 'String', null, /neither text nor bytes: null/],
  ['no value', 'String', undefined, /no value for column c/],
  ['text for a time', "DateTime64(3, 'UTC')", 'today', /no whole milliseconds/],
])('%s is refused before anything is sent', (_name, type, value, message) => {
  expect(() => rowBinary([{ name: 'c', type }], [{ c: value as never }])).toThrow(message)
})

test('rows that differ in their columns, and unknown columns, are refused', async () => {
  await expect(clickhouse.insertRows('kinds', [{ number: 1 }, { number: 2, text: 'x' }])).rejects.toThrow(/differ/)
  await expect(clickhouse.insertRows('kinds', [{ nmber: 1 }])).rejects.toThrow('table kinds has no column nmber')
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase()
}
