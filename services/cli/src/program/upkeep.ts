import type { Command } from 'commander'
import type { MigrateOptions } from '../commands/migrate.ts'
import { type Adding, configOption, dataOption, jsonOption } from './common.ts'

/** Commands that keep an installation in order. */
export function addUpkeepCommands(program: Command, { io, done }: Adding): void {
  program
    .command('migrate')
    .summary('bring the tables to this release')
    .description(
      'Makes what is missing in the database, and goes on where an earlier run was cut off. tlsrep start does the same; ' +
        'this is for a ClickHouse server that several services share. Running it again changes nothing.',
    )
    .option('--check', 'only say where the database stands; exit 1 where there is something to do')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption('print what was done as JSON'))
    .addHelpText(
      'after',
      `
Examples:
  tlsrep migrate
  tlsrep migrate --check --config /etc/tlsrep/tlsrep.yaml`,
    )
    .action(async (options: MigrateOptions) => {
      const { migrate } = await import('../commands/migrate.ts')
      done(await migrate(options, io))
    })
}
