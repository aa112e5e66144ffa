import { type Command, InvalidArgumentError, Option } from 'commander'
import { MTA_CHOICES, type ParseOptions } from '../commands/parse-options.ts'
import type { SchemaOptions } from '../commands/schema.ts'
import type { ValidateOptions } from '../commands/validate.ts'
import { addZone } from '../commands/zones.ts'
import { type Adding, configOption } from './common.ts'

/** Commands that need nothing but files. */
export function addOfflineCommands(program: Command, adding: Adding): void {
  addParseCommand(program, adding)
  addValidateCommand(program, adding)
  addSchemaCommand(program, adding)
}

function addParseCommand(program: Command, { io, done }: Adding): void {
  program
    .command('parse')
    .summary('turn mail logs into TLS events, one JSON object a line')
    .description(
      'Reads mail logs from beginning to end and prints one event for each SMTP session: who connected, whether TLS ' +
        'came about, with what version and cipher, and whose fault it was if not. Several files are one log in the ' +
        'order given: name the oldest first. gzip and zstd are read as they are; - is standard input.',
    )
    .argument('<file...>', 'log files, oldest first; - for standard input')
    .addOption(new Option('--mta <name>', 'mail server that wrote the log').choices(MTA_CHOICES).default('auto'))
    .option(
      '--tz <zone>',
      'time zone of stamps that have none (IANA name; default: that of this machine); HOST=ZONE for the lines of one ' +
        'host; may be repeated',
      addZone,
    )
    .option(
      '--year <year>',
      'year of the first stamp, where stamps have none (default: by the age of the file)',
      yearOf,
    )
    .option('--collector <name>', 'value of the field collector in every event')
    .option('--table', 'print tables for people instead of events')
    .option('--json', 'print the account on stderr as JSON; with --table, the tables too')
    .option('--no-progress', 'show no progress bar')
    .addHelpText('after', PARSE_HELP)
    .showHelpAfterError('For example:  tlsrep parse /var/log/mail.log\nAll options:  tlsrep parse --help')
    .action(async (files: string[], options: ParseOptions) => {
      // Loaded when it runs: help and messages come at once.
      const { parse } = await import('../commands/parse.ts')
      done(await parse(files, options, io))
    })
}

function addValidateCommand(program: Command, { io, done }: Adding): void {
  program
    .command('validate')
    .summary('check the configuration and the policy file')
    .description(
      'Reads the configuration as a start would, and the policy file that it names, and tells everything that is ' +
        'wrong at once: file, line, key, and what to write instead.',
    )
    .addOption(configOption())
    .option('--json', 'print the result as JSON')
    .option('--print-config', 'print the configuration with every default written out')
    .addHelpText('after', VALIDATE_HELP)
    .action(async (options: ValidateOptions) => {
      const { validate } = await import('../commands/validate.ts')
      done(await validate(options, io))
    })
}

function addSchemaCommand(program: Command, { io, done }: Adding): void {
  program
    .command('schema')
    .summary('print the Avro schema of a record')
    .description(
      'Prints the Avro schema of a record, with the meaning of every field; without a name, the list of records.',
    )
    .argument('[name]', 'record, e.g. TlsNegotiation')
    .option('--list', 'print the list of records')
    .option('--json', 'print the list as JSON, one record a line')
    .addHelpText('after', SCHEMA_HELP)
    .showHelpAfterError('For example:  tlsrep schema TlsNegotiation')
    .action(async (name: string | undefined, options: SchemaOptions) => {
      const { schema } = await import('../commands/schema.ts')
      done(await schema(name, options, io))
    })
}

function yearOf(value: string): number {
  if (!/^(19[7-9]\d|20\d\d)$/.test(value))
    throw new InvalidArgumentError('Write a year of four digits, e.g. --year 2025')
  return Number(value)
}

const PARSE_HELP = `
Examples:
  tlsrep parse /var/log/mail.log > events.ndjson
  tlsrep parse --table mail.log.2.gz mail.log.1 mail.log
  tlsrep parse --tz Europe/Berlin --tz mx2=America/New_York --year 2025 old.log
  journalctl -u 'postfix*' -o short-iso-precise | tlsrep parse -
  tlsrep parse mail.log | jq -r 'select(.outcome == "plaintext") | .peer_ip'

At the end the account of all lines and sessions goes to stderr: every line is
joined to a session, ignored (by class) or dead (by reason, with its position).

Exit status: 0 the whole input was read, dead letters or not; 1 a file broke in
the middle (what came before is in the result); 2 a file could not be read, or
wrong use; 130 interrupted.`

const VALIDATE_HELP = `
Examples:
  tlsrep validate
  tlsrep validate --config /etc/tlsrep/tlsrep.yaml
  tlsrep validate --print-config > tlsrep.yaml   every key with its default

Exit status: 0 it is right; 2 it is not.`

const SCHEMA_HELP = `
Examples:
  tlsrep schema --list
  tlsrep schema TlsNegotiation > TlsNegotiation.avsc`
