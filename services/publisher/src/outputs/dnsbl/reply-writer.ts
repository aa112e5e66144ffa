import { CLASS_IN, DNSSEC_OK, FLAG, HEADER_BYTES, TYPE, UDP_EDNS_MAX } from './protocol.ts'
import type { Query } from './query.ts'
import type { WireName } from './zone-name.ts'

/** A compression pointer to the question's name, the owner of every answer. */
const POINTER = 0xc000
const OPT_BYTES = 11
const STRING_MAX = 255

/** What the zone says about itself (RFC 1035 section 3.3.13). Times in seconds. */
export interface StartOfAuthority {
  nameServer: WireName
  serial: number
  ttl: number
  /** How long a resolver may remember that a name does not exist (RFC 2308 section 4). */
  minimum: number
}

/** Of interest only to secondaries, which a list that changes by the second cannot have; seconds. */
const SOA_REFRESH = 3600
const SOA_RETRY = 600
const SOA_EXPIRE = 86400

export interface Finished {
  bytes: number
  truncated: boolean
}

/** Writes one reply after the other into the same buffer. */
export class ReplyWriter {
  #buffer: Buffer
  /** The beginning of the buffer by its length: replies come in few lengths, and making a view costs as much as writing one. */
  #views: (Buffer | undefined)[]
  #at = HEADER_BYTES
  #questionEnd = HEADER_BYTES
  #answers = 0
  #authority = 0
  readonly #finished: Finished = { bytes: 0, truncated: false }

  constructor(bytes: number) {
    this.#buffer = Buffer.alloc(bytes)
    this.#views = new Array<Buffer | undefined>(bytes + 1).fill(undefined)
  }

  get buffer(): Buffer {
    return this.#buffer
  }

  /** The first bytes of the buffer. */
  view(bytes: number): Buffer {
    const view = this.#views[bytes] ?? this.#buffer.subarray(0, bytes)
    this.#views[bytes] = view
    return view
  }

  /** Leaves the buffer to whoever still reads what was written there; the next reply is written elsewhere. */
  leaveBuffer(): void {
    this.#buffer = Buffer.alloc(this.#buffer.length)
    this.#views.fill(undefined)
  }

  /** Begins a reply: takes over the id, and the question byte for byte, so that the case of its letters is the client's (0x20). */
  start(message: Uint8Array, questionEnd: number): void {
    const buffer = this.#buffer
    for (let i = 0; i < questionEnd; i++) buffer[i] = message[i] ?? 0
    this.#questionEnd = questionEnd
    this.#at = questionEnd
    this.#answers = 0
    this.#authority = 0
  }

  addA(ttl: number, lastOctet: number): void {
    this.#record(HEADER_BYTES, TYPE.A, ttl, 4)
    this.#put32(0x7f000000 | lastOctet)
    this.#answers++
  }

  /** @param text one byte a character */
  addTxt(ttl: number, text: string): void {
    this.#record(HEADER_BYTES, TYPE.TXT, ttl, text.length + Math.ceil(text.length / STRING_MAX))
    for (let from = 0; from < text.length; from += STRING_MAX) {
      const length = Math.min(STRING_MAX, text.length - from)
      this.#buffer[this.#at++] = length
      this.#at += this.#buffer.write(text.slice(from, from + length), this.#at, 'latin1')
    }
    this.#answers++
  }

  addNs(soa: StartOfAuthority): void {
    this.#record(HEADER_BYTES, TYPE.NS, soa.ttl, soa.nameServer.wire.length)
    this.#bytes(soa.nameServer.wire)
    this.#answers++
  }

  /** The SOA record as an answer. @param zoneAt offset of the zone's name in the question */
  addSoa(zoneAt: number, soa: StartOfAuthority): void {
    this.#soa(zoneAt, soa, soa.ttl)
    this.#answers++
  }

  /** The SOA record of a negative answer, which lives as long as that may be remembered (RFC 2308 section 3). */
  addNegativeSoa(zoneAt: number, soa: StartOfAuthority): void {
    this.#soa(zoneAt, soa, Math.min(soa.ttl, soa.minimum))
    this.#authority++
  }

  /**
   * Ends the reply. What does not fit is left out as a whole, and TC says so (RFC 2181 section 9).
   * @param limit bytes that the reply may have
   * @returns valid until the next `finish`
   */
  finish(query: Query, rcode: number, authoritative: boolean, limit: number): Finished {
    const optBytes = query.hasEdns ? OPT_BYTES : 0
    const truncated = this.#at + optBytes > limit
    if (truncated) {
      this.#at = this.#questionEnd
      this.#answers = 0
      this.#authority = 0
    }
    if (query.hasEdns) this.#opt(rcode >> 4, query.dnssecOk)
    const end = this.#at
    const asked = ((this.#buffer[2] ?? 0) << 8) | (this.#buffer[3] ?? 0)
    const flags =
      FLAG.QR | (asked & (FLAG.OPCODE | FLAG.RD)) | (authoritative ? FLAG.AA : 0) | (truncated ? FLAG.TC : 0)
    this.#at = 2
    this.#put16(flags | (rcode & 15))
    this.#put16(this.#questionEnd > HEADER_BYTES ? 1 : 0)
    this.#put16(this.#answers)
    this.#put16(this.#authority)
    this.#put16(query.hasEdns ? 1 : 0)
    this.#finished.bytes = end
    this.#finished.truncated = truncated
    return this.#finished
  }

  #record(ownerAt: number, type: number, ttl: number, dataBytes: number): void {
    this.#put16(POINTER | ownerAt)
    this.#put16(type)
    this.#put16(CLASS_IN)
    this.#put32(ttl)
    this.#put16(dataBytes)
  }

  #soa(zoneAt: number, soa: StartOfAuthority, ttl: number): void {
    this.#record(zoneAt, TYPE.SOA, ttl, soa.nameServer.wire.length + HOSTMASTER.length + 2 + 20)
    this.#bytes(soa.nameServer.wire)
    this.#bytes(HOSTMASTER)
    this.#put16(POINTER | zoneAt)
    this.#put32(soa.serial)
    this.#put32(SOA_REFRESH)
    this.#put32(SOA_RETRY)
    this.#put32(SOA_EXPIRE)
    this.#put32(soa.minimum)
  }

  /** RFC 6891 section 6.1.2: root owner, our payload size as class, the upper bits of RCODE and the version (0) in the TTL. */
  #opt(rcodeUpper: number, dnssecOk: boolean): void {
    this.#buffer[this.#at++] = 0
    this.#put16(TYPE.OPT)
    this.#put16(UDP_EDNS_MAX)
    this.#put16(rcodeUpper << 8)
    this.#put16(dnssecOk ? DNSSEC_OK : 0)
    this.#put16(0)
  }

  // Plain stores: the checks of Buffer's own methods cost more than all the rest of a reply.
  #put16(value: number): void {
    this.#buffer[this.#at++] = value >> 8
    this.#buffer[this.#at++] = value
  }

  #put32(value: number): void {
    this.#put16(value >>> 16)
    this.#put16(value)
  }

  #bytes(bytes: Uint8Array): void {
    const buffer = this.#buffer
    for (let i = 0; i < bytes.length; i++) buffer[this.#at + i] = bytes[i] ?? 0
    this.#at += bytes.length
  }
}

/** First label of the zone's mailbox (RFC 2142 section 7); the zone's own name follows. */
const HOSTMASTER = Uint8Array.from(Buffer.from('\x0ahostmaster', 'latin1'))
