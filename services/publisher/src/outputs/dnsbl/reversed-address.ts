/**
 * What the labels before the zone's name stand for.
 * `apex`: there are none. `address`: a whole address, found in `bytes`. `inner`: the end of an address, a name that only has names below
 * it. `other`: no address.
 */
export type NameKind = 'apex' | 'address' | 'inner' | 'other'

const V4_LABELS = 4
const V6_LABELS = 32

/**
 * The address of a DNSBL name (RFC 5782 sections 2.1 and 2.4): four decimal labels, or 32 hexadecimal digits, the last octet or digit
 * first. One object for all queries; valid until the next `read`.
 */
export class ReversedAddress {
  /** 16 bytes of network order, IPv4 as ::ffff:a.b.c.d, which is also what a mapped IPv6 name comes to. */
  readonly bytes = new Uint8Array(16)
  /**
   * A name of four single digits is an IPv4 address and the top of IPv6 names at once: 1.0.0.2 stands for 2.0.0.1 and stands above all
   * of 2001::/16.
   */
  aboveV6 = false

  /** @param labelCount labels before the zone's name */
  read(message: Uint8Array, labelOffsets: Uint16Array, labelCount: number): NameKind {
    this.aboveV6 = false
    if (labelCount === 0) return 'apex'
    if (labelCount > V6_LABELS) return 'other'
    const digits = this.#readV6(message, labelOffsets, labelCount)
    if (labelCount <= V4_LABELS && this.#readV4(message, labelOffsets, labelCount)) {
      this.aboveV6 = digits
      return labelCount === V4_LABELS ? 'address' : 'inner'
    }
    if (!digits) return 'other'
    return labelCount === V6_LABELS ? 'address' : 'inner'
  }

  #readV6(message: Uint8Array, labelOffsets: Uint16Array, labelCount: number): boolean {
    for (let i = 0; i < labelCount; i++) {
      const at = labelOffsets[i] ?? 0
      const digit = message[at] === 1 ? hexDigit(message[at + 1] ?? 0) : -1
      if (digit < 0) return false
      const index = 15 - (i >> 1)
      this.bytes[index] = (i & 1) === 0 ? digit : (this.bytes[index] ?? 0) | (digit << 4)
    }
    return true
  }

  #readV4(message: Uint8Array, labelOffsets: Uint16Array, labelCount: number): boolean {
    for (let i = 0; i < labelCount; i++) {
      const octet = readOctet(message, labelOffsets[i] ?? 0)
      if (octet < 0) return false
      this.bytes[15 - i] = octet
    }
    // A loop: for so few bytes the call of `fill` costs more than the rest of this.
    for (let i = 0; i < 10; i++) this.bytes[i] = 0
    this.bytes[10] = 0xff
    this.bytes[11] = 0xff
    return true
  }
}

/** A decimal octet without leading zeros, or -1. */
function readOctet(message: Uint8Array, at: number): number {
  const length = message[at] ?? 0
  if (length === 0 || length > 3) return -1
  if (length > 1 && message[at + 1] === DIGIT_0) return -1
  let value = 0
  for (let i = 1; i <= length; i++) {
    const digit = (message[at + i] ?? 0) - DIGIT_0
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value <= 255 ? value : -1
}

const DIGIT_0 = 48

function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48
  const lower = c | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
