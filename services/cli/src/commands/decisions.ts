import { userInfo } from 'node:os'
import { canonicalSender } from '@tlsrep/publisher/list/sender-key'
import type { Override, Tier } from '@tlsrep/schemas'
import { type Access, type AccessOptions, withAccess } from '../access/access.ts'
import { type Decided, decide } from '../access/overrides.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { currentListings } from '../queries/current-listings.ts'
import { currentOverrides } from '../queries/current-overrides.ts'
import type { CommandIo } from './command-io.ts'

export interface DecisionOptions extends AccessOptions {
  why?: string
  by?: string
  /** Milliseconds from now; without it the decision holds until it is withdrawn. */
  for?: number
  tier?: Tier
  /** Withdraws the decision there is. */
  withdraw?: boolean
  json?: boolean
}

/** Frees a sender, whatever its evidence says. */
export function allow(sender: string, options: DecisionOptions, io: CommandIo): Promise<number> {
  return decideOn(sender, 'allow', options, io)
}

/** Lists a sender, whatever its evidence says. */
export function deny(sender: string, options: DecisionOptions, io: CommandIo): Promise<number> {
  return decideOn(sender, 'deny', options, io)
}

/**
 * Takes a sender off the list: an allow that ends when the evidence which listed it would have ended the listing, or after `for`. What is
 * seen later can list it again then.
 */
export async function delist(text: string, options: DecisionOptions, io: CommandIo): Promise<number> {
  const found = canonicalSender(text)
  if (!found.ok) return wrong(`${JSON.stringify(text)}: ${found.message}. ${found.remedy}`, io)
  return withAccess(options, io, async (access) => {
    const now = io.now()
    const listing = (await currentListings(access.clickhouse, now)).find(({ sender }) => sender === found.sender)
    if (listing === undefined) {
      await written(io.stderr, `tlsrep: ${found.sender} is not listed by its score\n`)
      return EXIT.faults
    }
    const until = options.for === undefined ? Date.parse(listing.expires_at) : now + options.for
    return record(access, decisionOf(found.sender, 'allow', { why: 'delisted', ...options }, until, now), options, io)
  })
}

async function decideOn(
  text: string,
  action: Override['action'],
  options: DecisionOptions,
  io: CommandIo,
): Promise<number> {
  const found = canonicalSender(text)
  if (!found.ok) return wrong(`${JSON.stringify(text)}: ${found.message}. ${found.remedy}`, io)
  const { sender } = found
  if (options.withdraw) return withdraw(sender, action, options, io)
  if (options.why === undefined)
    return wrong(`say why, for those who come later: tlsrep ${action} ${text} --why '…'`, io)
  const now = io.now()
  const until = options.for === undefined ? null : now + options.for
  const decision = decisionOf(sender, action, options, until, now)
  return withAccess(options, io, (access) => record(access, decision, options, io))
}

function decisionOf(
  sender: string,
  action: Override['action'],
  { tier, by, why }: DecisionOptions,
  until: number | null,
  now: number,
): Override {
  return {
    sender,
    action,
    tier: action === 'deny' ? (tier ?? 'reject') : null,
    until,
    by: by ?? userName(),
    why: why ?? '',
    created_at: now,
  }
}

async function record(access: Access, decision: Override, options: DecisionOptions, io: CommandIo): Promise<number> {
  const { sender, action, tier, until } = decision
  const decided = await decide(access, sender, decision)
  const end = until === null ? 'until it is withdrawn' : `until ${new Date(until).toISOString()}`
  const verb = action === 'allow' ? 'is allowed' : `is denied at tier ${tier}`
  await tell({ sender, action, until, result: decided }, `${sender} ${verb} ${end}`, decided, options, io)
  return EXIT.ok
}

async function withdraw(
  sender: string,
  action: Override['action'],
  options: DecisionOptions,
  io: CommandIo,
): Promise<number> {
  return withAccess(options, io, async (access) => {
    const held = (await currentOverrides(access.clickhouse, io.now())).find((override) => override.sender === sender)
    if (held?.action !== action) {
      await written(io.stderr, `tlsrep: there is no ${action} for ${sender} to withdraw\n`)
      return EXIT.faults
    }
    const decided = await decide(access, sender, null)
    await tell(
      { sender, action: 'withdraw', result: decided },
      `the ${action} for ${sender} is withdrawn`,
      decided,
      options,
      io,
    )
    return EXIT.ok
  })
}

const WHEN: Readonly<Record<Decided, string>> = {
  in_force: 'in force now',
  stored: 'stored; tlsrep is not running, and takes it at its next start',
  sent: 'on its way: every publisher takes it within a second',
  not_yet: 'stored; the running instance has not taken it yet',
}

function tell(
  facts: object,
  sentence: string,
  decided: Decided,
  { json }: DecisionOptions,
  io: CommandIo,
): Promise<void> {
  return written(io.stdout, json ? `${JSON.stringify(facts)}\n` : `${sentence}: ${WHEN[decided]}.\n`)
}

async function wrong(message: string, io: CommandIo): Promise<number> {
  await written(io.stderr, `tlsrep: ${message}\n`)
  return EXIT.usage
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
