import { ipText } from '@tlsrep/schemas'
import ipaddr from 'ipaddr.js'

/** Longest text of an IPv6 address: eight groups with a dotted tail. */
const TEXT_MAX = 45

/**
 * An address as MTAs write it, in 16 bytes of network order; IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). Takes Sendmail's
 * `IPv6:` prefix and drops a zone id (RFC 4007 section 11), which means nothing beyond the host that wrote it.
 * @returns undefined when the text is no address
 */
export function parseAddress(text: string): Uint8Array | undefined {
  const bytes = parseDotted(text)
  if (bytes !== undefined) return bytes
  const bare = withoutZone(text.startsWith('IPv6:') ? text.slice(5) : text)
  if (bare.length > TEXT_MAX || !bare.includes(':') || !ipaddr.IPv6.isValid(bare)) return undefined
  return Uint8Array.from(ipaddr.IPv6.parse(bare).toByteArray())
}

function withoutZone(text: string): string {
  const percent = text.indexOf('%')
  return percent < 0 ? text : text.slice(0, percent)
}

/** Four decimal numbers, nothing else: no octal, no short forms. By hand, since it runs for nearly every session. */
function parseDotted(text: string): Uint8Array | undefined {
  if (text.length > 15 || text.length < 7) return undefined
  const bytes = new Uint8Array(16)
  let at = 12
  let value = 0
  let digits = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 46) {
      if (digits === 0 || at === 15) return undefined
      bytes[at++] = value
      value = 0
      digits = 0
      continue
    }
    const digit = c - 48
    if (digit < 0 || digit > 9 || (digits > 0 && value === 0)) return undefined
    value = value * 10 + digit
    if (++digits > 3 || value > 255) return undefined
  }
  if (at !== 15 || digits === 0) return undefined
  bytes[15] = value
  bytes[10] = 255
  bytes[11] = 255
  return bytes
}

/** Bytes of an IPv6 address that name the customer: a /64 is one sender (DESIGN section 1). */
const IPV6_PREFIX_BYTES = 8

/** The canonical prefix that evidence is kept under: `a.b.c.d/32`, or the /64 of an IPv6 address. */
export function senderPrefix(address: Uint8Array): string {
  if (isIpv4(address)) return `${ipText(address)}/32`
  const prefix = new Uint8Array(16)
  prefix.set(address.subarray(0, IPV6_PREFIX_BYTES))
  return `${ipText(prefix)}/64`
}

export function isIpv4(address: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return false
  return address[10] === 255 && address[11] === 255
}
