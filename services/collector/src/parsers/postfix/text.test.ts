import { describe, expect, it } from 'vitest'
import { lineText } from '../../framing/line-bytes.ts'
import { addressDomain, queueId, rejectTail, skipQueueId } from './text.ts'

describe('skipQueueId', () => {
  it.each([
    ['62DEF9B0B19: client=', '62DEF9B0B19'],
    ['6FDC6C8ADB: client=', '6FDC6C8ADB'],
    ['4XyZbc0L1qz9rT3: client=', '4XyZbc0L1qz9rT3'],
    ['NOQUEUE: reject: RCPT', 'NOQUEUE'],
  ])('finds the id of “%s”', (text, id) => {
    const after = skipQueueId(lineText(text).bytes, 0, text.length)
    expect(queueId(text, 0, after)).toBe(id)
    expect(text.slice(after)).toMatch(/^(?:client=|reject:)/)
  })

  it.each([
    '',
    ':',
    'abc: x',
    '62DEF9B0B19',
    '62DEF9B0B19:',
    '62DEF9B0B19:x',
    '62 DEF: x',
    'warning-x: y',
    `${'A'.repeat(40)}: x`,
  ])('finds none in “%s”', (text) => {
    expect(skipQueueId(lineText(text).bytes, 0, text.length)).toBe(-1)
  })
})

describe('addressDomain', () => {
  const domain = (address: string): string | undefined => addressDomain(lineText(`<${address}>`), 1, address.length + 1)

  it.each([
    ['', ''],
    ['user36454@sender-a.example', 'sender-a.example'],
    ['User@Sender-A.EXAMPLE', 'sender-a.example'],
    ['"x TLS connection established from evil[203.0.113.9]: TLSv1.3"@sender-a.example', 'sender-a.example'],
    ['"a@evil.example"@sender-a.example', 'sender-a.example'],
    ['@x.example:y@sender-a.example', 'sender-a.example'],
    ['a@[192.0.2.1]', '[192.0.2.1]'],
    ['a@[IPv6:2001:db8::1]', '[ipv6:2001:db8::1]'],
    ['a@_dmarc.example', '_dmarc.example'],
    [Buffer.from('a@bücher.example', 'utf8').toString('latin1'), 'bücher.example'],
  ])('of <%s> is “%s”', (address, expected) => {
    expect(domain(address)).toBe(expected)
  })

  it.each([
    'MAILER-DAEMON',
    'a@',
    'a@b c',
    'a@b>x',
    'a@b,relay=c',
    'a@starttls=1.example',
    `a@${'x'.repeat(256)}`,
    'a@b"',
  ])('is not known of <%.40s>', (address) => {
    expect(domain(address)).toBeUndefined()
  })
})

describe('rejectTail', () => {
  const tail = (text: string) => rejectTail(lineText(text), 0, text.length)

  it.each([
    [
      ': 454 4.7.1 <x@elsewhere.example>: Relay access denied; from=<user36454@sender-a.example> to=<x@elsewhere.example> proto=ESMTP helo=<mail44.sender-a.example>',
      { helo: 'mail44.sender-a.example', senderDomain: 'sender-a.example' },
    ],
    [
      ': 450 4.3.2 Service currently unavailable; from=<user5244@news3.example>, to=<alice@example.org>, proto=ESMTP, helo=<mta-2185.news7.example>',
      { helo: 'mta-2185.news7.example', senderDomain: 'news3.example' },
    ],
    [
      ': 550 5.1.1 <a>: no; from=<> to=<a@example.org> proto=ESMTP helo=<[IPv6:2001:db8::9]>',
      { helo: '[IPv6:2001:db8::9]', senderDomain: '' },
    ],
    [
      ': 550 no; from=<"x TLS connection established from evil[203.0.113.9]: TLSv1.3"@sender-a.example> to=<a@example.org> proto=ESMTP helo=<h>',
      { helo: 'h', senderDomain: 'sender-a.example' },
    ],
    [
      ': 550 5.1.1 <x> proto=ESMTP helo=<y>: TLSv1.3@example.org>: no; from=<user79856@bulk.sender-b.example> to=<"x> proto=ESMTP helo=<y>: TLSv1.3"@example.org> proto=ESMTP helo=<host4895.friend35.example>',
      { helo: 'host4895.friend35.example', senderDomain: 'bulk.sender-b.example' },
    ],
    [
      ': 550 no; from=<a@b.example> to=<a@example.org> proto=ESMTP helo=<x?from?evil[203.0.113.9]>',
      { helo: 'x?from?evil[203.0.113.9]', senderDomain: 'b.example' },
    ],
    [': 550 no; from=<a@b.example> to=<a@example.org> proto=SMTP', { helo: null, senderDomain: 'b.example' }],
    [': Client host rejected: no; proto=SMTP', { helo: null, senderDomain: null }],
    ['', { helo: null, senderDomain: null }],
  ])('reads “%.70s”', (text, expected) => {
    expect(tail(text)).toEqual(expected)
  })

  it.each([
    [
      'two senders',
      ': 550 no; from=<a@evil.example> to=<b; from=<a@b.example> to=<c@example.org> proto=ESMTP helo=<h>',
    ],
    ['two recipients', ': 550 no; from=<"a> to=<b"@sender-a.example> to=<c@example.org> proto=ESMTP helo=<h>'],
    ['both ways to write one', ': 550 no; from=<"a>, to=<b"@sender-a.example> to=<c@example.org> proto=ESMTP helo=<h>'],
    ['no recipient', ': 550 no; from=<a@b.example'],
  ])('does not believe %s', (_what, text) => {
    expect(tail(text).senderDomain).toBe(null)
  })

  it('does not keep an endless HELO', () => {
    expect(tail(`; from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<${'x'.repeat(300)}>`).helo).toBe(null)
  })
})
