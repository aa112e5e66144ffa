import { schemaVersion } from '@tlsrep/platform/clickhouse/migrate'
import { createLogger } from '@tlsrep/platform/log/logger'
import { type Access, type AccessOptions, withAccess } from '../access/access.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { prepareTables } from '../wiring/tables.ts'
import type { CommandIo } from './command-io.ts'

export interface MigrateOptions extends AccessOptions {
  /** Says where the database stands, and changes nothing. */
  check?: boolean
  json?: boolean
}

/**
 * Brings the tables to this release.
 * @returns the exit code: 1 with `check` where there is something to do
 */
export async function migrate(options: MigrateOptions, io: CommandIo): Promise<number> {
  const work = (access: Access): Promise<number> =>
    options.check ? check(access, options, io) : run(access, options, io)
  return withAccess(options, io, work, false)
}

async function check({ clickhouse }: Access, { json }: MigrateOptions, io: CommandIo): Promise<number> {
  const { current, wanted } = await schemaVersion(clickhouse)
  const text = `${clickhouse.where}: version ${current} of ${wanted}\n`
  await written(io.stdout, json ? `${JSON.stringify({ current, wanted })}\n` : text)
  return current === wanted ? EXIT.ok : EXIT.faults
}

async function run({ clickhouse, config }: Access, { json }: MigrateOptions, io: CommandIo): Promise<number> {
  const report = await prepareTables(clickhouse, config, createLogger({ ...config.log, level: 'error' }))
  const steps = report.applied.map(({ name, resumed }) => `  ${name}${resumed ? ' (the rest of it)' : ''}\n`).join('')
  const text = `${clickhouse.where}: version ${report.to}${steps === '' ? ', nothing to do' : ''}\n${steps}`
  await written(io.stdout, json ? `${JSON.stringify(report)}\n` : text)
  return EXIT.ok
}
