import { ipText } from '@tlsrep/schemas'
import { isIpv4, parseAddress } from './address.ts'

/** Bits before the four bytes of an IPv4 address in its 16-byte form (RFC 4291 section 2.5.5.2). */
const MAPPED_BITS = 96
const ADDRESS_BITS = 128

/** A block of addresses in CIDR notation (RFC 4632, RFC 4291 section 2.3). */
export interface Prefix {
  /** Lowest address of the block: 16 bytes in network order, IPv4 as ::ffff:a.b.c.d. */
  readonly bytes: Uint8Array
  /** Bits that are fixed, counted in the 16-byte form: an IPv4 /24 is 120. */
  readonly bits: number
  /** Canonical text: `192.0.2.0/24`, `2001:db8::/32`. */
  readonly text: string
  /** False when the text named an address inside the block, not its lowest: `192.0.2.7/24`. */
  readonly exact: boolean
}

/**
 * Reads `address/length`, or an address alone as a block of one. IPv4 written as IPv6 (`::ffff:192.0.2.0/120`) is IPv4.
 * @returns undefined when the text is no such block
 */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/')
  const address = parsePlainAddress(slash < 0 ? text : text.slice(0, slash))
  if (address === undefined) return undefined
  const writtenAsIpv4 = !text.includes(':')
  const longest = writtenAsIpv4 ? ADDRESS_BITS - MAPPED_BITS : ADDRESS_BITS
  const written = slash < 0 ? longest : parseLength(text.slice(slash + 1), longest)
  if (written === undefined) return undefined
  const bits = writtenAsIpv4 ? written + MAPPED_BITS : written
  const bytes = masked(address, bits)
  return { bytes, bits, text: prefixText(bytes, bits), exact: bytes.every((byte, i) => byte === address[i]) }
}

/** Like parseAddress, without the decorations that only logs have (`IPv6:`, a zone id). */
function parsePlainAddress(text: string): Uint8Array | undefined {
  return text.includes('%') || text.startsWith('IPv6:') ? undefined : parseAddress(text)
}

function parseLength(text: string, longest: number): number | undefined {
  if (!/^(0|[1-9]\d{0,2})$/.test(text)) return undefined
  const length = Number(text)
  return length <= longest ? length : undefined
}

function masked(address: Uint8Array, bits: number): Uint8Array {
  const bytes = new Uint8Array(16)
  const whole = bits >> 3
  bytes.set(address.subarray(0, whole))
  if (whole < 16) bytes[whole] = (address[whole] ?? 0) & (0xff00 >> (bits & 7))
  return bytes
}

/** Canonical text of a block whose lowest address is `bytes`; `bits` as in Prefix. */
export function prefixText(bytes: Uint8Array, bits: number): string {
  return isIpv4(bytes) && bits >= MAPPED_BITS ? `${ipText(bytes)}/${bits - MAPPED_BITS}` : `${ipText(bytes)}/${bits}`
}

/** True when the block holds IPv4 addresses: `::/0` does not, though ::ffff:0:0/96 lies in it. */
export function isIpv4Prefix(prefix: Prefix): boolean {
  return prefix.bits >= MAPPED_BITS && isIpv4(prefix.bytes)
}
