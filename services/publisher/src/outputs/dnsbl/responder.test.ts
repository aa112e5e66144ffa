import { describe, expect, test } from 'vitest'
import type { ActionLimits } from '../applied-tier.ts'
import {
  codes,
  LONG_PAGE,
  LONG_ZONE,
  listing,
  NOW,
  OBSERVE,
  query,
  rcode,
  responderOf,
  reversed,
  texts,
  ZONE,
} from './dnsbl.test-support.ts'

const MODES: ActionLimits[] = [
  { cap: 'tag', mode: 'observe' },
  { cap: 'tag', mode: 'tag' },
  { cap: 'defer', mode: 'defer' },
  { cap: 'reject', mode: 'reject' },
]

describe('RFC 5782 test entries', () => {
  test.each(MODES)('127.0.0.2 is listed and 127.0.0.1 is not, in both families and zones, with %o', (limits) => {
    const { ask } = responderOf([listing('127.0.0.0/8', 'reject'), listing('::/0', 'reject')], { limits })
    for (const zone of [ZONE, OBSERVE]) {
      for (const [listed, unlisted] of [
        ['127.0.0.2', '127.0.0.1'],
        ['::ffff:7f00:2', '::ffff:7f00:1'],
      ] as const) {
        expect(codes(ask(reversed(listed, zone)))).toEqual(['127.0.0.2'])
        expect(texts(ask(reversed(listed, zone), 'TXT'))).toEqual(['RFC 5782 test entry: this list is working'])
        expect(rcode(ask(reversed(unlisted, zone)))).toBe('NXDOMAIN')
      }
    }
  })

  test('loopback is never listed, whatever was published', () => {
    const { ask } = responderOf([listing('127.0.0.0/8', 'reject'), listing('::/64', 'reject')])
    for (const address of ['127.0.0.3', '127.255.255.255', '::1'])
      expect(rcode(ask(reversed(address)))).toBe('NXDOMAIN')
    expect(codes(ask(reversed('::2')))).toEqual(['127.0.0.6'])
  })

  test('they are there before anything was published', () => {
    const { responder, ask } = responderOf([])
    responder.use({ sequence: 0n, match: () => undefined })
    expect(codes(ask(reversed('127.0.0.2')))).toEqual(['127.0.0.2'])
  })
})

describe('caps and modes', () => {
  const TIERS = ['watch', 'tag', 'defer', 'reject'] as const
  const listings = TIERS.map((tier, i) => listing(`192.0.2.${i + 1}/32`, tier))
  const answers = (limits: ActionLimits, zone: string): string => {
    const { ask } = responderOf(listings, { limits })
    return TIERS.map((_, i) => codes(ask(reversed(`192.0.2.${i + 1}`, zone)))[0]?.slice(-1) ?? '-').join(' ')
  }

  test.each([
    [{ cap: 'tag', mode: 'observe' }, '- - - -', '3 4 4 4'],
    [{ cap: 'reject', mode: 'observe' }, '- - - -', '3 4 5 6'],
    [{ cap: 'tag', mode: 'reject' }, '3 4 4 4', '3 4 4 4'],
    [{ cap: 'reject', mode: 'tag' }, '3 4 4 4', '3 4 5 6'],
    [{ cap: 'defer', mode: 'reject' }, '3 4 5 5', '3 4 5 5'],
    [{ cap: 'reject', mode: 'reject' }, '3 4 5 6', '3 4 5 6'],
  ] as const)('%o: watch, tag, defer, reject are answered %s, in the observe zone %s', (limits, main, observe) => {
    expect(answers(limits, ZONE)).toBe(main)
    expect(answers(limits, OBSERVE)).toBe(observe)
  })

  test('each check in the main zone is tallied once: what was done, and what the mode held back', () => {
    const { ask, tally, log } = responderOf(listings, { limits: { cap: 'defer', mode: 'observe' } })
    ask(reversed('192.0.2.4'))
    ask(reversed('192.0.2.4'), 'TXT')
    ask(reversed('192.0.2.4', OBSERVE))
    expect(log).toMatchObject([
      { output: 'dnsbl', listener: null, client: '192.0.2.4', sender: '192.0.2.4/32', would: 'defer', done: 'clean' },
    ])
    expect(tally.counters).toMatchObject({ would_defer: 1, deferred: 0 })
    const raised = responderOf(listings, { limits: { cap: 'defer', mode: 'defer' } })
    for (const type of ['A', 'TXT'] as const) raised.ask(reversed('192.0.2.4'), type)
    expect(raised.tally.counters).toMatchObject({ would_defer: 0, deferred: 1 })
    expect(raised.log).toEqual([])
  })
})

