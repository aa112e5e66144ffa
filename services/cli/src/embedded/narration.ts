import { Resolver } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Policy } from '@tlsrep/core/policy/policy'
import { kindWords } from '@tlsrep/core/reputation/words'
import { parsePrefix } from '@tlsrep/core/sender/prefix'
import type { Config } from '@tlsrep/platform/config/config'
import { explain } from '@tlsrep/scorer/explain'
import { bracketed } from '../access/http-base.ts'
import { labelled } from '../output/prose.ts'
import { currentListings } from '../queries/current-listings.ts'
import { currentOverrides } from '../queries/current-overrides.ts'
import { type StandingListing, standingListings } from '../queries/standing.ts'
import { collected, lag } from '../wiring/metrics.ts'
import type { Running } from './embedded.ts'
import {
  addressOf,
  dnsblName,
  dnsblText,
  type ListedSender,
  listedText,
  modeText,
  readingText,
  type SessionCount,
  sessionsText,
  triesText,
} from './narration-text.ts'

export interface NarrationOptions {
  running: Running
  config: Config
  policy: Policy
  version: string
  /** What is read, in words. */
  reads: string
  /** The whole command line of a subcommand for this instance. */
  command: (subcommand: string) => string
  has: (program: string) => boolean
  write: (text: string) => void
  /** Whether what is written can be overwritten. */
  isTerminal: boolean
  width: number
  now: () => number
  signal: AbortSignal
}

const LOOK_MS = 200
/** How often progress is told, where each time is a line, and where it is the same line. */
const PROGRESS_MS = { line: 5000, terminal: 1000 } as const
const LISTED_SHOWN = 5

/** Tells a person at a terminal what was started, waits until the logs are read up to their ends, and shows what came of it and what to try. */
export async function narrate(options: NarrationOptions): Promise<void> {
  const { running, config, write, width, signal } = options
  const head = `tlsrep ${options.version} is running; its data is in ${config.data}. Ctrl-C stops it.\n\n`
  write(head + labelled('Reading   ', options.reads, width))
  await caughtUp(options)
  if (signal.aborted) return
  const { clickhouse } = running.clickhouse
  const now = options.now()
  const counts = await clickhouse.rows<SessionCount>(SESSIONS)
  const standing = standingListings(await currentListings(clickhouse, now), await currentOverrides(clickhouse, now))
  const listed = standing.filter(({ in_force }) => in_force)
  const shown = await Promise.all(listed.slice(0, LISTED_SHOWN).map((listing) => listedSender(listing, options)))
  const summary = {
    shown,
    more: listed.length - shown.length,
    allowed: standing.length - listed.length,
    isEmpty: counts.length === 0,
  }
  const example = shown.find(({ sender }) => parsePrefix(sender) !== undefined) ?? null
  const places = { config, http: running.httpAddress, dnsblPort: running.outputs.dnsbl?.port ?? null }
  const parts = [
    sessionsText(counts, running.scorer.counters.events_stored, width),
    listedText(summary, width),
    await askDnsbl(options, example),
    modeText(config, width),
    triesText(places, example?.sender ?? null, options.command, options.has),
  ]
  if (!signal.aborted) write(parts.join(''))
}

const SESSIONS = `SELECT direction, outcome, count() AS sessions FROM tls_events GROUP BY direction, outcome
ORDER BY direction, sessions DESC, outcome`

async function listedSender(
  { sender, tier, override }: StandingListing,
  { running, policy, now }: NarrationOptions,
): Promise<ListedSender> {
  if (override !== null) return { sender, tier, reason: 'an operator has denied it' }
  const { explanation } = await explain(running.clickhouse.clickhouse, policy, sender, now())
  const [worst] = explanation.reputation.kinds.toSorted((a, b) => b.against - a.against)
  return { sender, tier, reason: worst === undefined ? '' : `${worst.sessions} ${kindWords(worst.kind)}` }
}

/** Resolves when all that the logs hold now is stored and scored. */
async function caughtUp({ running, write, signal, now, isTerminal }: NarrationOptions): Promise<void> {
  const started = now()
  let told = started
  let isLineOpen = false
  for (let quiet = 0; quiet < 3 && !signal.aborted; ) {
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {})
    const { behind_bytes, emitted_events } = lag(running.collector)
    const { received_bytes, sent_events, repeated_events } = collected(running.collector)
    // An event counts as sent when it was stored and scored.
    const isDone = behind_bytes === 0 && sent_events + repeated_events >= emitted_events
    quiet = isDone ? quiet + 1 : 0
    if (isDone || now() - told < (isTerminal ? PROGRESS_MS.terminal : PROGRESS_MS.line)) continue
    told = now()
    const seconds = (told - started) / 1000
    const text = readingText({ readBytes: received_bytes, behindBytes: behind_bytes, sessions: sent_events, seconds })
    // The cursor goes back to the beginning, so that a line of the log writes over this one.
    write(isTerminal ? `${CLEAR_LINE}${text}\r` : `${text}\n`)
    isLineOpen = isTerminal
  }
  if (isLineOpen) write(CLEAR_LINE)
}

const CLEAR_LINE = '\r\u001b[2K'

async function askDnsbl({ running, config, width }: NarrationOptions, example: ListedSender | null): Promise<string> {
  const { dnsbl } = running.outputs
  if (dnsbl === null) return ''
  const resolver = new Resolver({ timeout: 2000, tries: 1 })
  resolver.setServers([`${bracketed(config.publisher.outputs.dnsbl.listen.host)}:${dnsbl.port}`])
  const answer = await resolver
    .resolve4(dnsblName(config, example?.sender ?? null))
    .catch((error: unknown) => ({ failure: error instanceof Error ? error.message : String(error) }))
  return dnsblText(example && { address: addressOf(example.sender), tier: example.tier }, answer, width)
}
