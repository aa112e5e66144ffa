import { describe, expect, it } from 'vitest'
import { lineText } from '../../framing/line-bytes.ts'
import { createDelivery, readDelivery } from './delivery.ts'

interface Read {
  kind: ReturnType<typeof readDelivery>
  ip: string
  port: number
  connectionUse: number
  delays: string
  feature: string | null
  sent: boolean
  reply: string
}

function read(text: string, end = text.length): Read {
  const { relay, reply, ...rest } = createDelivery()
  const into = { relay, reply, ...rest }
  const kind = readDelivery(lineText(text), 0, end, into)
  const { connectionUse, delays, feature, sent } = into
  const ip = text.slice(into.relay.ipStart, into.relay.ipEnd)
  return { kind, ip, port: into.relay.port, connectionUse, delays, feature, sent, reply: text.slice(into.reply, end) }
}

describe('readDelivery', () => {
  it.each<[string, string, Partial<Read>]>([
    [
      '3.7',
      'to=<r0005@notls.example>, relay=mx.notls.peer.example[198.18.1.14]:25, delay=0.05, delays=0/0/0/0.04, dsn=2.0.0, status=sent (250 2.0.0 queued)',
      {
        ip: '198.18.1.14',
        port: 25,
        connectionUse: 1,
        delays: '0/0/0',
        feature: null,
        sent: true,
        reply: '250 2.0.0 queued)',
      },
    ],
    [
      '3.11',
      'to=<r0018@dropdata.example>, relay=mx.dropdata.peer.example[198.18.1.27]:25, delay=7.5, delays=7.1/0.28/0.12/0.05, tls=may:none, dsn=4.4.2, status=deferred (lost connection with mx.dropdata.peer.example[198.18.1.27] while sending end of data -- message may be sent more than once)',
      { ip: '198.18.1.27', delays: '7.1/0.28/0.12', feature: 'may:none', sent: false },
    ],
    [
      'a reused connection',
      'to=<r2@tls13.example>, relay=mx.tls13.peer.example[198.18.1.10]:25, conn_use=2, delay=0.05, delays=0.01/0/0/0.04, dsn=2.0.0, status=sent (250 2.0.0 queued)',
      { connectionUse: 2, delays: '0.01/0/0', sent: true },
    ],
    [
      'an original recipient',
      'to=<r2@tls13.example>, orig_to=<root>, relay=mx.tls13.peer.example[2001:db8::10]:25, delay=0.05, delays=0.01/0/0/0.04, dsn=2.0.0, status=sent (250 2.0.0 queued)',
      { ip: '2001:db8::10', port: 25, sent: true },
    ],
    [
      'two features',
      'to=<r2@tls13.example>, relay=mx.tls13.peer.example[198.18.1.10]:25, delay=0.05, delays=0.01/0/0/0.04, tls=dane/!requiretls:nocertmatch, dsn=5.7.10, status=bounced (Sender requested REQUIRETLS, but …)',
      { feature: 'dane/!requiretls:nocertmatch', sent: false },
    ],
    [
      'a bounce',
      'to=<r0042@policy-fp-bad.example>, relay=mx.tls13.peer.example[198.18.1.10]:25, delay=22, delays=21/0/0.03/0, tls=!fingerprint, dsn=4.7.5, status=deferred (Server certificate not verified)',
      { feature: '!fingerprint', sent: false, reply: 'Server certificate not verified)' },
    ],
    [
      'a reply that looks like fields',
      'to=<r2@tls13.example>, relay=mx.tls13.peer.example[198.18.1.10]:25, delay=0.05, delays=0.01/0/0/0.04, dsn=2.0.0, status=sent (250 ok, tls=may:none, delays=9/9/9/9, status=bounced (x))',
      { feature: null, delays: '0.01/0/0', sent: true },
    ],
  ])('reads %s', (_what, text, expected) => {
    expect(read(text)).toMatchObject({ kind: 'delivery', ...expected })
  })

  it.each([
    'to=<r1@x.example>, relay=none, delay=0.1, delays=0.1/0/0/0, tls=unknown?, dsn=4.7.5, status=deferred (no TLSA records found)',
    'to=<alice@example.org>, relay=local, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (delivered to mailbox)',
    'to=<a@example.org>, relay=mx1.example.org[private/dovecot-lmtp], delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (saved)',
  ])('finds no peer: %s', (text) => {
    expect(read(text).kind).toBe('no_peer')
  })

  it.each([
    'to=<a@b.example>',
    'to=<a@b.example>, relay=',
    'to=<"x>, relay=evil[203.0.113.9]:25, delay=1, status=sent (ok)"@b.example>, relay=mx.b.example[198.18.1.10]:25, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 ok)',
    'to=<a@b.example>, relay=mx.b.example[198.18.1.10]:25, dsn=2.0.0',
    'to=<a@b.example>, relay=mx.b.example[198.18.1.10]:25, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0',
  ])('does not believe: %s', (text) => {
    expect(read(text).kind).not.toBe('delivery')
  })

  it('does not read beyond the end of its line', () => {
    const text =
      'to=<r0005@notls.example>, relay=mx.notls.peer.example[198.18.1.14]:25, delay=0.05, delays=0/0/0/0.04, dsn=2.0.0, status=sent (250 2.0.0 queued)'
    for (let end = 0; end < text.indexOf(', status=') + ', status='.length; end++) {
      expect(read(text, end).kind).not.toBe('delivery')
    }
  })
})
