import { readMigrations, splitStatements, toMigration } from '@tlsrep/schemas/migrations'
import { beforeAll, expect, test } from 'vitest'
import { silentLogger, useClickHouse } from '../../../../test/support/clickhouse.ts'
import type { ClickHouse } from './clickhouse.ts'
import { migrate, schemaVersion } from './migrate.ts'

const server = useClickHouse()
const logger = silentLogger
const all = readMigrations()
let whole: unknown[]
beforeAll(async () => {
  whole = await tablesOf(await server.freshDatabase())
})

/** Name, columns and settings of all tables: what two databases must agree in. */
async function tablesOf(clickhouse: ClickHouse): Promise<unknown[]> {
  const tables = await clickhouse.rows<{ name: string; made: string }>(
    `SELECT name, replaceAll(create_table_query, concat(database, '.'), '') AS made FROM system.tables
     WHERE database = {database:String} ORDER BY name`,
    { database: clickhouse.database },
  )
  return tables
}

test('a new database gets every table, and a second run finds nothing to do', async () => {
  const clickhouse = server.emptyDatabase()
  expect(await migrate(clickhouse, { logger })).toEqual({
    database: clickhouse.database,
    from: 0,
    to: all.length,
    applied: all.map(({ version, name }) => ({ version, name, resumed: false })),
  })
  expect(await migrate(clickhouse, { logger })).toMatchObject({ from: all.length, to: all.length, applied: [] })
  expect(await schemaVersion(clickhouse)).toEqual({ current: all.length, wanted: all.length })
})

test('a database that was never migrated has version 0', async () => {
  const clickhouse = server.emptyDatabase()
  await clickhouse.createDatabase()
  expect(await schemaVersion(clickhouse)).toEqual({ current: 0, wanted: all.length })
})

test.each([1, 2, 3])(
  'two migrations that start at once both end well, and leave the tables of one (round %i)',
  async () => {
    const one = await server.freshDatabase()
    const database = server.emptyDatabase().database
    const both = [server.emptyDatabase({ database }), server.emptyDatabase({ database })]
    await Promise.all(both.map((clickhouse) => migrate(clickhouse, { logger })))
    for (const clickhouse of both) expect(await tablesOf(clickhouse)).toEqual(await tablesOf(one))
    expect(await migrate(both[0] as ClickHouse, { logger })).toMatchObject({ applied: [] })
  },
)

test('a migration that is killed after any statement, before that is noted, is finished by the next run', async () => {
  const total = all.reduce((sum, { statements }) => sum + statements.length, 0)
  for (let killAt = 1; killAt <= total; killAt++) {
    const clickhouse = server.emptyDatabase()
    await expect(migrate(dyingAfter(clickhouse, killAt, { noted: false }), { logger })).rejects.toThrow('killed')
    await migrate(clickhouse, { logger })
    expect(await tablesOf(clickhouse), `killed after statement ${killAt}`).toEqual(whole)
    expect(await schemaVersion(clickhouse)).toMatchObject({ current: all.length })
  }
})

test('a migration that is killed between two statements of a file goes on with the second', async () => {
  const clickhouse = server.emptyDatabase()
  await expect(migrate(dyingAfter(clickhouse, 2, { noted: true }), { logger })).rejects.toThrow('killed')
  expect(await schemaVersion(clickhouse)).toMatchObject({ current: 1 })
  const { applied } = await migrate(clickhouse, { logger })
  expect(applied[0]).toEqual({ version: 2, name: '0002_sender_evidence_daily.sql', resumed: true })
  expect(await tablesOf(clickhouse)).toEqual(whole)
})

/** An adapter that fails once so many statements of migrations have run, or right before the last of them is noted as done. */
function dyingAfter(clickhouse: ClickHouse, statements: number, { noted }: { noted: boolean }): ClickHouse {
  // The first command makes the table of progress itself.
  let left = statements + 1
  return Object.assign(Object.create(clickhouse) as ClickHouse, {
    createDatabase: () => clickhouse.createDatabase(),
    rows: (query: string, parameters: Record<string, unknown>) => clickhouse.rows(query, parameters),
    command: async (sql: string) => {
      await clickhouse.command(sql)
      left--
    },
    insertRows: async (table: string, rows: []) => {
      if (left === 0 && !noted) throw new Error('killed')
      await clickhouse.insertRows(table, rows)
      if (left === 0) throw new Error('killed')
    },
  })
}

test('a release that is older than the tables refuses them, and changes nothing', async () => {
  const clickhouse = await server.freshDatabase()
  await expect(migrate(clickhouse, { logger, migrations: all.slice(0, -1) })).rejects.toMatchObject({
    code: 'TLSREP_SCHEMA_NEWER',
    message: expect.stringContaining(`version ${all.length}`),
  })
  expect(await tablesOf(clickhouse)).toEqual(whole)
})

test('a migration that was changed after it ran is refused, with its name', async () => {
  const clickhouse = await server.freshDatabase()
  const changed = all.map((migration) =>
    migration.version === 2 ? toMigration(2, migration.name, 'SELECT 1 -- no more what it was') : migration,
  )
  await expect(migrate(clickhouse, { logger, migrations: changed })).rejects.toMatchObject({
    code: 'TLSREP_MIGRATION_CHANGED',
    message: expect.stringContaining('0002_sender_evidence_daily.sql'),
  })
})

test('a failing statement names itself, and what was done before it is kept', async () => {
  const clickhouse = server.emptyDatabase()
  const broken = toMigration(
    1,
    '0001_broken.sql',
    'CREATE TABLE IF NOT EXISTS a (x UInt8) ENGINE = Memory; ALTER TABEL b;',
  )
  await expect(migrate(clickhouse, { logger, migrations: [broken] })).rejects.toThrow(
    /^0001_broken.sql, statement 2: .*Syntax error/,
  )
  const mended = {
    ...broken,
    statements: [broken.statements[0] ?? '', 'CREATE TABLE IF NOT EXISTS b (x UInt8) ENGINE = Memory'],
  }
  const report = await migrate(clickhouse, { logger, migrations: [mended] })
  expect(report.applied).toEqual([{ version: 1, name: '0001_broken.sql', resumed: true }])
})

test('statements are cut at semicolons, not at those in quotes and comments', () => {
  const text = `-- a; b
SELECT 'it''s; \\'; so' /* ; */ AS \`x;y\`; -- after; it
;
SELECT "a;b"`
  expect(splitStatements(text)).toEqual([`-- a; b\nSELECT 'it''s; \\'; so' /* ; */ AS \`x;y\``, 'SELECT "a;b"'])
})

test('every released statement can be run twice: it says IF NOT EXISTS, or IF EXISTS', () => {
  for (const { name, statements } of all) {
    for (const statement of statements) expect(statement, name).toMatch(/\bIF (NOT )?EXISTS\b/)
  }
})
