import { userInfo } from 'node:os'
import { canonicalSender } from '@tlsrep/core/sender/sender-key'
import { escapeText } from '@tlsrep/platform/log/escape'
import { faultText, OVERRIDE_REQUEST } from '@tlsrep/publisher/http/override-request'
import type { Override, Tier } from '@tlsrep/schemas'
import { type Access, type AccessOptions, withAccess } from '../access/access.ts'
import { type Decided, decide } from '../access/overrides.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { momentText } from '../output/prose.ts'
import { decisionFinder } from '../queries/covering.ts'
import { currentListings } from '../queries/current-listings.ts'
import { type CurrentOverride, currentOverrides } from '../queries/current-overrides.ts'
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

type Action = Override['action']

/** Frees a sender, whatever its evidence says. @returns the exit code */
export function allow(sender: string, options: DecisionOptions, io: CommandIo): Promise<number> {
  return decideOn(sender, 'allow', options, io)
}

/** Lists a sender, whatever its evidence says. @returns the exit code */
export function deny(sender: string, options: DecisionOptions, io: CommandIo): Promise<number> {
  return decideOn(sender, 'deny', options, io)
}

/**
 * Takes a sender off the list: an allow that ends when the evidence which listed it would have ended the listing, or after `for`. What is
 * seen later can list it again then.
 * @returns the exit code: 1 where the sender is not listed by its score
 */
export async function delist(text: string, options: DecisionOptions, io: CommandIo): Promise<number> {
  const why = options.why ?? 'delisted'
  const read = readDecision(text, 'allow', { ...options, why })
  if (!read.ok) return wrong(read.message, io)
  const { sender } = read
  return withAccess(options, io, async (access) => {
    const now = io.now()
    const held = decisionFinder(await currentOverrides(access.clickhouse, now))(sender)
    const listing = (await currentListings(access.clickhouse, now)).find((candidate) => candidate.sender === sender)
    if (held?.action === 'deny') {
      return no(`${sender} is listed by a decision; take it back: tlsrep deny ${held.sender} --withdraw`, io)
    }
    if (listing === undefined) return no(`${sender} is not listed by its score`, io)
    const until = options.for === undefined ? Date.parse(listing.expires_at) : now + options.for
    if (held !== undefined && lasts(held, until)) {
      return no(`${sender} is free already: ${held.sender} is allowed ${endText(held.until)}`, io)
    }
    return record(access, { ...read, until, created_at: now }, options, io)
  })
}

async function decideOn(text: string, action: Action, options: DecisionOptions, io: CommandIo): Promise<number> {
  if (options.withdraw) return withdraw(text, action, options, io)
  if (options.why === undefined)
    return wrong(`say why, for those who come later: tlsrep ${action} ${text} --why '…'`, io)
  const read = readDecision(text, action, options)
  if (!read.ok) return wrong(read.message, io)
  const now = io.now()
  const until = options.for === undefined ? null : now + options.for
  return withAccess(options, io, (access) => record(access, { ...read, until, created_at: now }, options, io))
}

type Read = ({ ok: true } & Omit<Override, 'until' | 'created_at'>) | { ok: false; message: string }

/** What was written on the command line, held to the same rules as what comes over HTTP. */
function readDecision(text: string, action: Action, { tier, by, why = '' }: DecisionOptions): Read {
  const found = canonicalSender(text)
  if (!found.ok) return { ok: false, message: `${JSON.stringify(text)}: ${found.message}. ${found.remedy}` }
  const wanted = action === 'deny' ? (tier ?? 'reject') : null
  const request = OVERRIDE_REQUEST.safeParse({ sender: text, action, tier: wanted, by: by ?? userName(), why })
  if (!request.success) return { ok: false, message: `--${faultText(request.error)}` }
  return { ok: true, sender: found.sender, action, tier: wanted, by: request.data.by, why: request.data.why }
}

async function record(
  access: Access,
  { sender, action, tier, by, why, until, created_at }: Override,
  options: DecisionOptions,
  io: CommandIo,
): Promise<number> {
  const before = await currentOverrides(access.clickhouse, created_at)
  const decided = await decide(access, sender, { sender, action, tier, by, why, until, created_at })
  if (options.json) {
    const facts = { sender, action, tier, until: timeText(until), by, why, created_at: timeText(created_at) }
    await written(io.stdout, `${JSON.stringify({ ...facts, result: decided })}\n`)
    return EXIT.ok
  }
  const verb = action === 'allow' ? 'is allowed' : `is denied at tier ${tier}`
  await written(io.stdout, `${sender} ${verb} ${endText(timeText(until))}: ${WHEN[decided]}.\n`)
  await written(io.stdout, besideText(sender, action, before))
  return EXIT.ok
}

/** What a decision took the place of, and what keeps it from having an effect. */
function besideText(sender: string, action: Action, before: readonly CurrentOverride[]): string {
  const own = before.find((override) => override.sender === sender)
  const others = before.filter((override) => override.sender !== sender)
  const stronger = action === 'deny' ? decisionFinder(others)(sender) : undefined
  return [
    own === undefined ? '' : `It takes the place of: ${decisionText(own)}.\n`,
    stronger?.action !== 'allow'
      ? ''
      : `It has no effect while ${stronger.sender} is allowed ${endText(stronger.until)}: an allow beats a deny.\n`,
  ].join('')
}

function decisionText({ action, tier, until, by, why }: CurrentOverride): string {
  const what = tier === null ? action : `${action} at ${tier}`
  return `${what} ${endText(until)}, by ${escapeText(by)}: ${escapeText(why)}`
}

async function withdraw(text: string, action: Action, options: DecisionOptions, io: CommandIo): Promise<number> {
  const found = canonicalSender(text)
  if (!found.ok) return wrong(`${JSON.stringify(text)}: ${found.message}. ${found.remedy}`, io)
  const { sender } = found
  return withAccess(options, io, async (access) => {
    const overrides = await currentOverrides(access.clickhouse, io.now())
    const held = overrides.find((override) => override.sender === sender)
    if (held?.action !== action) return no(`there is no ${action} for ${sender} to withdraw`, io)
    const decided = await decide(access, sender, null)
    await written(
      io.stdout,
      options.json
        ? `${JSON.stringify({ sender, action: 'withdraw', result: decided })}\n`
        : `The ${action} for ${sender} is withdrawn: ${WHEN[decided]}.\n`,
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

function lasts({ until }: CurrentOverride, moment: number): boolean {
  return until === null || Date.parse(until) >= moment
}

/** @param until RFC 3339 */
function endText(until: string | null): string {
  return until === null ? 'until it is withdrawn' : `until ${momentText(until)}`
}

function timeText(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString()
}

async function no(message: string, io: CommandIo): Promise<number> {
  await written(io.stderr, `tlsrep: ${message}\n`)
  return EXIT.faults
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
