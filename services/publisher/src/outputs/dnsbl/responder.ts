import { ipText, type Tier } from '@tlsrep/schemas'
import type { Logger } from '../../logger.ts'
import type { ActionTally } from '../action-tally.ts'
import { type ActionLimits, type AppliedTier, appliedTier } from '../applied-tier.ts'
import type { ListingSnapshot, PublishedListing } from '../output.ts'
import type { LookupPage } from '../reply-text.ts'
import type { DnsblCounters } from './counters.ts'
import { HEADER_BYTES, NAME_MAX, RCODE, TCP_MAX, TYPE } from './protocol.ts'
import { Query } from './query.ts'
import { recordText, TEXT_MAX } from './record-text.ts'
import { ReplyWriter, type StartOfAuthority } from './reply-writer.ts'
import { ReversedAddress } from './reversed-address.ts'
import { isLoopback, isTestEntry, TEST_CODE, TEST_TEXT } from './test-entries.ts'
import { type WireName, wireName, ZONE_WIRE_MAX } from './zone-name.ts'

/** Room for the largest reply: the longest question, the longest text, and what stands around them. */
const REPLY_MAX = HEADER_BYTES + NAME_MAX + 4 + TEXT_MAX + 512

/**
 * Every zone has an NS record (RFC 1035 section 5.2). Nobody follows it, the zone being found by a stub zone; this name leads nowhere else
 * (RFC 6761 section 6.3).
 */
const NAME_SERVER = 'localhost'

/** At most one line about failures in this time. */
const FAILURE_LOG_MS = 60_000

/** Last octet of the A record of each tier (docs/dnsbl.md); `clean` is never answered. */
const CODES: Readonly<Record<Exclude<Tier, 'clean'>, number>> = { watch: 3, tag: 4, defer: 5, reject: 6 }

export interface ResponderOptions {
  zone: string
  limits: ActionLimits
  /** Seconds that a listing may be remembered; never longer than it lasts. */
  ttl: number
  /** Seconds that it may be remembered that somebody is not listed. */
  negativeTtl: number
  lookupPage: LookupPage
  counters: DnsblCounters
  tally: ActionTally
  logger: Logger
  /** Milliseconds since 1970 UTC. */
  now: () => number
}

interface Zone {
  name: WireName
  /** The observe zone answers as if the mode stood as high as the cap allows. */
  observing: boolean
}

/** What a name is to be answered with; null: nothing of that name is to be seen. */
type Entry = { code: number; text: string | PublishedListing; ttl: number }

/**
 * Turns one query into one reply, without I/O. Answers are authoritative; nothing is looked up elsewhere.
 *
 * The list is asked for at each query, with the clock, so a listing ends at its own expiry even when nothing is published any more.
 */
export class Responder {
  readonly #options: ResponderOptions
  readonly #counters: DnsblCounters
  /** The deeper zone first. */
  readonly #zones: readonly Zone[]
  readonly #soa: StartOfAuthority
  readonly #query = new Query()
  readonly #address = new ReversedAddress()
  readonly #writer = new ReplyWriter(REPLY_MAX)
  #snapshot: Pick<ListingSnapshot, 'match'> | undefined
  #zoneAt = 0
  #failureLoggedAt = Number.NEGATIVE_INFINITY

