import { Resolver } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '@tlsrep/platform/config/config'
import { escapeText } from '@tlsrep/platform/log/escape'
import { type CurrentListing, currentListings } from '../queries/current-listings.ts'
import { collected, lag } from '../wiring/metrics.ts'
import type { Running } from './embedded.ts'
import { reversedName } from './reversed-name.ts'

export interface NarrationOptions {
  running: Running
  config: Config
  version: string
  /** What is read, in words. */
  reads: string
  /** Options that the commands need to find this instance, e.g. `--config /etc/x.yaml`. */
  commandOptions: string
  write: (text: string) => void
  now: () => number
  signal: AbortSignal
}

const LOOK_MS = 200
const PROGRESS_MS = 5000
const LISTED_SHOWN = 5

/** Tells a person at a terminal what was started, waits until the logs are read up to their ends, and shows what came of it and what to try. */
export async function narrate(options: NarrationOptions): Promise<void> {
  const { write, version, config, reads, signal } = options
  write(`tlsrep ${version} is running; its data is in ${config.data}. Ctrl-C stops it.\n\nReading   ${reads}\n`)
  await caughtUp(options)
  if (signal.aborted) return
  const { clickhouse } = options.running.clickhouse
  const sessions = await clickhouse.rows<SessionCount>(SESSIONS)
  const listed = await currentListings(clickhouse, options.now())
  write(`Sessions  ${sessionsText(sessions)}\n${listedText(listed)}`)
  const example = listed[0]
  if (example !== undefined) write(await dnsblText(options, example))
  write(modeText(config))
  write(triesText(options, example))
}

interface SessionCount {
  direction: string
  outcome: string
  sessions: number
}

const SESSIONS = `SELECT direction, outcome, count() AS sessions FROM tls_events GROUP BY direction, outcome
ORDER BY direction, sessions DESC`

async function caughtUp({ running, write, signal, now }: NarrationOptions): Promise<void> {
  let told = now()
  for (let quiet = 0; quiet < 3 && !signal.aborted; ) {
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {})
    const { behind_bytes, emitted_events } = lag(running.collector)
    const { received_bytes, sent_events, repeated_events } = collected(running.collector)
    // An event counts as sent when it was stored and scored.
    const isDone = behind_bytes === 0 && sent_events + repeated_events >= emitted_events
    quiet = isDone ? quiet + 1 : 0
    if (now() - told < PROGRESS_MS) continue
    told = now()
    write(`          ${megabytes(received_bytes)} read, ${megabytes(behind_bytes)} to go\n`)
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

function sessionsText(counts: readonly SessionCount[]): string {
  if (counts.length === 0) return 'none yet: they are counted as mail comes.'
  const total = counts.reduce((sum, { sessions }) => sum + sessions, 0)
  const part = (wanted: string): string =>
    counts
      .filter(({ direction }) => direction === wanted)
      .map(({ outcome, sessions }) => `${sessions} ${outcome}`)
      .join(', ')
  const outbound = part('outbound')
  return `${total} stored. Inbound: ${part('inbound') || 'none'}.${outbound === '' ? '' : ` Outbound: ${outbound}.`}`
}

function listedText(listed: readonly CurrentListing[]): string {
  if (listed.length === 0) return 'Listed    nobody: nothing speaks clearly enough against anybody.\n'
  const shown = listed.slice(0, LISTED_SHOWN).map(({ sender, tier, explanation }, index) => {
    return `${index === 0 ? 'Listed    ' : '          '}${sender}  ${tier}: ${escapeText(reasonOf(explanation))}\n`
  })
  const more = listed.length - LISTED_SHOWN
  return shown.join('') + (more > 0 ? `          and ${more} more\n` : '')
}

/** What speaks against the sender most: the second sentence of an explanation, without its arithmetic. */
function reasonOf(explanation: string): string {
  const [first = '', second = first] = explanation.split(/(?<=[.]) (?=[A-Z0-9])/, 2)
  return second.replace(/ \(.*/s, '')
}

async function dnsblText({ running, config }: NarrationOptions, { sender }: CurrentListing): Promise<string> {
  const { dnsbl } = running.outputs
  if (dnsbl === null) return ''
  const resolver = new Resolver({ timeout: 2000, tries: 1 })
  const { host } = config.publisher.outputs.dnsbl.listen
  resolver.setServers([`${host.includes(':') ? `[${host}]` : host}:${dnsbl.port}`])
  const name = `${reversedName(sender)}.observe.${config.publisher.outputs.dnsbl.zone}`
  const answer = await resolver.resolve4(name).catch((error: unknown) => [`no answer (${String(error)})`])
  return `DNSBL     asked just now for ${addressOf(sender)}: ${answer.join(' ')}\n`
}

function modeText({ publisher }: Config): string {
  if (publisher.mode !== 'observe') return `Mode      ${publisher.mode}, cap ${publisher.cap}\n`
  return 'Mode      observe: nothing is done to any mail; what would be done is logged and counted.\n'
}

function triesText({ running, config, commandOptions }: NarrationOptions, example: CurrentListing | undefined): string {
  const { dnsbl } = running.outputs
  const { host, port } = running.httpAddress
  const sender = example?.sender ?? '203.0.113.45/32'
  const { listen, zone } = config.publisher.outputs.dnsbl
  const scheme = config.http.tls === undefined ? 'http' : 'https'
  const dig = `dig @${listen.host} -p ${dnsbl?.port} ${reversedName(sender)}.observe.${zone} +short`
  return [
    '\nTry\n',
    dnsbl === null ? '' : `  ${dig}\n`,
    `  curl -s ${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}/v1/listings\n`,
    `  npx tlsrep explain ${addressOf(sender)}${commandOptions}\n`,
    `  npx tlsrep query weak-peers${commandOptions}\n\n`,
  ].join('')
}

/** The first address of a prefix. */
function addressOf(sender: string): string {
  return sender.replace(/\/\d+$/, '')
}
