import { type Command, InvalidArgumentError, Option } from 'commander'
import type { DecisionOptions } from '../commands/decisions.ts'
import { type Adding, configOption, dataOption, jsonOption } from './common.ts'

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** What an operator decides about a sender. Each is kept with who decided it and why. */
export function addDecidingCommands(program: Command, adding: Adding): void {
  addDecision(program, adding, {
    name: 'allow',
    summary: 'free a sender, whatever its evidence says',
    description:
      'No output lists the sender any more, until the decision ends or is withdrawn. An allow beats a deny, and both beat the score.',
    examples: `  tlsrep allow 203.0.113.45 --why 'partner, fixes it by Friday' --for 7d
  tlsrep allow 203.0.113.45 --withdraw`,
  })
  addDecision(program, adding, {
    name: 'deny',
    summary: 'list a sender, whatever its evidence says',
    description:
      'Every output lists the sender at the tier given, within its cap and mode, until the decision ends or is withdrawn.',
    examples: `  tlsrep deny 198.51.100.0/24 --tier defer --why 'flood of last night' --for 2d
  tlsrep deny 198.51.100.0/24 --withdraw`,
  })
  addDecision(program, adding, {
    name: 'delist',
    summary: 'take a sender off the list for a while',
    description:
      'Frees a listed sender until the evidence that listed it would have ended the listing by itself (--for says otherwise). Nothing is ' +
      'forgotten: what is seen later can list it again then. It is an allow that ends; `tlsrep allow SENDER --withdraw` takes it back.',
    examples: `  tlsrep delist 203.0.113.45
  tlsrep delist 203.0.113.45 --for 30d --why 'their postmaster wrote'`,
  })
}

interface Decision {
  name: 'allow' | 'deny' | 'delist'
  summary: string
  description: string
  examples: string
}

function addDecision(program: Command, { io, done }: Adding, { name, summary, description, examples }: Decision): void {
  const command = program
    .command(name)
    .summary(summary)
    .description(description)
    .argument('<sender>', 'an address, a prefix, or a domain')
    .option('--why <text>', 'the reason, for those who come later')
    .option('--by <name>', 'who decided (default: the user of this system)')
    .option('--for <time>', 'how long it holds: a number and m, h, d or w', durationOf)
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption('print what was decided as JSON'))
    .addHelpText(
      'after',
      `\nExamples:\n${examples}\n\nExit status: 0 done; 1 there is nothing to do it to; 2 wrong use.`,
    )
    .showHelpAfterError(`All options:  tlsrep ${name} --help`)
  if (name !== 'delist') command.option('--withdraw', 'take the decision back')
  if (name === 'deny') {
    command.addOption(
      new Option('--tier <tier>', 'how far').choices(['watch', 'tag', 'defer', 'reject']).default('reject'),
    )
  }
  command.action(async (sender: string, options: DecisionOptions) => {
    const decisions = await import('../commands/decisions.ts')
    done(await decisions[name](sender, options, io))
  })
}

function durationOf(value: string): number {
  const [, digits, unit = ''] = /^(\d{1,4})([mhdw])$/.exec(value) ?? []
  const factor = UNITS_MS[unit]
  if (digits === undefined || factor === undefined || Number(digits) === 0)
    throw new InvalidArgumentError('Write a number and m, h, d or w, e.g. --for 7d')
  return Number(digits) * factor
}