  /** @throws OperatorError TLSREP_DNSBL_ZONE */
  constructor(options: ResponderOptions) {
    this.#options = options
    this.#counters = options.counters
    const zone = wireName(options.zone, ZONE_WIRE_MAX)
    this.#zones = [
      { name: wireName(`observe.${zone.text}`), observing: true },
      { name: zone, observing: false },
    ]
    this.#soa = { nameServer: wireName(NAME_SERVER), serial: 0, ttl: options.ttl, minimum: options.negativeTtl }
  }

  /** Where `answer` writes; what it wrote is valid until it is called again. */
  get reply(): Buffer {
    return this.#writer.buffer
  }

  /** The first bytes of `reply`, without a copy. */
  replyOf(bytes: number): Buffer {
    return this.#writer.view(bytes)
  }

  /** Lets what was written last stay as it is: the next reply is written elsewhere. */
  keepReply(): void {
    this.#writer.leaveBuffer()
  }

  use(snapshot: Pick<ListingSnapshot, 'match' | 'sequence'>): void {
    this.#snapshot = snapshot
    this.#soa.serial = Number(BigInt.asUintN(32, snapshot.sequence))
  }

  /** @returns bytes of the reply in `reply`; 0 where nothing may be answered. Never throws: no message may end the process. */
  answer(message: Uint8Array, transport: 'udp' | 'tcp'): number {
    try {
      return this.#answer(message, transport)
    } catch (error) {
      this.#noteFailure(error)
      return 0
    }
  }

  #answer(message: Uint8Array, transport: 'udp' | 'tcp'): number {
    const query = this.#query
    const kind = query.read(message)
    if (kind === 'silence') {
      this.#counters.silent++
      return 0
    }
    const limit = transport === 'udp' ? query.udpMax : TCP_MAX
    this.#writer.start(message, query.questionEnd)
    switch (kind) {
      case 'query':
        return this.#answerQuery(message, limit)
      case 'format':
      case 'additional':
        this.#counters.malformed++
        return this.#finish(RCODE.FORMERR, false, limit)
      case 'version':
        this.#counters.unsupported++
        return this.#finish(RCODE.BADVERS, false, limit)
      case 'opcode':
      case 'class':
        this.#counters.unsupported++
        return this.#finish(RCODE.NOTIMP, false, limit)
    }
  }

  #answerQuery(message: Uint8Array, limit: number): number {
    const { type, labelOffsets, labelCount } = this.#query
    const zone = this.#zoneOf(message)
    // Transfers are refused (RFC 5936 section 2.2.1): the feed is for those who want the whole list.
    if (zone === undefined || type === TYPE.AXFR || type === TYPE.IXFR) {
      this.#counters.refused++
      return this.#finish(RCODE.REFUSED, false, limit)
    }
    switch (this.#address.read(message, labelOffsets, labelCount - zone.name.labels)) {
      case 'apex':
        return this.#answerApex(type, limit)
      case 'address':
        return this.#answerAddress(zone, type, limit)
      case 'inner':
        // Not NXDOMAIN: that would deny all names below too (RFC 8020), and a resolver that minimises names (RFC 9156) asks here first.
        return this.#answerNothing(RCODE.NOERROR, this.#soa, limit)
      case 'other':
        return this.#answerNothing(RCODE.NXDOMAIN, this.#soa, limit)
    }
  }

  #zoneOf(message: Uint8Array): Zone | undefined {
    const { labelOffsets, labelCount } = this.#query
    for (const zone of this.#zones) {
      const label = labelCount - zone.name.labels
      if (label < 0) continue
      this.#zoneAt = labelOffsets[label] ?? 0
      if (endsWith(message, this.#zoneAt, zone.name.wire)) return zone
    }
    return undefined
  }

  #answerApex(type: number, limit: number): number {
    if (type === TYPE.SOA || type === TYPE.ANY) this.#writer.addSoa(this.#zoneAt, this.#soa)
    else if (type === TYPE.NS) this.#writer.addNs(this.#soa)
    else return this.#answerNothing(RCODE.NOERROR, this.#soa, limit)
    return this.#finish(RCODE.NOERROR, true, limit)
  }

  #answerAddress(zone: Zone, type: number, limit: number): number {
    const entry = this.#entry(zone, type)
    if (entry === 'failed') return this.#answerNothing(RCODE.NOERROR, { ...this.#soa, minimum: 0 }, limit)
    if (entry === undefined) {
      this.#counters.not_listed++
      // A name of four digits is also the top of IPv6 names, which NXDOMAIN would deny.
      return this.#answerNothing(this.#address.aboveV6 ? RCODE.NOERROR : RCODE.NXDOMAIN, this.#soa, limit)
    }
    // ANY gets one record of those there are (RFC 8482 section 4.1).
    if (type === TYPE.A || type === TYPE.ANY) this.#writer.addA(entry.ttl, entry.code)
    else if (type === TYPE.TXT) this.#writer.addTxt(entry.ttl, this.#textOf(entry))
    else return this.#answerNothing(RCODE.NOERROR, this.#soa, limit)
    return this.#finish(RCODE.NOERROR, true, limit)
  }

  #entry(zone: Zone, type: number): Entry | 'failed' | undefined {
    const address = this.#address.bytes
    if (isTestEntry(address)) {
      this.#counters.test_entry++
      return { code: TEST_CODE, text: TEST_TEXT, ttl: this.#options.ttl }
    }
    if (isLoopback(address)) return undefined
    const now = this.#options.now()
    const listing = this.#find(address, now)
    if (listing === undefined || listing === 'failed') return listing
    const both = appliedTier(listing, this.#options.limits)
    if (!zone.observing && type === TYPE.A) this.#tally(listing, both)
    const tier = zone.observing ? both.wanted : both.applied
    if (tier === 'clean') return undefined
    if (type === TYPE.A || type === TYPE.TXT) this.#counters[zone.observing ? 'listed_observe' : 'listed']++
    const rest = Math.floor((listing.expires_at - now) / 1000)
    return { code: CODES[tier], text: listing, ttl: Math.max(0, Math.min(this.#options.ttl, rest)) }
  }

  /** Fails open: whatever is wrong with the list, nobody is on it, and nobody remembers the answer. SERVFAIL would hold up mail. */
  #find(address: Uint8Array, now: number): PublishedListing | 'failed' | undefined {
    try {
      const listing = this.#snapshot?.match(address, now)
      return listing !== undefined && listing.expires_at > now ? listing : undefined
    } catch (error) {
      this.#noteFailure(error)
      return 'failed'
    }
  }

  #noteFailure(error: unknown): void {
    const failed = ++this.#counters.failed_open
    const now = this.#options.now()
    if (Math.abs(now - this.#failureLoggedAt) < FAILURE_LOG_MS) return
    this.#failureLoggedAt = now
    this.#options.logger.error({ output: 'dnsbl', err: error, failed }, 'look-up failed, answered as not listed')
  }

  #tally(listing: PublishedListing, both: AppliedTier): void {
    const client = both.wanted === both.applied ? null : ipText(this.#address.bytes)
    this.#options.tally.count(listing, both, { output: 'dnsbl', listener: null, client })
  }

  #textOf(entry: Entry): string {
    if (typeof entry.text === 'string') return entry.text
    return recordText(entry.text, ipText(this.#address.bytes), this.#options.lookupPage)
  }

  /** A negative answer: no such name, or nothing of that type there. */
  #answerNothing(rcode: number, soa: StartOfAuthority, limit: number): number {
    this.#writer.addNegativeSoa(this.#zoneAt, soa)
    return this.#finish(rcode, true, limit)
  }

  #finish(rcode: number, authoritative: boolean, limit: number): number {
    const { bytes, truncated } = this.#writer.finish(this.#query, rcode, authoritative, limit)
    if (truncated) this.#counters.truncated++
    return bytes
  }
}

/** True when the message has these bytes at the offset, capital letters taken for small ones (RFC 4343). Length bytes are below `A`. */
function endsWith(message: Uint8Array, from: number, wire: Uint8Array): boolean {
  for (let i = 0; i < wire.length; i++) {
    const byte = message[from + i] ?? 0
    if ((byte >= 65 && byte <= 90 ? byte | 32 : byte) !== wire[i]) return false
  }
  return true
}
