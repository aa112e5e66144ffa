import { isIpv4 } from './address.ts'

const IPV4_LOOPBACK = 127

/**
 * True for addresses that nobody sends from over a network: loopback (127.0.0.0/8, RFC 1122 section 3.2.1.3; ::1, RFC 4291 section
 * 2.5.3) and the unspecified address. What they do is our own doing, whatever a policy says. Configured relays are the policy's.
 * @param address 16 bytes in network order, IPv4 as ::ffff:a.b.c.d
 */
export function isNeverEvidence(address: Uint8Array): boolean {
  if (isIpv4(address)) return address[12] === IPV4_LOOPBACK || address.subarray(12).every((byte) => byte === 0)
  return address.subarray(0, 15).every((byte) => byte === 0) && (address[15] ?? 0) <= 1
}
