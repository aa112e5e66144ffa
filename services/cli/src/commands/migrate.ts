import { schemaVersion } from '@tlsrep/platform/clickhouse/migrate'
import { createLogger } from '@tlsrep/platform/log/logger'
import { type Access, type AccessOptions, withAccess } from '../access/access.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { type PreparedTopics, prepareTopics } from '../wiring/kafka.ts'
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
  return withAccess(options, io, work, { tables: false, make: options.check !== true })
}

async function check({ clickhouse }: Access, { json }: MigrateOptions, io: CommandIo): Promise<number> {
  const { current, wanted } = await schemaVersion(clickhouse)
  const text = `${clickhouse.where}: version ${current} of ${wanted}\n`
  await written(io.stdout, json ? `${JSON.stringify({ current, wanted })}\n` : text)
  return current === wanted ? EXIT.ok : EXIT.faults
}

async function run({ clickhouse, config }: Access, { json }: MigrateOptions, io: CommandIo): Promise<number> {
  const logger = createLogger({ ...config.log, level: 'error' })
  const report = await prepareTables(clickhouse, config, logger)
  const steps = report.applied.map(({ name, resumed }) => `  ${name}${resumed ? ' (the rest of it)' : ''}\n`).join('')
  const topics = config.kafka === undefined ? null : await prepareTopics(config.kafka, io.now, logger)
  const text = `${clickhouse.where}: version ${report.to}${steps === '' ? ', nothing to do' : ''}\n${steps}${topics === null ? '' : topicsText(topics)}`
  await written(io.stdout, json ? `${JSON.stringify({ ...report, topics })}\n` : text)
  return EXIT.ok
}

function topicsText({ created, kept, differences, ended }: PreparedTopics): string {
  return [
    `Kafka: ${created.length} topics made, ${kept.length} there\n`,
    ...created.map((topic) => `  ${topic}\n`),
    ...differences.map(
      ({ topic, setting, is, planned }) => `  ${topic}: ${setting} is ${is}, not ${planned}; left as it is\n`,
    ),
    ...(ended ?? []).map(
      ({ topic, partition, offset, kept: isKept }) =>
        `  ${topic}, partition ${partition}: a transaction that hung from offset ${offset} on was ended, its records ${isKept ? 'kept' : 'dropped'}\n`,
    ),
    ended === null ? '  transactions that hang were not looked for: this user may not alter the cluster\n' : '',
  ].join('')
}
