import { type AvroField, type AvroSchema, type RecordName, schemaJson } from '@tlsrep/schemas'
import { beforeAll, expect, test } from 'vitest'
import { useClickHouse } from '../../../../test/support/clickhouse.ts'
import type { ClickHouse } from './clickhouse.ts'
import { checkColumns, missingColumns } from './columns.ts'

const server = useClickHouse()
let clickhouse: ClickHouse
beforeAll(async () => {
  clickhouse = await server.freshDatabase()
})

interface TableColumn {
  name: string
  type: string
  default_kind: string
  default_expression: string
}

function columnsOf(table: string): Promise<TableColumn[]> {
  return clickhouse.rows<TableColumn>(
    `SELECT name, type, default_kind, default_expression FROM system.columns
     WHERE database = {database:String} AND table = {table:String} ORDER BY position`,
    { database: clickhouse.database, table },
  )
}

const AVRO_TABLES: [RecordName, string][] = [
  ['TlsNegotiation', 'tls_events'],
  ['DeadLetter', 'dead_letters'],
]

test.each(AVRO_TABLES)('the columns of %s are those of %s, in name, order, type and default', async (record, table) => {
  const columns = await columnsOf(table)
  const { fields } = schemaJson(record)
  expect(columns.map(({ name }) => name)).toEqual(fields.map(({ name }) => name))
  for (const [index, field] of fields.entries()) {
    const column = columns[index] as TableColumn
    // Dictionary encoding is the table's own affair, except for enums: they need it, so that a new symbol fits.
    const plain = column.type.replace(/^LowCardinality\((.*)\)$/, '$1')
    expect(plain, field.name).toBe(columnType(field.type))
    if (isEnum(field.type)) expect(column.type, field.name).toMatch(/^LowCardinality\(/)
    expect(column.default_expression, field.name).toBe(defaultOf(field))
    expect(column.default_kind, field.name).toBe(field.default === undefined ? '' : 'DEFAULT')
  }
})

function columnType(schema: AvroSchema): string {
  if (typeof schema === 'string') return primitive(schema)
  if (isUnion(schema)) return `Nullable(${columnType(schema[1] as AvroSchema)})`
  if (schema.type === 'enum') return 'String'
  if (schema.type === 'array') return `Array(${columnType(schema.items)})`
  if (schema.type === 'fixed') return schema.name === 'IpAddress' ? 'IPv6' : `FixedString(${schema.size})`
  if ('logicalType' in schema && schema.logicalType === 'timestamp-millis') return "DateTime64(3, 'UTC')"
  return primitive(schema.type)
}

function primitive(name: string): string {
  const types: Record<string, string> = {
    string: 'String',
    int: 'Int32',
    long: 'Int64',
    boolean: 'Bool',
    double: 'Float64',
  }
  return types[name] ?? `no column for ${name}`
}

function defaultOf(field: AvroField): string {
  if (field.default === undefined) return ''
  if (field.default === null) return 'NULL'
  return typeof field.default === 'string' ? `'${field.default}'` : JSON.stringify(field.default)
}

function isEnum(schema: AvroSchema): boolean {
  if (isUnion(schema)) return isEnum(schema[1] as AvroSchema)
  return typeof schema === 'object' && 'type' in schema && schema.type === 'enum'
}

function isUnion(schema: AvroSchema): schema is readonly AvroSchema[] {
  return Array.isArray(schema)
}

test('listings_log and overrides can show every field of their record', async () => {
  expect(await missingColumns(clickhouse, 'Listing', 'listings_log')).toEqual([])
  expect(await missingColumns(clickhouse, 'Override', 'overrides')).toEqual([])
})

test('tables that repeated inserts must not double have a window for tokens', async () => {
  const tables = await clickhouse.rows<{ name: string; engine_full: string }>(
    "SELECT name, engine_full FROM system.tables WHERE database = {database:String} AND engine IN ('MergeTree', 'SummingMergeTree')",
    { database: clickhouse.database },
  )
  expect(tables.map(({ name }) => name).sort()).toEqual([
    'dead_letters',
    'downgrades',
    'mta_negotiations_hourly',
    'sender_evidence_daily',
    'tls_events',
  ])
  for (const { name, engine_full } of tables) {
    expect(engine_full, name).toContain('non_replicated_deduplication_window = 10000')
  }
})

test('a field that the table lacks stops the start, and is named', async () => {
  const lacking = await server.freshDatabase()
  await checkColumns(lacking)
  await lacking.command('ALTER TABLE tls_events DROP COLUMN sni, DROP COLUMN tls_policy')
  expect(await missingColumns(lacking, 'TlsNegotiation', 'tls_events')).toEqual(['sni', 'tls_policy'])
  await expect(checkColumns(lacking)).rejects.toMatchObject({
    code: 'TLSREP_CLICKHOUSE_COLUMNS_MISSING',
    message: expect.stringContaining('sni, tls_policy'),
  })
})

test('a start without tables says that they were never made', async () => {
  const empty = server.emptyDatabase()
  await empty.createDatabase()
  await expect(checkColumns(empty)).rejects.toMatchObject({ code: 'TLSREP_CLICKHOUSE_NOT_MIGRATED' })
})
