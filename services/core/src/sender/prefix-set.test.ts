import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, it } from 'vitest'
import { parseAddress } from './address.ts'
import { parsePrefix, prefixText } from './prefix.ts'
import { createPrefixSet } from './prefix-set.ts'

const address = (text: string): Uint8Array => parseAddress(text) ?? new Uint8Array(16)

/** Few leading bits, so that blocks nest and addresses hit them. */
const ipv4Bytes = fc.tuple(fc.constantFrom(10, 192), fc.nat(3), fc.nat(3), fc.constantFrom(0, 1, 128, 255))
const ipv4Text = ipv4Bytes.map((bytes) => bytes.join('.'))
const ipv6Text = fc
  .tuple(fc.constantFrom('2001', '0', 'ffff'), fc.nat(3), fc.constantFrom('0', 'ffff', '8000'), fc.nat(3))
  .map(([a, b, c, d]) => `${a}:${b}:${c}::${d}`)
const anyAddress = fc.oneof(ipv4Text, ipv6Text)
const cidr = fc
  .oneof(fc.tuple(ipv4Text, fc.nat(32)), fc.tuple(ipv6Text, fc.nat(128)))
  .map(([text, length]) => parsePrefix(`${text}/${length}`)?.text ?? '')

function longestByIpaddr(cidrs: readonly string[], text: string): number | undefined {
  const parsed = ipaddr.parse(text)
  const lengths = cidrs.flatMap((block) => {
    const [base, length] = ipaddr.parseCIDR(block)
    return base.kind() === parsed.kind() && parsed.match(base, length) ? [length] : []
  })
  return lengths.length === 0 ? undefined : Math.max(...lengths)
}

describe('createPrefixSet', () => {
  it('finds the smallest block around an address, as a search with ipaddr.js does', () => {
    fc.assert(
      fc.property(
        fc.array(cidr, { maxLength: 40 }),
        fc.array(anyAddress, { minLength: 1, maxLength: 20 }),
        (cidrs, texts) => {
          const set = createPrefixSet(cidrs)
          for (const text of texts) {
            const length = longestByIpaddr(cidrs, text)
            const found = set.longestMatch(address(text))
            expect(found === undefined ? undefined : Number(found.split('/')[1])).toBe(length)
            expect(set.has(address(text))).toBe(length !== undefined)
            if (found !== undefined) expect(cidrs).toContain(found)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('covers a block exactly when one of its own is as wide and holds its lowest address', () => {
    fc.assert(
      fc.property(fc.array(cidr, { maxLength: 30 }), cidr, (cidrs, asked) => {
        const [base, length] = ipaddr.parseCIDR(asked)
        const expected = cidrs.some((block) => {
          const [own, ownLength] = ipaddr.parseCIDR(block)
          return own.kind() === base.kind() && ownLength <= length && base.match(own, ownLength)
        })
        expect(createPrefixSet(cidrs).covers(asked)).toBe(expected)
      }),
      { numRuns: 500 },
    )
  })

  it('overlaps a block exactly when one of the two holds the other’s lowest address', () => {
    fc.assert(
      fc.property(fc.array(cidr, { maxLength: 30 }), cidr, (cidrs, asked) => {
        const [base, length] = ipaddr.parseCIDR(asked)
        const expected = cidrs.some((block) => {
          const [own, ownLength] = ipaddr.parseCIDR(block)
          return own.kind() === base.kind() && (base.match(own, ownLength) || own.match(base, length))
        })
        expect(createPrefixSet(cidrs).overlaps(asked)).toBe(expected)
      }),
      { numRuns: 500 },
    )
  })

  it('counts equal blocks once, and does not care about their order', () => {
    fc.assert(
      fc.property(fc.array(cidr, { maxLength: 30 }), (cidrs) => {
        expect(createPrefixSet([...cidrs, ...cidrs].reverse()).size).toBe(new Set(cidrs).size)
      }),
    )
  })

  it('holds nothing when it is empty', () => {
    const set = createPrefixSet([])
    expect(set.size).toBe(0)
    expect(set.has(address('192.0.2.1'))).toBe(false)
    expect(set.overlaps('0.0.0.0/0')).toBe(false)
    expect(set.covers('::/0')).toBe(false)
  })

  it('does not take an IPv4 address for one of ::/0, nor the other way', () => {
    expect(createPrefixSet(['::/0']).has(address('192.0.2.1'))).toBe(false)
    expect(createPrefixSet(['0.0.0.0/0']).has(address('2001:db8::1'))).toBe(false)
    expect(createPrefixSet(['::ffff:192.0.2.0/120']).longestMatch(address('192.0.2.1'))).toBe('192.0.2.0/24')
  })

  it('answers for a sender’s prefix as for an address', () => {
    const set = createPrefixSet(['192.0.2.0/24', '2001:db8:1::/48'])
    expect(set.covers('192.0.2.10/32')).toBe(true)
    expect(set.covers('2001:db8:1:2::/64')).toBe(true)
    expect(set.covers('192.0.0.0/16')).toBe(false)
    expect(set.overlaps('192.0.0.0/16')).toBe(true)
    expect(set.covers('example.com')).toBe(false)
    expect(set.overlaps('example.com')).toBe(false)
  })

  it.each(['192.0.2.7/24', 'example.com', ''])('refuses “%s”', (text) => {
    expect(() => createPrefixSet([text])).toThrow(RangeError)
  })

  it('holds a hundred thousand blocks and finds each', () => {
    const cidrs = Array.from({ length: 100_000 }, (_, i) => {
      const bytes = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 11, i >> 16, (i >> 8) & 255, i & 255])
      return prefixText(bytes, 128)
    })
    const set = createPrefixSet(cidrs)
    expect(set.size).toBe(100_000)
    expect(cidrs.filter((text) => !set.covers(text))).toEqual([])
    expect(set.has(address('12.0.0.0'))).toBe(false)
  })
})
