import { type Command, InvalidArgumentError } from 'commander'
import type { DoctorOptions } from '../commands/doctor.ts'
import type { ExplainOptions } from '../commands/explain.ts'
import type { ListingsOptions } from '../commands/listings.ts'
import type { QueryOptions } from '../commands/query.ts'
import { type Adding, configOption, dataOption, jsonOption } from './common.ts'

/** Commands that look: on the running instance where there is one, else on its data directory. */
export function addReadingCommands(program: Command, adding: Adding): void {
  addExplainCommand(program, adding)
  addListingsCommand(program, adding)
  addQueryCommand(program, adding)
  addDoctorCommand(program, adding)
}

function addExplainCommand(program: Command, { io, done }: Adding): void {
  program
    .command('explain')
    .summary("a sender's arithmetic, days, sample sessions, remedy, and what would clear it")
    .description(
      'Shows everything that is known of a sender and what follows from it, the verdict first. Evidence is kept by ' +
        'address: /32, or the /64 of an IPv6 address.',
    )
    .argument('<address>', 'an address, or a prefix as it is listed')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption('print all of it as one JSON object'))
    .addHelpText(
      'after',
      `
Examples:
  tlsrep explain 203.0.113.45
  tlsrep explain 2001:db8:1:2::/64 --json | jq .explanation.reputation

Exit status: 0 something is known of the sender; 1 nothing is.`,
    )
    .showHelpAfterError('For example:  tlsrep explain 203.0.113.45')
    .action(async (address: string, options: ExplainOptions) => {
      const { explain } = await import('../commands/explain.ts')
      done(await explain(address, options, io))
    })
}

function addListingsCommand(program: Command, { io, done }: Adding): void {
  program
    .command('listings')
    .summary("who is listed, and the operators' decisions")
    .description(
      'Prints the list, the worst first, and what operators have decided. A sender that an operator has allowed stays ' +
        'in it, marked: its evidence goes on. Times are UTC.',
    )
    .option('--decisions', "print the operators' decisions alone")
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption('print them as JSON, one a line'))
    .addHelpText(
      'after',
      `
Examples:
  tlsrep listings
  tlsrep listings --json | jq -r 'select(.in_force) | .sender'
  tlsrep listings --decisions --json`,
    )
    .action(async (options: ListingsOptions) => {
      const { listings } = await import('../commands/listings.ts')
      done(await listings(options, io))
    })
}

function addQueryCommand(program: Command, { io, done }: Adding): void {
  program
    .command('query')
    .summary('ready-made questions about what was stored')
    .description('Asks a ready-made question. Without a name, lists the questions. Days are UTC.')
    .argument('[name]', 'question')
    .option('--param <name=value...>', 'since and until (days), and what the question needs')
    .option('--limit <rows>', 'rows at most', rowsOf, 100)
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  tlsrep query
  tlsrep query weak-peers
  tlsrep query tls-shares --param since=2026-11-01 until=2026-12-01
  tlsrep query sender --param sender=203.0.113.45

Exit status: 0 answered, also where there is nothing; 2 wrong use.`,
    )
    .showHelpAfterError('For example:  tlsrep query weak-peers\nAll options:  tlsrep query --help')
    .action(async (name: string | undefined, options: QueryOptions) => {
      const { query } = await import('../commands/query.ts')
      done(await query(name, options, io))
    })
}

function addDoctorCommand(program: Command, { io, done }: Adding): void {
  program
    .command('doctor')
    .summary('look at every part, and say what is wrong')
    .description(
      'Asks every part as its users would: the instance, ClickHouse and its sums, the DNSBL and its test entries, the ' +
        'policy service, the logs, and whether they say enough about TLS.',
    )
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption('print the findings as JSON, one a line'))
    .addHelpText(
      'after',
      `
Examples:
  tlsrep doctor
  tlsrep doctor --json | jq 'select(.state != "ok")'

Exit status: 0 no fault was found; 1 one was.`,
    )
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('../commands/doctor.ts')
      done(await doctor(options, io))
    })
}

function rowsOf(value: string): number {
  const rows = Number(value)
  if (!Number.isInteger(rows) || rows < 1 || rows > 1_000_000)
    throw new InvalidArgumentError('Write a number from 1 to 1000000, e.g. --limit 1000')
  return rows
}
