import { Command } from 'commander'
import type { CommandIo } from './commands/command-io.ts'
import { type Done, version } from './program/common.ts'
import { addDecidingCommands } from './program/deciding.ts'
import { addOfflineCommands } from './program/offline.ts'
import { addReadingCommands } from './program/reading.ts'
import { addServiceCommands } from './program/services.ts'
import { addUpkeepCommands } from './program/upkeep.ts'

/**
 * The command line: what may be written, and what each command then does. Help text is written to be read by somebody who has a mail
 * log and no time.
 */
export function createProgram(io: CommandIo, done: Done): Command {
  const program = new Command('tlsrep')
    .description(
      'Reads what mail servers log about TLS, keeps a reputation of every sender, and gives it back as a blocklist.',
    )
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand(false)
    .showSuggestionAfterError()
    .showHelpAfterError('All commands:  tlsrep --help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'tlsrep: ')),
    })
    .addHelpText('after', PROGRAM_HELP)
  addServiceCommands(program, { io, done })
  addReadingCommands(program, { io, done })
  addDecidingCommands(program, { io, done })
  addUpkeepCommands(program, { io, done })
  addOfflineCommands(program, { io, done })
  return program
}

const PROGRAM_HELP = `
Examples:
  tlsrep start                            follow the logs of this machine
  tlsrep explain 203.0.113.45             why a sender is listed, what ends it
  tlsrep parse --table /var/log/mail.log  who sends in clear, nothing running

Exit status: 0 done; 1 the answer is no, or something is at fault; 2 wrong use
or configuration (the message says what to write).`
