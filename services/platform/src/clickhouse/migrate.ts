import { type Migration, readMigrations } from '@tlsrep/schemas/migrations'
import type { Logger } from 'pino'
import { OperatorError } from '../errors/operator-error.ts'
import type { ClickHouse } from './clickhouse.ts'
import { ClickHouseQueryError } from './failure.ts'

export interface MigrateOptions {
  logger: Logger
  /** For tests; default: all that this release knows. */
  migrations?: readonly Migration[]
}

export interface MigrationReport {
  database: string
  /** Version of the tables before and after; 0 where there were none. */
  from: number
  to: number
  /** What was run now, in order; `resumed` is true where an earlier run had been cut off within it. */
  applied: { version: number; name: string; resumed: boolean }[]
}

/** One line a statement that is done. ReplacingMergeTree, because two that migrate at once both write it. */
const PROGRESS_TABLE = `CREATE TABLE IF NOT EXISTS schema_migrations
(
    version UInt32,
    checksum String,
    statement UInt32,
    statements UInt32,
    name String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY (version, checksum, statement)`

/** How far one migration has come in a database. */
interface Progress {
  version: number
  name: string
  checksum: string
  done: number
  statements: number
}

/**
 * Brings the database to this release's tables: makes it, runs what is missing, goes on where an earlier run was cut off. Running it
 * again, or twice at once, changes nothing, because every statement can be run again without harm.
 * Throws `TLSREP_SCHEMA_NEWER` where a newer release has migrated the database, `TLSREP_MIGRATION_CHANGED` where it was migrated with
 * other files than this release has.
 */
export async function migrate(clickhouse: ClickHouse, options: MigrateOptions): Promise<MigrationReport> {
  const migrations = options.migrations ?? readMigrations()
  await clickhouse.createDatabase()
  await clickhouse.command(PROGRESS_TABLE)
  const progress = await readProgress(clickhouse)
  refuseForeign(progress, migrations, clickhouse.where)
  const report: MigrationReport = {
    database: clickhouse.database,
    from: versionOf(progress),
    to: migrations.length,
    applied: [],
  }
  for (const migration of migrations) {
    const before = progress.get(migration.version)
    const done = before?.done ?? 0
    if (before !== undefined && done >= migration.statements.length) continue
    await runMigration(clickhouse, migration, done)
    report.applied.push({ version: migration.version, name: migration.name, resumed: done > 0 })
    options.logger.debug({ migration: migration.name, database: clickhouse.database, resumed: done > 0 }, 'migrated')
  }
  const { database, from, to, applied } = report
  if (applied.length > 0) options.logger.info({ database, from, to }, 'tables brought to this release')
  return report
}

/** Where a database stands: the version it has in full, and the one that this release wants. Version 0: no tables of ours. */
export async function schemaVersion(clickhouse: ClickHouse): Promise<{ current: number; wanted: number }> {
  const found = await clickhouse.rows(
    "SELECT 1 FROM system.tables WHERE database = {database:String} AND name = 'schema_migrations'",
    { database: clickhouse.database },
  )
  const current = found.length === 0 ? 0 : versionOf(await readProgress(clickhouse))
  return { current, wanted: readMigrations().length }
}

async function runMigration(clickhouse: ClickHouse, migration: Migration, done: number): Promise<void> {
  const { version, name, checksum, statements } = migration
  for (const [index, statement] of statements.entries()) {
    if (index < done) continue
    try {
      await clickhouse.command(statement)
    } catch (error) {
      if (!(error instanceof ClickHouseQueryError)) throw error
      throw new Error(`${name}, statement ${index + 1}: ${error.message}`, { cause: error })
    }
    const row = { version, checksum, statement: index + 1, statements: statements.length, name }
    await clickhouse.insertRows('schema_migrations', [row])
  }
}

async function readProgress(clickhouse: ClickHouse): Promise<Map<number, Progress>> {
  const rows = await clickhouse.rows<Progress>(
    `SELECT version, name, checksum, max(statement) AS done, max(schema_migrations.statements) AS statements
     FROM schema_migrations GROUP BY version, name, checksum ORDER BY version, max(applied_at)`,
  )
  return new Map(rows.map((row) => [row.version, row]))
}

/** The newest version whose statements are all done. */
function versionOf(progress: ReadonlyMap<number, Progress>): number {
  const whole = [...progress.values()].filter(({ done, statements }) => done >= statements)
  return Math.max(0, ...whole.map(({ version }) => version))
}

function refuseForeign(progress: ReadonlyMap<number, Progress>, migrations: readonly Migration[], where: string): void {
  for (const { version, name, checksum } of progress.values()) {
    const known = migrations[version - 1]
    if (known === undefined) {
      throw new OperatorError({
        code: 'TLSREP_SCHEMA_NEWER',
        message: `the tables in ${where} have version ${version} (${name}), this tlsrep knows up to ${migrations.length}`,
        where,
        remedy: 'Run the newer tlsrep that migrated them; tables are never migrated backwards.',
      })
    }
    if (known.checksum !== checksum) {
      throw new OperatorError({
        code: 'TLSREP_MIGRATION_CHANGED',
        message: `the tables in ${where} were made with another ${name} than this tlsrep has`,
        where,
        remedy: 'Install an unchanged release of tlsrep, or use another database (clickhouse.database).',
      })
    }
  }
}
