/**
 * RFC 5782 section 5: 127.0.0.2 MUST be listed and 127.0.0.1 MUST NOT, in IPv6 lists as ::FFFF:7F00:2 and ::FFFF:7F00:1. A list that has
 * gone dead, or says yes to everything, shows by them. They hold in every mode and whatever is published.
 */

/** Last octet of the test entry's A record; none of the tiers', so that no rule about a tier takes it for a sender. */
export const TEST_CODE = 2

export const TEST_TEXT = 'RFC 5782 test entry: this list is working'

const LOOPBACK_OCTET = 127

/** @param address 16 bytes, IPv4 as ::ffff:a.b.c.d */
export function isTestEntry(address: Uint8Array): boolean {
  return isMappedLoopback(address) && address[13] === 0 && address[14] === 0 && address[15] === 2
}

/** 127.0.0.0/8 and ::1: never listed, whatever is published. No listing may make a host refuse itself. */
export function isLoopback(address: Uint8Array): boolean {
  if (isMappedLoopback(address)) return true
  for (let i = 0; i < 15; i++) if (address[i] !== 0) return false
  return address[15] === 1
}

function isMappedLoopback(address: Uint8Array): boolean {
  if (address[12] !== LOOPBACK_OCTET || address[10] !== 0xff || address[11] !== 0xff) return false
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return false
  return true
}