describe('names', () => {
  const { ask } = responderOf([
    listing('192.0.2.0/24', 'tag'),
    listing('192.0.2.9/32', 'reject'),
    listing('2.0.0.1/32', 'defer'),
    listing('2001:db8:1:2::/64', 'reject'),
  ])

  test('a listed prefix answers for every address in it, the longest decides', () => {
    expect(codes(ask(reversed('192.0.2.200')))).toEqual(['127.0.0.4'])
    expect(codes(ask(reversed('192.0.2.9')))).toEqual(['127.0.0.6'])
    expect(codes(ask(reversed('2001:db8:1:2:ffff::1')))).toEqual(['127.0.0.6'])
    expect(codes(ask(reversed('::ffff:192.0.2.9')))).toEqual(['127.0.0.6'])
    expect(rcode(ask(reversed('192.0.3.1')))).toBe('NXDOMAIN')
    expect(rcode(ask(reversed('2001:db8:1:3::1')))).toBe('NXDOMAIN')
  })

  test('no name above an address is denied: RFC 8020 would take all below it for denied too', () => {
    for (const full of [reversed('192.0.2.9'), reversed('2001:db8:1:2::1')]) {
      const labels = full.slice(0, -ZONE.length - 1).split('.')
      for (let above = 1; above < labels.length; above++) {
        const packet = ask(`${labels.slice(above).join('.')}.${ZONE}`)
        // 1.0.0.2, on the way to 2001:db8::, is the IPv4 address 2.0.0.1, which is listed.
        expect([rcode(packet), packet.authorities?.[0]?.type ?? codes(packet)[0]]).toEqual(
          labels.slice(above).join('.') === '1.0.0.2' ? ['NOERROR', '127.0.0.5'] : ['NOERROR', 'SOA'],
        )
      }
    }
  })

  test('an unlisted IPv4 address whose name is also the top of IPv6 names is NODATA, not NXDOMAIN', () => {
    const packet = ask(`2.0.0.2.${ZONE}`)
    expect([rcode(packet), packet.answers, packet.authorities?.[0]?.type]).toEqual(['NOERROR', [], 'SOA'])
  })

  test.each([
    'mail',
    '256.2.0.192',
    '09.2.0.192',
    '1.9.2.0.192',
    '0x9.2.0.192',
    '-1.2.0.192',
    'g.0.0.0.0',
    `${reversed('2001:db8:1:2::1', '').slice(0, -1).replace(/^1/, '0.1')}`,
  ])('%s stands for nothing: NXDOMAIN', (name) => {
    expect(rcode(ask(`${name}.${ZONE}`))).toBe('NXDOMAIN')
  })

  test.each(['example.org', 'tlsrep.internal', 'xbl.tlsrep.internal', '9.2.0.192.bl.tlsrep.internal.example.org', '.'])(
    '%s is no zone of ours: REFUSED, not authoritative',
    (name) => {
      const packet = ask(name)
      expect([rcode(packet), packet.flag_aa]).toEqual(['REFUSED', false])
    },
  )

  test('the question comes back byte for byte, whatever the case of its letters', () => {
    const message = query('9.2.0.192.Bl.TLSrep.inTERnal')
    const { send } = responderOf([listing('192.0.2.9/32', 'tag')])
    const reply = send(message)
    expect(reply?.subarray(12, message.length)).toEqual(message.subarray(12))
    expect(reply?.readUInt16BE(6)).toBe(1)
  })
})

describe('the longest zone', () => {
  test('of 181 characters still has room for every IPv6 address, observed too', () => {
    const { ask } = responderOf([listing('2001:db8:1:2::/64', 'tag')], { zone: LONG_ZONE })
    expect(codes(ask(reversed('2001:db8:1:2::1', `observe.${LONG_ZONE}`)))).toEqual(['127.0.0.4'])
    expect(rcode(ask(reversed('2001:db8:1:3::1', `observe.${LONG_ZONE}`)))).toBe('NXDOMAIN')
  })

  test('one character more is refused', () => {
    expect(() => responderOf([], { zone: `${LONG_ZONE}c` })).toThrow(/182 characters, 181 at most/)
  })
})

