import { ipText } from '@tlsrep/schemas'
import { describe, expect, it } from 'vitest'
import { parseLog } from '../../../../../test/support/parse-log.ts'

const log = (...lines: string[]): string => lines.map((line) => `Nov 25 03:46:36 mx1 postfix/${line}\n`).join('')

describe('a session is not torn apart', () => {
  it('when the first line that gives the real client behind a proxy is its disconnect', async () => {
    const { events } = await parseLog(
      log(
        'smtpd[4100]: connect from proxy.example.org[198.18.0.2]',
        'smtpd[4100]: disconnect from unknown[203.0.113.7] ehlo=2 xclient=1 quit=1 commands=4',
      ),
    )
    expect(events.map((event) => [event.outcome, ipText(event.peer_ip), event.truncated])).toEqual([
      ['probe', '203.0.113.7', false],
    ])
  })

  it("by another session's end that comes in its middle", async () => {
    const { events } = await parseLog(
      log(
        'smtpd[1]: connect from unknown[192.0.2.1]',
        'smtpd[1]: disconnect from unknown[203.0.113.7] ehlo=1 quit=1 commands=2',
        'smtpd[1]: disconnect from unknown[192.0.2.1] ehlo=1 quit=1 commands=2',
      ),
    )
    expect(events.map((event) => ipText(event.peer_ip)).sort()).toEqual(['192.0.2.1', '203.0.113.7'])
  })

  it('by a summary line that is there twice', async () => {
    const summary =
      'smtp[5]: Untrusted TLS connection established to mx.a.example[198.18.1.10]:25: TLSv1.2 with cipher AES128-SHA (128/128 bits)'
    const { events, account } = await parseLog(
      log(
        summary,
        summary,
        'smtp[5]: 093EEA2C5E7: to=<r@a.example>, relay=mx.a.example[198.18.1.10]:25, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (ok)',
      ),
    )
    expect(events.map((event) => event.outcome)).toEqual(['negotiated'])
    expect(account.lines.ignored.duplicate).toBe(1)
  })
})

describe("a stranger's text is not believed", () => {
  it('when an original recipient holds a relay of its own', async () => {
    const { events, account } = await parseLog(
      log(
        'smtp[5]: 093EEA2C5E7: to=<r@tls13.example>, orig_to=<"x>, relay=evil[203.0.113.9]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (ok"@example.org>, relay=mx.tls13.peer.example[198.18.1.10]:25, delay=0.1, delays=0/0/0/0.1, tls=may, dsn=2.0.0, status=sent (250 2.0.0 queued)',
      ),
    )
    expect(events).toEqual([])
    expect(account.lines.dead.unparsed).toBe(1)
  })

  it("when a peer's reply holds the words for a connection that ended before MAIL", async () => {
    const { events } = await parseLog(
      log(
        'smtp[7]: Trusted TLS connection established to mx.b.example[198.18.1.77]:25: TLSv1.2 with cipher AES128-SHA (128/128 bits)',
        'smtp[7]: 1C55D9B0BE0: to=<b@b.example>, relay=mx.b.example[198.18.1.77]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (ok)',
        'smtp[5]: 093EEA2C5E7: to=<r@a.example>, relay=mx.a.example[198.18.1.10]:25, delay=0.1, delays=0/0/0/0.1, dsn=4.0.0, status=deferred (host mx.a.example[198.18.1.10] said: 450 refused to talk to me (in reply to RCPT TO command))',
      ),
    )
    expect(events.at(-1)).toMatchObject({ outcome: 'not_offered', mails_attempted: 1, mails_plaintext: 1 })
  })
})

describe('a TLS report line of Postfix 3.10', () => {
  it('states that mail went in clear because the peer did not offer STARTTLS, where nothing else is logged', async () => {
    const { events, account } = await parseLog(
      log(
        'smtp[5]: TLSRPT: status=failure, domain=a.example, receiving_mx=mx.a.example[198.18.1.10], failure_type=starttls_not_supported',
        'smtp[5]: 093EEA2C5E7: to=<r@a.example>, relay=mx.a.example[198.18.1.10]:25, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (ok)',
        'smtp[5]: 1C55D9B0BE0: to=<r@b.example>, relay=mx.b.example[198.18.1.11]:25, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (ok)',
      ),
    )
    expect(events[0]).toMatchObject({
      outcome: 'not_offered',
      proof: 'stated',
      starttls_offered: false,
      mails_plaintext: 1,
    })
    expect(events[1]).toMatchObject({ outcome: 'unknown', starttls_offered: null })
    expect(account.lines.joined).toBe(3)
  })
})
