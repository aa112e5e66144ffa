import { isIPv6 } from 'node:net'
import { ipText } from '@tlsrep/schemas'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, it } from 'vitest'
import { isIpv4, parseAddress, senderPrefix } from './address.ts'

const canonical = (text: string): string | undefined => {
  const bytes = parseAddress(text)
  return bytes && ipText(bytes)
}

describe('parseAddress', () => {
  it.each([
    ['192.0.2.52', '192.0.2.52'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['127.0.1.170', '127.0.1.170'],
    ['2001:db8:1::1', '2001:db8:1::1'],
    ['2001:DB8:1::1', '2001:db8:1::1'],
    ['2001:db8:54:e136::52fa', '2001:db8:54:e136::52fa'],
    ['IPv6:2001:db8:1:0:0:0:0:5', '2001:db8:1::5'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['::1', '::1'],
    ['::', '::'],
  ])('reads %s as %s', (text, expected) => {
    expect(canonical(text)).toBe(expected)
  })

  it.each([
    '',
    'unknown',
    'private/dovecot-lmtp',
    '192.0.2',
    '192.0.2.1.5',
    '192.0.2.256',
    '192.0.2.01',
    '192.0.2.1 ',
    ' 192.0.2.1',
    '192.0.2.-1',
    '0x7f.0.0.1',
    '3221226036',
    '192..2.1',
    '1.2.3.',
    '.1.2.3',
    ':',
    ':::',
    '2001:db8',
    '2001:db8:::1',
    '2001:db8::1::2',
    '2001:db8:1:2:3:4:5:6:7',
    '2001:db8:1:2:3:4:5::6:7',
    '1:2:3:4:5:6:7:',
    ':1:2:3:4:5:6:7',
    '2001:db8::12345',
    '2001:db8::g',
    '::ffff:192.0.2',
    '::192.0.2.1:1',
    'IPv6:',
    '%eth0',
    '::1'.padStart(60, '0'),
    'a'.repeat(10_000),
  ])('finds no address in “%.50s”', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })

  it('writes IPv4 into IPv6, in network order', () => {
    expect([...(parseAddress('192.0.2.52') ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 52])
  })

  it('reads back what is shown of any address', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        expect(parseAddress(ipText(bytes))).toEqual(bytes)
      }),
    )
  })

  it('agrees with ipaddr.js and the URL parser on every IPv6 address, however it is written', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        // ipaddr.js takes a dotted tail behind `::` for a mapped address, so it is given none.
        const undotted = new URL(`http://[${text}]/`).hostname.slice(1, -1)
        expect([...(parseAddress(text) ?? [])]).toEqual(ipaddr.IPv6.parse(undotted).toByteArray())
      }),
      { numRuns: 2000 },
    )
  })

  it('takes the IPv6 texts that the operating system’s rules take, and no others', () => {
    const characters = fc.constantFrom(':', '::', '0', '1', 'f', 'ffff', '.', '1.2.3.4', 'g')
    fc.assert(
      fc.property(fc.array(characters, { maxLength: 20 }), (parts) => {
        const text = parts.join('')
        if (text.includes(':') && text.length <= 45) expect(parseAddress(text) !== undefined).toBe(isIPv6(text))
      }),
      { numRuns: 5000 },
    )
  })

  it('takes IPv4 as four plain decimal numbers, and nothing else', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(canonical(text)).toBe(text)
      }),
    )
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (text) => {
        const found = parseAddress(text)
        if (found !== undefined && !text.includes(':')) expect(ipaddr.IPv4.isValidFourPartDecimal(text)).toBe(true)
      }),
    )
  })
})

describe('senderPrefix', () => {
  it.each([
    ['192.0.2.52', '192.0.2.52/32'],
    ['::ffff:192.0.2.52', '192.0.2.52/32'],
    ['2001:db8:23:1455::a727', '2001:db8:23:1455::/64'],
    ['2001:db8:0:0:1::1', '2001:db8::/64'],
    ['fd00:4b64::1b03', 'fd00:4b64::/64'],
    ['::1', '::/64'],
  ])('of %s is %s', (text, prefix) => {
    expect(senderPrefix(parseAddress(text) ?? new Uint8Array(16))).toBe(prefix)
  })

  it('is one for all addresses of a /64, and another for another', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(127), (bytes, bit) => {
        const other = Uint8Array.from(bytes)
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        fc.pre(!isIpv4(bytes) && !isIpv4(other))
        expect(senderPrefix(other) === senderPrefix(bytes)).toBe(bit >= 64)
      }),
    )
  })
})

describe('isIpv4', () => {
  it.each([
    ['192.0.2.1', true],
    ['::ffff:0:0', true],
    ['::192.0.2.1', false],
    ['::1', false],
    ['::', false],
    ['2001:db8::1', false],
  ])('of %s is %s', (text, expected) => {
    expect(isIpv4(parseAddress(text) ?? new Uint8Array(16))).toBe(expected)
  })
})