describe('records', () => {
  test('TXT says the tier, until when, why, and where to look it up', () => {
    const limits = { cap: 'tag', mode: 'tag' } as const
    const { ask } = responderOf([listing('192.0.2.0/24', 'reject', { reasons: ['plaintext', 'downgrade'] })], {
      limits,
    })
    expect(texts(ask(reversed('192.0.2.9'), 'TXT'))).toEqual([
      'reject until 2026-11-25T13:00:00Z: TLS reputation of 192.0.2.9: mail sent without TLS although it was offered, ' +
        'TLS failed, then mail sent without it; see https://mx.example/q?ip=192.0.2.9',
    ])
  })

  test('TXT of a listing without an end names none, and is split into strings of 255 bytes', () => {
    const { ask } = responderOf([listing('192.0.2.9/32', 'tag', { expires_at: Number.POSITIVE_INFINITY })], {
      lookupPage: LONG_PAGE,
    })
    const packet = ask(reversed('192.0.2.9'), 'TXT', { transport: 'tcp' })
    expect(texts(packet)[0]).toMatch(/^tag: TLS reputation of 192\.0\.2\.9: .*x\?ip=192\.0\.2\.9$/)
    expect(packet.answers).toMatchObject([
      { ttl: 60, data: [{ length: 255 }, { length: (texts(packet)[0]?.length ?? 0) - 255 }] },
    ])
  })

  test('the apex has SOA and NS, and nothing else', () => {
    const { ask } = responderOf([])
    for (const zone of [ZONE, OBSERVE]) {
      expect(ask(zone, 'SOA').answers?.[0]).toMatchObject({
        name: zone,
        ttl: 60,
        data: { mname: 'localhost', rname: `hostmaster.${zone}`, serial: 7, minimum: 30 },
      })
      expect(ask(zone, 'NS').answers).toMatchObject([{ type: 'NS', name: zone, data: 'localhost' }])
      for (const type of ['A', 'TXT', 'MX'] as const) {
        expect(ask(zone, type)).toMatchObject({
          rcode: 'NOERROR',
          answers: [],
          authorities: [{ type: 'SOA', name: zone }],
        })
      }
    }
  })

  test('the serial follows the sequence, modulo 2^32', () => {
    const { responder, ask } = responderOf([])
    responder.use({ sequence: 1_795_608_000_000_123n, match: () => undefined })
    expect(ask(ZONE, 'SOA').answers?.[0]).toMatchObject({
      data: { serial: Number(1_795_608_000_000_123n % 2n ** 32n) },
    })
  })

  test('a negative answer carries the SOA with the negative TTL', () => {
    const { ask } = responderOf([], { negativeTtl: 17 })
    const packet = ask(reversed('192.0.2.9'))
    expect(packet).toMatchObject({ rcode: 'NXDOMAIN', flag_aa: true, flag_ra: false, flag_rd: true, id: 4711 })
    expect(packet.authorities).toMatchObject([{ type: 'SOA', name: ZONE, ttl: 17, data: { minimum: 17 } }])
  })

  test('a type that is not there is NODATA for a listed name, NXDOMAIN for one that is not', () => {
    const { ask } = responderOf([listing('192.0.2.9/32', 'tag')])
    for (const type of ['AAAA', 'MX', 'SOA', 'NS', 'DS', 'HINFO'] as const) {
      expect(ask(reversed('192.0.2.9'), type)).toMatchObject({
        rcode: 'NOERROR',
        answers: [],
        authorities: [{ type: 'SOA' }],
      })
      expect(rcode(ask(reversed('192.0.2.10'), type))).toBe('NXDOMAIN')
    }
  })

  test('ANY is answered with one record (RFC 8482)', () => {
    const { send } = responderOf([listing('192.0.2.9/32', 'tag')])
    const message = query(reversed('192.0.2.9'))
    message.writeUInt16BE(255, message.length - 4)
    const reply = send(message)
    expect([reply?.readUInt16BE(6), reply?.subarray(-4)]).toEqual([1, Buffer.from([127, 0, 0, 4])])
  })

  test('the list is not handed out by zone transfer', () => {
    const { ask } = responderOf([listing('192.0.2.9/32', 'tag')])
    expect(rcode(ask(ZONE, 'AXFR', { transport: 'tcp' }))).toBe('REFUSED')
    expect(rcode(ask(ZONE, 'IXFR'))).toBe('REFUSED')
  })
})

describe('time', () => {
  test('a listing ends at its own expiry though nothing is published, and is never remembered longer', () => {
    let now = NOW
    const { ask } = responderOf([listing('192.0.2.9/32', 'tag', { expires_at: NOW + 90_500 })], { now: () => now })
    const ttl = (): unknown => ask(reversed('192.0.2.9')).answers?.[0]
    expect(ttl()).toMatchObject({ ttl: 60 })
    now = NOW + 50_000
    expect(ttl()).toMatchObject({ ttl: 40 })
    now = NOW + 90_499
    expect(ttl()).toMatchObject({ ttl: 0 })
    now = NOW + 90_500
    expect(rcode(ask(reversed('192.0.2.9')))).toBe('NXDOMAIN')
  })

  test('a list that goes on naming what has expired is not believed', () => {
    const { responder, ask } = responderOf([])
    responder.use({ sequence: 8n, match: () => listing('192.0.2.9/32', 'reject', { expires_at: NOW }) })
    expect(rcode(ask(reversed('192.0.2.9')))).toBe('NXDOMAIN')
  })

  test('a failing look-up looks as if nobody were listed, and is not remembered', () => {
    const { responder, ask, counters, log } = responderOf([])
    responder.use({
      sequence: 8n,
      match: () => {
        throw new Error('broken')
      },
    })
    expect(ask(reversed('192.0.2.9'))).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
      authorities: [{ ttl: 0, data: { minimum: 0 } }],
    })
    for (let i = 0; i < 100; i++) ask(reversed('192.0.2.9'))
    expect([counters.failed_open, log.length]).toEqual([101, 1])
    expect(codes(ask(reversed('127.0.0.2')))).toEqual(['127.0.0.2'])
  })
})
