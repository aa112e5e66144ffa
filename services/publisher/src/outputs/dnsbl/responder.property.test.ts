import dnsPacket from 'dns-packet'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { expect, test } from 'vitest'
import { appliedTier } from '../applied-tier.ts'
import {
  codes,
  LONG_PAGE,
  LONG_ZONE,
  listing,
  NOW,
  naiveMatch,
  OBSERVE,
  query,
  rcode,
  responderOf,
  reversed,
  texts,
  ZONE,
} from './dnsbl.test-support.ts'

const CODES = { watch: '127.0.0.3', tag: '127.0.0.4', defer: '127.0.0.5', reject: '127.0.0.6' } as const

/** Few different bits, so that prefixes lie within each other and addresses within prefixes. */
const v4 = fc
  .tuple(fc.constantFrom(1, 2, 192), fc.constantFrom(0, 1), fc.constantFrom(0, 2), fc.constantFrom(1, 3, 200))
  .map((b) => b.join('.'))
const v6 = fc
  .array(fc.constantFrom('0', '1', '2001', 'db8', 'ffff'), { minLength: 8, maxLength: 8 })
  .map((groups) => ipaddr.parse(groups.join(':')).toString())
  .filter((address) => ipaddr.process(address).kind() === 'ipv6')
const mapped = v4.map((address) => `::ffff:${address}`)

const prefix = fc.oneof(
  fc
    .tuple(v4, fc.constantFrom(32, 32, 24, 17, 8, 1, 0))
    .map(([a, n]) => `${ipaddr.IPv4.networkAddressFromCIDR(`${a}/${n}`)}/${n}`),
  fc
    .tuple(v6, fc.constantFrom(64, 64, 48, 128, 33, 3))
    .map(([a, n]) => `${ipaddr.IPv6.networkAddressFromCIDR(`${a}/${n}`)}/${n}`),
)
const listings = fc.uniqueArray(
  fc.record({
    sender: prefix,
    tier: fc.constantFrom('clean' as const, 'watch' as const, 'tag' as const, 'defer' as const, 'reject' as const),
    rest: fc.constantFrom(-1, 0, 999, 1000, 45_000, 3_600_000),
  }),
  { maxLength: 30, selector: (entry) => entry.sender },
)
const limits = fc.record({
  cap: fc.constantFrom('tag' as const, 'defer' as const, 'reject' as const),
  mode: fc.constantFrom('observe' as const, 'tag' as const, 'defer' as const, 'reject' as const),
})

test('every answer parses and says what a walk through the whole list says', () => {
  fc.assert(
    fc.property(
      listings,
      limits,
      fc.array(fc.oneof(v4, v6, mapped), { minLength: 1, maxLength: 20 }),
      fc.constantFrom(ZONE, OBSERVE),
      fc.boolean(),
      (made, limits, addresses, zone, edns) => {
        const list = made.map(({ sender, tier, rest }) => listing(sender, tier, { expires_at: NOW + rest }))
        const { ask } = responderOf(list, { limits })
        for (const address of addresses) {
          const found = naiveMatch(list, address, NOW)
          const { wanted, applied } = appliedTier(found ?? { tier: 'clean' }, limits)
          const tier = zone === OBSERVE ? wanted : applied
          const more = edns ? { edns: {} } : {}
          const a = ask(reversed(address, zone), 'A', more)
          const txt = ask(reversed(address, zone), 'TXT', more)
          expect(a).toMatchObject({ id: 4711, type: 'response', flag_aa: true, flag_ra: false, flag_tc: false })
          expect(a.questions).toEqual([{ name: reversed(address, zone), type: 'A', class: 'IN' }])
          if (tier === 'clean') {
            expect([a.answers, txt.answers, a.authorities?.length]).toEqual([[], [], 1])
            expect(rcode(a)).toBe(/^(\d\.){4}(bl|observe)\./.test(reversed(address, zone)) ? 'NOERROR' : 'NXDOMAIN')
            continue
          }
          expect(codes(a)).toEqual([CODES[tier]])
          expect(texts(txt)[0]).toContain(ipaddr.process(address).toString())
          expect(a.answers?.[0]).toMatchObject({
            name: reversed(address, zone),
            ttl: Math.min(60, Math.floor(((found?.expires_at ?? 0) - NOW) / 1000)),
          })
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('random bytes never do harm: no exception, no reply larger than allowed, only replies that parse', () => {
  const { send } = responderOf([listing('0.0.0.0/0', 'reject'), listing('::/0', 'reject')], {
    lookupPage: LONG_PAGE,
    zone: LONG_ZONE,
  })
  const valid = fc
    .tuple(fc.oneof(v4, v6), fc.constantFrom('A' as const, 'TXT' as const, 'NS' as const), fc.boolean())
    .map(([address, type, edns]) =>
      query(reversed(address, LONG_ZONE), type, edns ? { edns: { udpPayloadSize: 4096 } } : {}),
    )
  const damaged = fc
    .tuple(valid, fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 6 }), fc.nat(200))
    .map(([bytes, changes, cut]) => {
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
      return bytes.subarray(0, Math.max(0, bytes.length - (cut < 100 ? 0 : cut - 100)))
    })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), damaged), (bytes) => {
      const reply = send(bytes)
      if (bytes.length < 12 || ((bytes[2] ?? 0) & 0x80) !== 0) {
        expect(reply).toBeUndefined()
        return
      }
      if (reply === undefined) throw new Error('a query was not answered')
      expect(reply.length).toBeLessThanOrEqual(reply.readUInt16BE(10) === 1 ? 1232 : 512)
      expect(reply.subarray(0, 2)).toEqual(Buffer.from(bytes.subarray(0, 2)))
      expect(reply.readUInt16BE(2) & 0x8000).toBe(0x8000)
      expect([0, 1, 3, 4, 5]).toContain(reply.readUInt16BE(2) & 15)
      expect(() => dnsPacket.decode(reply)).not.toThrow()
    }),
    { numRuns: 5000 },
  )
})
