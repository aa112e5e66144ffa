import {
  CLASS_IN,
  DNSSEC_OK,
  FLAG,
  HEADER_BYTES,
  NAME_MAX,
  OPCODE_QUERY,
  TYPE,
  UDP_EDNS_MAX,
  UDP_PLAIN_MAX,
} from './protocol.ts'

/**
 * What a message turned out to be. `silence`: nothing may be answered (no header, or itself an answer). The kinds after it are answered
 * with an error; of `format` nothing behind the header can be trusted, of `additional` the question can.
 */
export type QueryKind = 'query' | 'silence' | 'format' | 'additional' | 'version' | 'opcode' | 'class'

const LABELS_MAX = 128
/** Fixed part of a resource record behind its owner's name: type, class, TTL, RDLENGTH. */
const RECORD_BYTES = 10

/**
 * One query, read in place. One object is used for all queries, so that none is made per datagram; what it holds is valid until the next
 * `read`.
 */
export class Query {
  /** Type and class asked for. */
  type = 0
  class = 0
  /** Offset behind the question; HEADER_BYTES when there is no trustworthy question. */
  questionEnd = HEADER_BYTES
  /** Labels of the name, without the root. */
  labelCount = 0
  /** Offset of each label's length byte, and behind them the root's. */
  readonly labelOffsets = new Uint16Array(LABELS_MAX + 1)
  hasEdns = false
  ednsVersion = 0
  dnssecOk = false
  /** Bytes that the client takes in a UDP reply, between 512 and what we are ready to send. */
  udpMax = UDP_PLAIN_MAX

  read(message: Uint8Array): QueryKind {
    this.questionEnd = HEADER_BYTES
    this.labelCount = 0
    this.hasEdns = false
    this.ednsVersion = 0
    this.dnssecOk = false
    this.udpMax = UDP_PLAIN_MAX
    if (message.length < HEADER_BYTES) return 'silence'
    const flags = word(message, 2)
    if ((flags & FLAG.QR) !== 0) return 'silence'
    if ((flags & FLAG.OPCODE) >> 11 !== OPCODE_QUERY) return 'opcode'
    // RFC 9619 section 4: more than one question is a format error. Queries carry no answers and no authority.
    if (word(message, 4) !== 1 || word(message, 6) !== 0 || word(message, 8) !== 0) return 'format'
    if (!this.#readQuestion(message)) return 'format'
    if (!this.#readAdditional(message, word(message, 10))) return 'additional'
    if (this.ednsVersion !== 0) return 'version'
    return this.class === CLASS_IN ? 'query' : 'class'
  }

  /** False for a name that is cut off, longer than RFC 1035 allows, or compressed: nothing stands before it that it could point to. */
  #readQuestion(message: Uint8Array): boolean {
    let at = HEADER_BYTES
    let count = 0
    for (;;) {
      const length = message[at]
      if (length === undefined || length > 63) return false
      this.labelOffsets[count] = at
      at += length + 1
      if (at - HEADER_BYTES > NAME_MAX) return false
      if (length === 0) break
      count++
    }
    if (at + 4 > message.length) return false
    this.labelCount = count
    this.type = word(message, at)
    this.class = word(message, at + 2)
    if (this.type === TYPE.OPT) return false
    this.questionEnd = at + 4
    return true
  }

  /** Looks for OPT and steps over everything else. False when a record is cut off or OPT is not as RFC 6891 section 6.1 wants it. */
  #readAdditional(message: Uint8Array, records: number): boolean {
    let at = this.questionEnd
    for (let i = 0; i < records; i++) {
      const owner = at
      at = skipName(message, at)
      if (at < 0 || at + RECORD_BYTES > message.length) return false
      const fixed = at
      at += RECORD_BYTES + word(message, fixed + 8)
      if (at > message.length) return false
      if (word(message, fixed) !== TYPE.OPT) continue
      if (this.hasEdns || message[owner] !== 0) return false
      this.hasEdns = true
      this.udpMax = Math.min(Math.max(word(message, fixed + 2), UDP_PLAIN_MAX), UDP_EDNS_MAX)
      this.ednsVersion = message[fixed + 5] ?? 0
      this.dnssecOk = (word(message, fixed + 6) & DNSSEC_OK) !== 0
    }
    return true
  }
}

/** Offset behind a name that is not looked at, -1 when it is cut off. A pointer ends it and is not followed, so nothing can loop. */
function skipName(message: Uint8Array, from: number): number {
  let at = from
  for (;;) {
    const length = message[at]
    if (length === undefined) return -1
    if (length === 0) return at + 1
    if (length >= 0xc0) return at + 2
    if (length > 63) return -1
    at += length + 1
  }
}

function word(message: Uint8Array, at: number): number {
  return ((message[at] ?? 0) << 8) | (message[at + 1] ?? 0)
}
