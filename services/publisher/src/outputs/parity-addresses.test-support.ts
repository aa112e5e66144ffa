import fc from 'fast-check'
import ipaddr from 'ipaddr.js'

/**
 * Addresses of a few small networks, so that prefixes nest and meet: 16 IPv4 addresses of 192.0.2.0/28 and some around, and IPv6 ones that
 * differ in the last bits of the /56, /64 and /128.
 */
export const arbitraryAddress: fc.Arbitrary<string> = fc.oneof(
  fc.nat(15).map((last) => `192.0.2.${last}`),
  fc.tuple(fc.constantFrom(0, 128, 192, 223), fc.constantFrom(0, 255)).map(([a, b]) => `${a}.${b}.0.1`),
  fc.tuple(fc.nat(3), fc.nat(3)).map(([net, host]) => `2001:db8:0:${net}::${host.toString(16)}`),
  fc.constantFrom('127.0.0.1', '127.9.9.9', '::1', '2001:db9::1', 'fe80::1', '::7f00:1'),
)

/** Prefixes around these addresses: hosts, /64, and wider and narrower ones. */
export const arbitraryPrefix: fc.Arbitrary<string> = fc
  .tuple(
    arbitraryAddress,
    fc.constantFrom(0, 1, 8, 24, 28, 30, 31, 32),
    fc.constantFrom(0, 1, 32, 56, 62, 63, 64, 64, 127, 128),
  )
  .map(([address, v4, v6]) => {
    const length = address.includes(':') ? v6 : v4
    const network = address.includes(':')
      ? ipaddr.IPv6.networkAddressFromCIDR(`${address}/${length}`)
      : ipaddr.IPv4.networkAddressFromCIDR(`${address}/${length}`)
    return `${network.kind() === 'ipv6' ? rfc5952(network) : network.toString()}/${length}`
  })

/** The first address of a prefix. */
export function addressIn(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf('/'))
}

function rfc5952(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  return address.kind() === 'ipv6' ? (address as ipaddr.IPv6).toRFC5952String() : address.toString()
}
