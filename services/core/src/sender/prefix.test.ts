import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, it } from 'vitest'
import { parsePrefix } from './prefix.ts'

describe('parsePrefix', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.0/24', true],
    ['192.0.2.7/24', '192.0.2.0/24', false],
    ['192.0.2.7', '192.0.2.7/32', true],
    ['0.0.0.0/0', '0.0.0.0/0', true],
    ['::ffff:192.0.2.0/120', '192.0.2.0/24', true],
    ['::ffff:192.0.2.7', '192.0.2.7/32', true],
    ['2001:DB8:0:0::/32', '2001:db8::/32', true],
    ['2001:db8::1/32', '2001:db8::/32', false],
    ['2001:db8::1', '2001:db8::1/128', true],
    ['::/0', '::/0', true],
  ])('reads %s as %s', (text, canonical, exact) => {
    expect(parsePrefix(text)).toMatchObject({ text: canonical, exact })
  })

  it.each([
    '',
    '/',
    '/24',
    '192.0.2.0/',
    '192.0.2.0/33',
    '192.0.2.0/-1',
    '192.0.2.0/024',
    '192.0.2.0/2 4',
    '192.0.2/24',
    '192.0.2.0/24/24',
    '2001:db8::/129',
    '2001:db8::/1e1',
    'fe80::1%eth0/64',
    'IPv6:2001:db8::/32',
    'example.com',
  ])('finds no block in “%s”', (text) => {
    expect(parsePrefix(text)).toBeUndefined()
  })

  it('finds the lowest address of a block where ipaddr.js finds it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.tuple(fc.ipV4(), fc.nat(32)), fc.tuple(fc.ipV6(), fc.nat(128))), ([address, length]) => {
        // As in the tests of parseAddress: ipaddr.js takes a dotted tail behind `::` for a mapped address.
        const plain = address.includes(':') ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address
        fc.pre(!plain.startsWith('::ffff:'))
        const family = plain.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4
        const lowest = family.networkAddressFromCIDR(`${plain}/${length}`)
        const found = parsePrefix(`${plain}/${length}`)
        expect([...(found?.bytes ?? [])].slice(-lowest.toByteArray().length)).toEqual(lowest.toByteArray())
      }),
    )
  })
})
