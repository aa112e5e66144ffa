import type { Config } from '@tlsrep/platform/config/config'
import { bracketed } from '../access/http-base.ts'
import { labelled } from '../output/prose.ts'
import { bytesText, durationText } from '../output/quantities.ts'
import { reversedName } from './reversed-name.ts'

/** Sessions that are stored, by what became of them. */
export interface SessionCount {
  direction: string
  outcome: string
  sessions: number
}

/** @param stored how many of them came in since the start */
export function sessionsText(counts: readonly SessionCount[], stored: number, width: number): string {
  const label = 'Sessions  '
  if (counts.length === 0) return labelled(label, 'none yet: they are counted as mail comes.', width)
  const total = counts.reduce((sum, { sessions }) => sum + sessions, 0)
  const ways = ['inbound', 'outbound'].map((direction) => wayText(direction, counts)).filter((text) => text !== '')
  return labelled(label, [storedText(total, stored), ...ways].join(' '), width)
}

function storedText(total: number, stored: number): string {
  if (total <= stored) return `${total} stored.`
  return stored === 0 ? `${total} stored earlier, nothing new.` : `${total} stored, ${stored} of them since this start.`
}

function wayText(wanted: string, counts: readonly SessionCount[]): string {
  const parts = counts
    .filter(({ direction }) => direction === wanted)
    .map(({ outcome, sessions }) => `${sessions} ${outcome}`)
  return parts.length === 0 ? '' : `${wanted === 'inbound' ? 'Inbound' : 'Outbound'}: ${parts.join(', ')}.`
}

/** A listed sender, and what speaks against it most. */
export interface ListedSender {
  sender: string
  tier: string
  reason: string
}

export interface ListedSummary {
  /** The worst. */
  shown: readonly ListedSender[]
  /** Listed beside those. */
  more: number
  /** Those that operators have freed. */
  allowed: number
  /** Whether nothing was seen so far. */
  isEmpty: boolean
}

export function listedText({ shown, more, allowed, isEmpty }: ListedSummary, width: number): string {
  const freed =
    allowed === 0 ? '' : ` ${allowed} more would be, and ${allowed === 1 ? 'is' : 'are'} allowed by an operator.`
  if (shown.length === 0) {
    const why = isEmpty ? 'nobody yet.' : 'nobody: nothing speaks clearly enough against anybody.'
    return labelled('Listed    ', `${why}${freed}`, width)
  }
  const lines = shown.map(({ sender, tier, reason }, index) =>
    labelled(index === 0 ? 'Listed    ' : '          ', `${sender}  ${tier}: ${reason}`, width),
  )
  const last = `${more === 0 ? '' : `and ${more} more.`}${freed}`.trim()
  return lines.join('') + (last === '' ? '' : labelled('          ', last, width))
}

/** What the codes of the zone stand for (docs/dnsbl.md). */
const CODES: Readonly<Record<string, string>> = {
  '127.0.0.3': 'watch',
  '127.0.0.4': 'tag',
  '127.0.0.5': 'defer',
  '127.0.0.6': 'reject',
}

/**
 * @param asked null where its test entry was asked for
 * @param answer addresses that the DNSBL gave, or why it gave none
 */
export function dnsblText(
  asked: { address: string; tier: string } | null,
  answer: readonly string[] | { failure: string },
  width: number,
): string {
  const label = 'DNSBL     '
  const what = `asked just now for ${asked === null ? 'its test entry' : asked.address}`
  if ('failure' in answer) return labelled(label, `${what}: no answer (${answer.failure})`, width)
  const tiers = answer.map((address) => CODES[address] ?? '').filter((tier) => tier !== '')
  const held = asked !== null && !tiers.includes(asked.tier) ? `: as far as its cap goes` : ''
  const meaning = tiers.length === 0 ? '' : ` (${tiers.join(', ')}${held})`
  return labelled(label, `${what}: ${answer.join(' ')}${meaning}`, width)
}

export function modeText({ publisher: { mode, cap } }: Config, width: number): string {
  const text =
    mode === 'observe'
      ? 'observe: nothing is done to any mail; what would be done is logged and counted.'
      : `${mode}, cap ${cap}: mail servers that ask are told so.`
  return labelled('Mode      ', text, width)
}

/** Where a person finds what runs. */
export interface Places {
  config: Config
  http: { host: string; port: number }
  /** Null where the DNSBL is off. */
  dnsblPort: number | null
}

/** A name to ask the DNSBL for: a listed address, or the test entry (RFC 5782 section 5). */
export function dnsblName({ publisher }: Config, sender: string | null): string {
  const { zone, mode } = publisher.outputs.dnsbl
  if (sender === null) return `2.0.0.127.${zone}`
  // In mode observe the zone itself answers nothing but its test entries.
  return `${reversedName(sender)}.${mode === 'observe' ? 'observe.' : ''}${zone}`
}

/**
 * What to try next; every line works when it is pasted.
 * @param command the whole command line of a subcommand, with what it needs to find this instance
 * @param has whether a program is installed
 */
export function triesText(
  { config, http, dnsblPort }: Places,
  example: string | null,
  command: (subcommand: string) => string,
  has: (program: string) => boolean,
): string {
  const scheme = config.http.tls === undefined ? 'http' : 'https'
  const { host } = config.publisher.outputs.dnsbl.listen
  const missing = (program: string): string => (has(program) ? '' : `   # ${program} is not installed here`)
  const lines = [
    command(example === null ? 'doctor' : `explain ${addressOf(example)}`),
    command('listings'),
    command('query weak-peers'),
    ...(dnsblPort === null
      ? []
      : [`dig @${host} -p ${dnsblPort} ${dnsblName(config, example)} +short${missing('dig')}`]),
    `curl -s ${scheme}://${bracketed(http.host)}:${http.port}/v1/listings${missing('curl')}`,
  ]
  return `\nTry, in another terminal in this directory:\n${lines.map((line) => `  ${line}\n`).join('')}\n`
}

/** The first address of a prefix. */
export function addressOf(sender: string): string {
  return sender.replace(/\/\d+$/, '')
}

export interface ReadSoFar {
  readBytes: number
  behindBytes: number
  sessions: number
  seconds: number
}

/** How far the logs are read, in less than 80 columns. */
export function readingText({ readBytes, behindBytes, sessions, seconds }: ReadSoFar): string {
  const total = readBytes + behindBytes
  const share = total === 0 ? 1 : readBytes / total
  const rest =
    behindBytes === 0
      ? ', storing the last of it'
      : share > 0 && seconds >= 1
        ? `, ${durationText((seconds * (1 - share)) / share)} left`
        : ''
  return `          ${Math.floor(share * 100)} % of ${bytesText(total)}, ${sessions.toLocaleString('en-US')} sessions${rest}`
}
