import type { DecodedPacket, Question, RecordType } from 'dns-packet'
import dnsPacket from 'dns-packet'
import ipaddr from 'ipaddr.js'
import { ActionTally } from '../action-tally.ts'
import type { PublishedListing } from '../output.ts'
import { createCounters, type DnsblCounters } from './counters.ts'
import { Responder, type ResponderOptions } from './responder.ts'

export const NOW = Date.UTC(2026, 10, 25, 12)
export const ZONE = 'bl.tlsrep.internal'
export const OBSERVE = `observe.${ZONE}`

/** As long as either may be (tlsrep.yaml takes none longer): with both, a text about an IPv6 address does not fit into a reply without EDNS any more. */
export const LONG_ZONE = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(59)}`
export const LONG_PAGE = `https://mx.example/${'x'.repeat(155)}?ip={address}`

export function listing(
  sender: string,
  tier: PublishedListing['tier'],
  more: Partial<PublishedListing> = {},
): PublishedListing {
  return { sender, tier, reasons: ['plaintext'], listed_at: NOW - 1000, expires_at: NOW + 3_600_000, ...more }
}

/** The list as simply as it can be said: every listing is looked at, by another library than ours. */
export function naiveMatch(
  listings: readonly PublishedListing[],
  address: string,
  now: number,
): PublishedListing | undefined {
  const parsed = ipaddr.process(address)
  let best: PublishedListing | undefined
  let bestLength = -1
  for (const candidate of listings) {
    const [network, length] = ipaddr.parseCIDR(candidate.sender)
    if (candidate.expires_at <= now || network.kind() !== parsed.kind() || length <= bestLength) continue
    if (!parsed.match(network, length)) continue
    best = candidate
    bestLength = length
  }
  return best
}

export function snapshotOf(listings: readonly PublishedListing[], sequence = 7n) {
  return {
    sequence,
    match: (address: Uint8Array, now: number) =>
      naiveMatch(listings, ipaddr.fromByteArray([...address]).toString(), now),
  }
}

export interface TestResponder {
  responder: Responder
  counters: DnsblCounters
  tally: ActionTally
  log: object[]
  /** Sends bytes; undefined: no reply. */
  send(message: Uint8Array, transport?: 'udp' | 'tcp'): Buffer | undefined
  ask(name: string, type?: RecordType, more?: AskOptions): DecodedPacket
}

export interface AskOptions {
  transport?: 'udp' | 'tcp'
  edns?: { udpPayloadSize?: number; flags?: number; ednsVersion?: number }
}

export function responderOf(
  listings: readonly PublishedListing[],
  more: Partial<ResponderOptions> = {},
): TestResponder {
  const counters = createCounters()
  const log: object[] = []
  const note = (facts: object): void => void log.push(facts)
  const logger = { info: note, warn: note, error: note }
  const tally = new ActionTally(logger, () => NOW)
  const responder = new Responder({
    zone: ZONE,
    limits: { cap: 'reject', mode: 'reject' },
    ttl: 60,
    negativeTtl: 30,
    lookupPage: 'https://mx.example/q?ip={address}',
    counters,
    tally,
    logger,
    now: () => NOW,
    ...more,
  })
  responder.use(snapshotOf(listings))
  const send = (message: Uint8Array, transport: 'udp' | 'tcp' = 'udp'): Buffer | undefined => {
    const bytes = responder.answer(message, transport)
    return bytes === 0 ? undefined : Buffer.from(responder.reply.subarray(0, bytes))
  }
  return {
    responder,
    counters,
    tally,
    log,
    send,
    ask(name, type = 'A', more = {}) {
      const reply = send(query(name, type, more), more.transport)
      if (reply === undefined) throw new Error('no reply')
      return dnsPacket.decode(reply)
    },
  }
}

/** A query as dns-packet writes it, id 4711, recursion desired. */
export function query(name: string, type: RecordType = 'A', more: AskOptions = {}): Buffer {
  const question: Question = { name, type, class: 'IN' }
  return dnsPacket.encode({
    type: 'query',
    id: 4711,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [question],
    additionals:
      more.edns === undefined
        ? []
        : [
            {
              name: '.',
              type: 'OPT',
              udpPayloadSize: 1232,
              extendedRcode: 0,
              ednsVersion: 0,
              flags: 0,
              flag_do: false,
              options: [],
              ...more.edns,
            },
          ],
  })
}

/** The name under which an address is asked for, made without our own code. */
export function reversed(address: string, zone = ZONE): string {
  const parsed = ipaddr.parse(address)
  const bytes = parsed.toByteArray()
  const labels =
    parsed.kind() === 'ipv4'
      ? bytes.map(String)
      : bytes.flatMap((byte) => [(byte >> 4).toString(16), (byte & 15).toString(16)])
  return `${labels.reverse().join('.')}.${zone}`
}

/** The A records of an answer. */
export function codes(packet: DecodedPacket): string[] {
  return (packet.answers ?? []).flatMap((answer) => (answer.type === 'A' ? [answer.data] : []))
}

/** The TXT record's strings, joined. */
export function texts(packet: DecodedPacket): string[] {
  return (packet.answers ?? []).flatMap((answer) =>
    answer.type === 'TXT'
      ? [
          [answer.data]
            .flat()
            .map((part) => part.toString())
            .join(''),
        ]
      : [],
  )
}

export function rcode(packet: DecodedPacket): string {
  return 'rcode' in packet ? String(packet.rcode) : ''
}
