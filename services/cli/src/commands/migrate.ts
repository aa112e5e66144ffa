import { migrate as migrateTables, schemaVersion } from '@tlsrep/platform/clickhouse/migrate'
import { createLogger } from '@tlsrep/platform/log/logger'
import { type AccessOptions, withAccess } from '../access/access.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
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
  return withAccess(options, io, async ({ clickhouse, config }) => {
    if (options.check) {
      const { current, wanted } = await schemaVersion(clickhouse)
      const text = `${clickhouse.where}: version ${current} of ${wanted}\n`
      await written(io.stdout, options.json ? `${JSON.stringify({ current, wanted })}\n` : text)
      return current === wanted ? EXIT.ok : EXIT.faults
    }
    const report = await migrateTables(clickhouse, { logger: createLogger({ ...config.log, level: 'error' }) })
    const steps = report.applied.map(({ name, resumed }) => `  ${name}${resumed ? ' (the rest of it)' : ''}\n`).join('')
    const text = `${clickhouse.where}: version ${report.to}${steps === '' ? ', nothing to do' : ''}\n${steps}`
    await written(io.stdout, options.json ? `${JSON.stringify(report)}\n` : text)
    return EXIT.ok
  })
}
