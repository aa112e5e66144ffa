/**
 * Postfix writes a peer as `host[address]` or `host[address]:port` (SMTPD_BUILD_NAMADDRPORT, src/smtpd/smtpd.h; postscreen and tlsproxy
 * leave the host away). The host comes from the peer's DNS, so it is skipped by structure: no blank, and the first `[` ends it.
 */
export interface Namaddr {
  hostStart: number
  hostEnd: number
  ipStart: number
  ipEnd: number
  /** -1 where no port is logged. */
  port: number
  /** Index after the namaddr. */
  end: number
}

/** RFC 1035 section 2.3.4: a host name has at most 255 octets. */
const HOST_MAX = 255
/** Longest text of an IPv6 address with a zone id. */
const IP_MAX = 64

const BLANK = 32
const OPEN = 91
const CLOSE = 93
const COLON = 58

/** A reusable result: the hot path scans two or three of these per session line and keeps none. */
export function createNamaddr(): Namaddr {
  return { hostStart: 0, hostEnd: 0, ipStart: 0, ipEnd: 0, port: -1, end: 0 }
}

/**
 * Scans a namaddr that begins at `from`.
 * @returns false when there is none; then `into` is undefined.
 */
export function scanNamaddr(bytes: DataView, from: number, end: number, into: Namaddr): boolean {
  let at = from
  const hostLimit = Math.min(end, from + HOST_MAX)
  for (; at < hostLimit; at++) {
    const c = bytes.getUint8(at)
    if (c === OPEN) break
    if (c <= BLANK) return false
  }
  if (at >= end || bytes.getUint8(at) !== OPEN) return false
  into.hostStart = from
  into.hostEnd = at
  into.ipStart = ++at
  const ipLimit = Math.min(end, at + IP_MAX)
  while (at < ipLimit && bytes.getUint8(at) !== CLOSE) at++
  if (at >= end || bytes.getUint8(at) !== CLOSE) return false
  into.ipEnd = at++
  into.port = -1
  into.end = at
  if (at < end && bytes.getUint8(at) === COLON) scanPort(bytes, at + 1, end, into)
  return true
}

/** A colon without digits behind it belongs to the sentence, not to the namaddr. */
function scanPort(bytes: DataView, from: number, end: number, into: Namaddr): void {
  let port = 0
  let at = from
  for (; at < end && at < from + 5; at++) {
    const digit = bytes.getUint8(at) - 48
    if (digit < 0 || digit > 9) break
    port = port * 10 + digit
  }
  if (at === from || port > 65535) return
  into.port = port
  into.end = at
}

/** Whether the scanned address is `ip`, to the letter. */
export function hasIp(bytes: DataView, peer: Namaddr, ip: string): boolean {
  const { ipStart, ipEnd } = peer
  if (ipEnd - ipStart !== ip.length) return false
  // From its end: neighbours differ there.
  for (let at = ip.length - 1; at >= 0; at--) if (bytes.getUint8(ipStart + at) !== ip.charCodeAt(at)) return false
  return true
}

/** Whether the scanned peer is the session's. A port tells only where both were logged. */
export function isPeerOf(
  session: { readonly ip: string; readonly port: number },
  bytes: DataView,
  peer: Namaddr,
): boolean {
  return hasIp(bytes, peer, session.ip) && (peer.port < 0 || session.port < 0 || peer.port === session.port)
}
