import type { Command } from 'commander'
import type { RunOptions } from '../commands/service.ts'
import type { StartOptions } from '../commands/start.ts'
import { type Adding, configOption, dataOption, version } from './common.ts'

/** Commands that run until they are stopped. */
export function addServiceCommands(program: Command, adding: Adding): void {
  addStartCommand(program, adding)
  addCollectCommand(program, adding)
  addScoreCommand(program, adding)
  addPublishCommand(program, adding)
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

function addCollectCommand(program: Command, { io, done }: Adding): void {
  program
    .command('collect')
    .summary('one service: logs to Kafka')
    .description(
      'Follows mail logs and hands their events to Kafka, each batch in one transaction with the position in the log. ' +
        'For a mail host, or beside the syslog server. Two collectors must not share a name (collector.name).',
    )
    .addOption(configOption())
    .addOption(dataOption())
    .option('--log <file...>', 'logs to follow in place of the configured ones; globs in quotes; - for standard input')
    .addHelpText('after', '\nExample:\n  tlsrep collect --config /etc/tlsrep/tlsrep.yaml')
    .action(async (options: RunOptions) => {
      const { runService } = await import('../commands/service.ts')
      const { collectorActors } = await import('../distributed/collect.ts')
      done(await runService((service, _, run) => collectorActors(service, run.log ?? []), options, version(), io))
    })
}

function addScoreCommand(program: Command, { io, done }: Adding): void {
  program
    .command('score')
    .summary('one service: events from Kafka to evidence and listings')
    .description(
      'Stores events in ClickHouse and scores the senders that they speak against. Several share the work: as many as ' +
        'the topic has partitions.',
    )
    .addOption(configOption())
    .addHelpText('after', '\nExample:\n  tlsrep score --config /etc/tlsrep/tlsrep.yaml')
    .action(async (options: RunOptions) => {
      const { runService } = await import('../commands/service.ts')
      const { scorerActors } = await import('../distributed/score.ts')
      done(await runService(scorerActors, options, version(), io))
    })
}

function addPublishCommand(program: Command, { io, done }: Adding): void {
  program
    .command('publish')
    .summary('one service: listings from Kafka to the mail servers')
    .description(
      'Holds the list, and answers mail servers by DNSBL, policy service, files and feed. Each publisher holds all of it: ' +
        'run one beside each mail host.',
    )
    .addOption(configOption())
    .addOption(dataOption())
    .addHelpText('after', '\nExample:\n  tlsrep publish --config /etc/tlsrep/tlsrep.yaml')
    .action(async (options: RunOptions) => {
      const { runService } = await import('../commands/service.ts')
      const { publisherActors } = await import('../distributed/publish.ts')
      done(await runService(publisherActors, options, version(), io))
    })
}

const START_HELP = `
Examples:
  tlsrep start
  tlsrep start --log /var/log/mail.log --data /var/lib/tlsrep
  tlsrep start --config /etc/tlsrep/tlsrep.yaml

Ctrl-C or SIGTERM stops it; the next start goes on where it was.
Exit status: 0 stopped; 1 a part failed; 2 wrong use or configuration.`
