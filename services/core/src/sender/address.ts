import { ipText } from '@tlsrep/schemas'

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
  return bare.length > TEXT_MAX ? undefined : parseGroups(bare)
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

/**
 * RFC 4291 section 2.2: eight groups of hexadecimal digits, one run of zero groups as `::`, perhaps a dotted tail. By hand for the same
 * reason; ipaddr.js is its oracle in the tests.
 */
function parseGroups(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(16)
  let filled = 0
  let gap = -1
  let at = 0
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return undefined
    gap = 0
    at = 2
  }
  while (at < text.length) {
    if (filled === 16) return undefined
    const start = at
    let group = 0
    for (let digit = hexDigit(text.charCodeAt(at)); digit >= 0; digit = hexDigit(text.charCodeAt(at))) {
      group = group * 16 + digit
      if (++at - start > 4) return undefined
    }
    if (text.charCodeAt(at) === DOT) return dottedTail(text, start, bytes, filled, gap)
    if (at === start) return undefined
    bytes[filled++] = group >> 8
    bytes[filled++] = group & 255
    if (at === text.length) break
    if (text.charCodeAt(at++) !== COLON || at === text.length) return undefined
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return undefined
      gap = filled
      at++
    }
  }
  return spread(bytes, filled, gap)
}

function dottedTail(
  text: string,
  start: number,
  bytes: Uint8Array,
  filled: number,
  gap: number,
): Uint8Array | undefined {
  const tail = parseDotted(text.slice(start))
  if (tail === undefined || filled > 12) return undefined
  bytes.set(tail.subarray(12), filled)
  return spread(bytes, filled + 4, gap)
}

/** Moves what stands behind `::` to the end. */
function spread(bytes: Uint8Array, filled: number, gap: number): Uint8Array | undefined {
  if (gap < 0) return filled === 16 ? bytes : undefined
  if (filled > 14) return undefined
  bytes.copyWithin(16 - (filled - gap), gap, filled)
  bytes.fill(0, gap, 16 - (filled - gap))
  return bytes
}

const COLON = 58
const DOT = 46

function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48
  if (c >= 97 && c <= 102) return c - 87
  return c >= 65 && c <= 70 ? c - 55 : -1
}

/** Bytes of an IPv6 address that name the customer: a /64 is one sender. */
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
