import type { TlsNegotiation } from '@tlsrep/schemas'
import { describe, expect, it } from 'vitest'
import { corpusLog, linesOf } from '../support/corpus.ts'
import { clearSession, eventsOf, logOf, parseBalanced, tlsSession } from '../support/postfix-log.ts'

const A = 'mail52.sender-a.example[192.0.2.52]'
const B = 'unknown[2001:db8:23:1455::a727]'
const SHOWN = tlsSession(9001, 'unknown[203.0.113.250]')

const id = ({ event_id }: TlsNegotiation): string => Buffer.from(event_id).toString('hex')
const gist = (events: readonly TlsNegotiation[]): string[] =>
  events.map((e) => `${id(e)} ${e.outcome} ${e.fault} ${e.truncated} ${e.mails_attempted} ${e.mails_plaintext}`).sort()

function interleaved(logs: readonly (readonly string[])[]): string[] {
  const longest = Math.max(...logs.map(({ length }) => length))
  return Array.from({ length: longest }, (_, row) => logs.flatMap((log) => log.slice(row, row + 1))).flat()
}

describe('processes whose lines are interleaved', () => {
  it('three processes at once make the same sessions as one after the other', async () => {
    const logs = [tlsSession(1, A), clearSession(2, B), tlsSession(3, 'unknown[198.51.100.9]')]
    expect(gist(await eventsOf([...SHOWN, ...interleaved(logs)]))).toEqual(
      gist(await eventsOf([...SHOWN, ...logs.flat()])),
    )
  })

  it('one client with two connections at once makes two sessions', async () => {
    const events = await eventsOf([...SHOWN, ...interleaved([tlsSession(1, A), clearSession(2, A)])])
    expect(events.slice(1).map(({ outcome, truncated }) => [outcome, truncated])).toEqual([
      ['plaintext', false],
      ['negotiated', false],
    ])
  })

  it('a library problem of one process is not laid at the door of another', async () => {
    const events = await eventsOf([
      `smtpd[1]: connect from ${A}`,
      `smtpd[2]: connect from ${B}`,
      `smtpd[1]: SSL_accept error from ${A}: -1`,
      `smtpd[2]: SSL_accept error from ${B}: lost connection`,
      'smtpd[1]: warning: TLS library problem: error:0A00010B:SSL routines::wrong version number:../ssl/record/ssl3_record.c:350:',
      `smtpd[2]: disconnect from ${B} ehlo=1 starttls=0/1 commands=1/2`,
      `smtpd[1]: disconnect from ${A} ehlo=1 starttls=0/1 commands=1/2`,
    ])
    expect(events.map(({ failure_reason, fault }) => [failure_reason, fault])).toEqual([
      ['connection_lost', 'unknown'],
      ['not_tls', 'peer'],
    ])
  })

  it('two connections through one tlsproxy process keep their own summaries', async () => {
    const peer = (port: number): string => `[192.0.2.99]:${port}`
    const events = await eventsOf([
      `postscreen[789]: CONNECT from ${peer(1001)} to [198.18.0.25]:25`,
      `postscreen[789]: CONNECT from ${peer(1002)} to [198.18.0.25]:25`,
      `tlsproxy[790]: CONNECT from ${peer(1001)}`,
      `tlsproxy[790]: CONNECT from ${peer(1002)}`,
      `tlsproxy[790]: Anonymous TLS connection established from ${peer(1002)}: TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)`,
      `tlsproxy[790]: TLS handshake failed for service=smtpd peer=${peer(1001)}`,
      `postscreen[789]: DISCONNECT ${peer(1001)}`,
      `postscreen[789]: DISCONNECT ${peer(1002)}`,
    ])
    expect(events.map(({ peer_port, outcome }) => [peer_port, outcome])).toEqual([
      [1001, 'handshake_failed'],
      [1002, 'negotiated'],
    ])
  })
})

