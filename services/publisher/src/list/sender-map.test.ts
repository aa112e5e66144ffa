import { parseAddress } from '@tlsrep/core'
import { canonicalSender, parseSender } from '@tlsrep/core/sender/sender-key'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import { addressIn, arbitraryAddress, arbitraryPrefix } from '../outputs/parity-addresses.test-support.ts'
import { type Dated, SenderMap } from './sender-map.ts'

function mapOf(senders: readonly string[]): SenderMap<Dated> {
  const map = new SenderMap<Dated>()
  for (const sender of senders) {
    const key = parseSender(sender)
    if (key === undefined) throw new Error(`${sender} is not canonical`)
    map.set(key, { sender, expires_at: Number.POSITIVE_INFINITY })
  }
  return map
}

function covers(wide: string, narrow: string): boolean {
  const [network, length] = ipaddr.parseCIDR(wide)
  const [inner, innerLength] = ipaddr.parseCIDR(narrow)
  return network.kind() === inner.kind() && length <= innerLength && inner.match(network, length)
}

const prefixes = fc.uniqueArray(arbitraryPrefix, { maxLength: 30 })

describe('a sender map agrees with another library', () => {
  test('on the most specific prefix that holds an address', () => {
    fc.assert(
      fc.property(prefixes, arbitraryAddress, (senders, stranger) => {
        const map = mapOf(senders)
        for (const address of [stranger, ...senders.map(addressIn)]) {
          const parsed = ipaddr.parse(address)
          const holding = senders.filter((sender) =>
            covers(sender, `${address}/${parsed.kind() === 'ipv4' ? 32 : 128}`),
          )
          const longest = holding.sort((a, b) => ipaddr.parseCIDR(b)[1] - ipaddr.parseCIDR(a)[1])[0]
          expect(map.longest(parseAddress(address) ?? new Uint8Array(16), 0)?.sender).toBe(longest)
        }
      }),
    )
  })

  test('on what covers a prefix and on what lies within it', () => {
    fc.assert(
      fc.property(prefixes, arbitraryPrefix, (senders, asked) => {
        const map = mapOf(senders)
        const key = parseSender(asked)
        if (key === undefined) throw new Error('not canonical')
        const covering = [...map.covering(key)].map(({ sender }) => sender)
        const within = [...map.within(key)].map(({ sender }) => sender)
        expect(covering.sort()).toEqual(senders.filter((sender) => covers(sender, asked)).sort())
        expect(within.sort()).toEqual(senders.filter((sender) => covers(asked, sender)).sort())
      }),
    )
  })
})

test('a sender map is a map: it gives back what was put in, and forgets what was taken out', () => {
  fc.assert(
    fc.property(prefixes, fc.nat(), (senders, pick) => {
      const map = mapOf([...senders, 'example.org'])
      expect(new Map(map)).toEqual(new Map([...senders, 'example.org'].map((sender) => [sender, map.get(sender)])))
      const gone = senders[pick % Math.max(senders.length, 1)]
      const key = gone === undefined ? undefined : parseSender(gone)
      if (gone === undefined || key === undefined) return
      expect(map.delete(key)).toBe(true)
      expect(map.has(gone)).toBe(false)
      expect(map.size).toBe(senders.length)
    }),
  )
})

test('only what is canonical is a sender', () => {
  for (const text of [
    '192.0.2.1/24',
    '192.0.2.1',
    '192.0.2.1/33',
    '::1/129',
    'Example.org',
    'a b',
    '',
    '/',
    'IPv6:::/0',
  ]) {
    expect(parseSender(text), text).toBeUndefined()
  }
})

test('what a person writes becomes a sender, or a sentence about what to write instead', () => {
  expect(canonicalSender(' 192.0.2.10 ')).toEqual({ ok: true, sender: '192.0.2.10/32' })
  expect(canonicalSender('2001:DB8:1:2::25')).toEqual({ ok: true, sender: '2001:db8:1:2::/64' })
  expect(canonicalSender('2001:db8::/32')).toEqual({ ok: true, sender: '2001:db8::/32' })
  expect(canonicalSender('::ffff:192.0.2.0/120')).toEqual({ ok: true, sender: '192.0.2.0/24' })
  expect(canonicalSender('Example.ORG.')).toEqual({ ok: true, sender: 'example.org' })
  expect(canonicalSender('192.0.2.9/24')).toMatchObject({ ok: false, remedy: expect.stringContaining('192.0.2.0/24') })
  expect(canonicalSender('192.0.2.0/40')).toMatchObject({ ok: false })
  expect(canonicalSender('no domain at all')).toMatchObject({ ok: false })
})
