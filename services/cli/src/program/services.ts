import type { Command } from 'commander'
import type { StartOptions } from '../commands/start.ts'
import { type Adding, configOption, dataOption, version } from './common.ts'

/** Commands that run until they are stopped. */
export function addServiceCommands(program: Command, adding: Adding): void {
  addStartCommand(program, adding)
}

function addStartCommand(program: Command, { io, done }: Adding): void {
  program
    .command('start')
    .summary('run all of it in one process')
    .description(
      'Follows mail logs, counts every session, keeps events and evidence in a ClickHouse server of its own, and ' +
        'answers mail servers by DNSBL, policy service, files and feed. Without a configuration it reads the mail ' +
        'logs of this machine and does nothing to any mail (mode observe).',
    )
    .addOption(configOption())
    .addOption(dataOption())
    .option('--log <file...>', 'logs to follow in place of the configured ones; globs in quotes; - for standard input')
    .addHelpText('after', START_HELP)
    .action(async (options: StartOptions) => {
      const { start } = await import('../commands/start.ts')
      done(await start(options, version(), io))
    })
}

const START_HELP = `
Examples:
  tlsrep start
  tlsrep start --log /var/log/mail.log --data /var/lib/tlsrep
  tlsrep start --config /etc/tlsrep/tlsrep.yaml

Ctrl-C or SIGTERM stops it; the next start goes on where it was.
Exit status: 0 stopped; 1 a part failed; 2 wrong use or configuration.`