describe('lines put out of order on their way', () => {
  it('the connect of the next session before the disconnect of the one before: both are whole', async () => {
    const [first, second] = [clearSession(7, A), tlsSession(7, B)]
    const mixed = [...first.slice(0, -1), ...second.slice(0, 1), ...first.slice(-1), ...second.slice(1)]
    const events = await eventsOf([...SHOWN, ...mixed])
    expect(gist(events)).toEqual(gist(await eventsOf([...SHOWN, ...first, ...second])))
    expect(events.every(({ truncated }) => !truncated)).toBe(true)
  })

  it('two lines of the next session before the disconnect of the one before: both are whole', async () => {
    const [first, second] = [tlsSession(7, A), tlsSession(7, B)]
    const mixed = [...first.slice(0, -1), ...second.slice(0, 2), ...first.slice(-1), ...second.slice(2)]
    expect(gist(await eventsOf(mixed))).toEqual(gist(await eventsOf([...first, ...second])))
  })

  it('a line that comes after the disconnect of its session opens no other', async () => {
    const lines = [
      `smtpd[7]: connect from ${A}`,
      `smtpd[7]: SSL_accept error from ${A}: lost connection`,
      `smtpd[7]: disconnect from ${A} ehlo=1 starttls=0/1 commands=1/2`,
      `smtpd[7]: lost connection after STARTTLS from ${A}`,
    ]
    const { events, account } = await parseBalanced(logOf(lines))
    expect(events.map(({ outcome, truncated }) => [outcome, truncated])).toEqual([['handshake_failed', false]])
    expect(account.lines.ignored.orphan).toBe(1)
  })

  it('qmgr before or after the client= line: the same sender domain', async () => {
    const qmgr = 'qmgr[1]: 0F1E9B0B1B: from=<a@sender-a.example>, size=1, nrcpt=1 (queue active)'
    const [connect = '', client = '', disconnect = ''] = clearSession(7, A)
    for (const lines of [
      [connect, qmgr, client, disconnect],
      [connect, client, qmgr, disconnect],
    ]) {
      expect((await eventsOf(lines)).map(({ sender_domain }) => sender_domain)).toEqual(['sender-a.example'])
    }
  })

  it('a clock that is set back makes no session longer than it was seen', async () => {
    const [connect = '', client = '', disconnect = ''] = clearSession(7, A)
    const events = await eventsOf([`03:46:36 ${connect}`, `03:46:35 ${client}`, `03:46:34 ${disconnect}`])
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({ truncated: false, mails_attempted: 1 })
  })
})

describe('every line twice', () => {
  it.each(['postfix-3.5-loglevel1', 'postfix-3.7-loglevel0', 'postfix-3.7-encrypt', 'postfix-3.10-rsyslog'])(
    '%s: the same sessions with the same outcomes',
    async (set) => {
      const lines = linesOf(corpusLog(set))
      const text = (all: readonly string[]): Buffer => Buffer.from(`${all.join('\n')}\n`, 'latin1')
      const once = await parseBalanced(text(lines))
      const twice = await parseBalanced(text(lines.flatMap((line) => [line, line])))
      const outcomes = (events: readonly TlsNegotiation[]): string[] =>
        events.map((e) => `${id(e)} ${e.outcome} ${e.fault} ${e.truncated}`).sort()
      expect(outcomes(twice.events)).toEqual(outcomes(once.events))
      expect(twice.account.lines.read).toBe(2 * once.account.lines.read)
    },
  )
})

describe('a pid is a lease', () => {
  it('one process serves a hundred clients: a hundred sessions, each whole', async () => {
    const lines = Array.from({ length: 100 }, (_, n) => tlsSession(7, `unknown[192.0.2.${n}]`, `0F1E9B0B${n}00`)).flat()
    const events = await eventsOf(lines)
    expect(events).toHaveLength(100)
    expect(events.every(({ truncated, outcome }) => !truncated && outcome === 'negotiated')).toBe(true)
  })

  it('one process serves one client again and again within a second: sessions with ids of their own', async () => {
    const lines = Array.from({ length: 100 }, () => tlsSession(7, A)).flat()
    const events = await eventsOf(lines)
    expect(new Set(events.map(id)).size).toBe(100)
  })

  it('a pid that served smtpd and then smtp makes an inbound and an outbound session', async () => {
    const events = await eventsOf([
      ...tlsSession(7, A),
      'smtp[7]: 093EEA2C5E7: to=<r@tls13.example>, relay=mx.tls13.peer.example[198.18.1.10]:25, delay=0.1, delays=0/0/0/0.1, tls=may, dsn=2.0.0, status=sent (250 2.0.0 queued)',
    ])
    expect(events.map(({ direction, outcome }) => [direction, outcome])).toEqual([
      ['inbound', 'negotiated'],
      ['outbound', 'negotiated'],
    ])
  })

  it('a pid that died and serves the same client again: the first session is truncated and proves nothing', async () => {
    const [connect = '', client = ''] = clearSession(7, A)
    const events = await eventsOf([
      ...SHOWN,
      `03:46:36 ${connect}`,
      `03:46:36 ${client}`,
      ...tlsSession(7, A).map((line) => `03:50:00 ${line}`),
    ])
    expect(events.slice(1).map(({ outcome, truncated }) => [outcome, truncated])).toEqual([
      ['unknown', true],
      ['negotiated', false],
    ])
  })

  it('a pid that died and serves another client: the first session is truncated and proves nothing', async () => {
    const [connect = '', client = ''] = clearSession(7, A)
    const events = await eventsOf([...SHOWN, connect, client, ...tlsSession(7, B)])
    expect(events.slice(1).map(({ sender, outcome, truncated }) => [sender, outcome, truncated])).toEqual([
      ['192.0.2.52/32', 'unknown', true],
      ['2001:db8:23:1455::/64', 'negotiated', false],
    ])
  })

  it('the same pid on two hosts is two processes', async () => {
    const elsewhere = tlsSession(7, A).map((line) => `Nov 25 03:46:36 mx2 postfix/${line}`)
    const events = await eventsOf(interleaved([tlsSession(7, A), elsewhere]))
    expect(events.map(({ host, truncated }) => [host, truncated])).toEqual([
      ['mx1', false],
      ['mx2', false],
    ])
  })
})
