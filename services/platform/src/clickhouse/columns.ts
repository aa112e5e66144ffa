import { type RecordName, schemaJson } from '@tlsrep/schemas'
import { OperatorError } from '../errors/operator-error.ts'
import type { ClickHouse } from './clickhouse.ts'

/** Tables into which Avro records go as they are: their columns are the record's fields. */
const AVRO_TABLES: readonly (readonly [RecordName, string])[] = [
  ['TlsNegotiation', 'tls_events'],
  ['DeadLetter', 'dead_letters'],
]

/** Fields of a record that a table has no column for. ClickHouse would drop them from an Avro container without a word. */
export async function missingColumns(clickhouse: ClickHouse, record: RecordName, table: string): Promise<string[]> {
  const columns = await clickhouse.rows<{ name: string }>(
    'SELECT name FROM system.columns WHERE database = {database:String} AND table = {table:String}',
    { database: clickhouse.database, table },
  )
  const names = new Set(columns.map(({ name }) => name))
  return schemaJson(record)
    .fields.map(({ name }) => name)
    .filter((name) => !names.has(name))
}

/** At every start, before the first insert. Throws `TLSREP_CLICKHOUSE_COLUMNS_MISSING`, `TLSREP_CLICKHOUSE_NOT_MIGRATED`. */
export async function checkColumns(clickhouse: ClickHouse): Promise<void> {
  for (const [record, table] of AVRO_TABLES) {
    const missing = await missingColumns(clickhouse, record, table)
    if (missing.length === 0) continue
    if (missing.length === schemaJson(record).fields.length) throw notMigrated(`${clickhouse.where}.${table}`)
    throw new OperatorError({
      code: 'TLSREP_CLICKHOUSE_COLUMNS_MISSING',
      message: `table ${table} in ${clickhouse.where} has no column for ${missing.join(', ')} of ${record}: they would be lost`,
      where: `${clickhouse.where}.${table}`,
      remedy: 'Run tlsrep migrate with this release.',
    })
  }
}

function notMigrated(where: string): OperatorError {
  return new OperatorError({
    code: 'TLSREP_CLICKHOUSE_NOT_MIGRATED',
    message: `there is no table ${where}`,
    where,
    remedy: 'Run tlsrep migrate with this configuration, or correct clickhouse.database.',
  })
}
