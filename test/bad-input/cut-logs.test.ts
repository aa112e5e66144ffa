import { describe, expect, it } from 'vitest'
import { corpusLog, linesOf } from '../support/corpus.ts'
import { clearSession, eventsOf, lastOf, logOf, parseBalanced, tlsSession } from '../support/postfix-log.ts'

const NAME = 'mail52.sender-a.example[192.0.2.52]'
const SHOWN = tlsSession(9001, 'unknown[203.0.113.250]')

describe('a log that ends in the middle of a session', () => {
  it('a session of which only the beginning is there is unknown and truncated', async () => {
    const events = await eventsOf([...SHOWN, ...clearSession(2303, NAME).slice(0, 2)])
    expect(lastOf(events)).toMatchObject({
      outcome: 'unknown',
      fault: 'unknown',
      truncated: true,
      mails_attempted: null,
      mails_plaintext: null,
    })
  })

  it('a summary line that is there stays proven, and the session is truncated', async () => {
    const events = await eventsOf(tlsSession(2303, NAME).slice(0, 2))
    expect(lastOf(events)).toMatchObject({
      outcome: 'negotiated',
      proof: 'stated',
      truncated: true,
      tls_version: 'TLSv1_3',
    })
  })

  it('a failure that is there stays proven, and the session is truncated', async () => {
    const events = await eventsOf([
      `smtpd[2303]: connect from ${NAME}`,
      `smtpd[2303]: SSL_accept error from ${NAME}: lost connection`,
    ])
    expect(lastOf(events)).toMatchObject({ outcome: 'handshake_failed', truncated: true, fault: 'unknown' })
  })

  it('an outbound failure without its delivery line stays proven, and the connection is truncated', async () => {
    const events = await eventsOf([
      'smtp[5]: SSL_connect error to mx.closes.peer.example[198.18.1.17]:25: lost connection',
    ])
    expect(lastOf(events)).toMatchObject({ direction: 'outbound', outcome: 'handshake_failed', truncated: true })
  })

  it('a disconnect that was cut within its counters proves nothing that it no longer says', async () => {
    const whole = logOf([...SHOWN, ...clearSession(2303, NAME)])
    const from = whole.lastIndexOf('disconnect from') + `disconnect from ${NAME}`.length
    for (let end = from; end < whole.length - 'commands=5\n'.length; end++) {
      const { events } = await parseBalanced(whole.slice(0, end))
      expect(lastOf(events)).toMatchObject({ outcome: 'unknown', truncated: true, mails_plaintext: null })
    }
  })

  it('a summary line that was cut is a dead letter or a session without a version, never another cipher', async () => {
    const whole = logOf(tlsSession(2303, NAME).slice(0, 2))
    const from = whole.indexOf('Anonymous')
    for (let end = from; end < whole.indexOf('(256/256 bits)') + '(256/256 bits'.length; end++) {
      const { events } = await parseBalanced(whole.slice(0, end))
      expect(lastOf(events)).toMatchObject({ truncated: true, cipher: null, tls_version: null })
      expect(lastOf(events).outcome).not.toBe('plaintext')
    }
  })
})

describe('a log that begins in the middle of a session', () => {
  it('counters cover the whole session: the outcome is proven, and the session is truncated', async () => {
    const events = await eventsOf([...SHOWN, ...clearSession(2303, NAME).slice(1)])
    expect(lastOf(events)).toMatchObject({ outcome: 'plaintext', fault: 'peer', truncated: true, mails_plaintext: 1 })
  })

  it('a summary without its connect is negotiated, and truncated', async () => {
    const events = await eventsOf(tlsSession(2303, NAME).slice(1))
    expect(lastOf(events)).toMatchObject({ outcome: 'negotiated', truncated: true, mails_attempted: 1 })
  })

  it('a disconnect alone is a session of its own', async () => {
    const events = await eventsOf([`smtpd[2303]: disconnect from ${NAME} ehlo=2 starttls=1 quit=1 commands=4`])
    expect(events).toHaveLength(1)
    expect(lastOf(events)).toMatchObject({ outcome: 'negotiated', truncated: true, starttls_used: true })
  })

  it('a library problem without its error names nobody: no session, and no fault', async () => {
    const { events, account } = await parseBalanced(
      logOf([
        'smtpd[2303]: warning: TLS library problem: error:0A00010B:SSL routines::wrong version number:../ssl/record/ssl3_record.c:350:',
      ]),
    )
    expect(events).toEqual([])
    expect(account.lines.ignored.orphan).toBe(1)
  })

  it('lines of tlsproxy without their postscreen are orphans', async () => {
    const { events, account } = await parseBalanced(
      logOf([
        'tlsproxy[790]: Anonymous TLS connection established from [192.0.2.99]:42239: TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)',
        'tlsproxy[790]: TLS handshake failed for service=smtpd peer=[192.0.2.99]:42239',
      ]),
    )
    expect(events).toEqual([])
    expect(account.lines.ignored.orphan).toBe(2)
  })
})

describe('a real log cut at any byte', () => {
  it.each(['postfix-3.7-loglevel1', 'postfix-3.7-postscreen', 'postfix-3.11-outbound'])(
    '%s: what was over before the cut is as it was, and the books agree',
    async (set) => {
      const log = corpusLog(set)
      const whole = await parseBalanced(log)
      for (let part = 1; part < 20; part++) {
        const end = Math.floor((log.length * part) / 20) + part
        const { events } = await parseBalanced(log.subarray(0, end))
        const before = whole.events.filter(({ source_end }) => source_end < log.lastIndexOf(10, end - 1) - 400)
        const ids = new Map(events.map((event) => [Buffer.from(event.event_id).toString('hex'), event]))
        for (const event of before) {
          const found = ids.get(Buffer.from(event.event_id).toString('hex'))
          expect(found).toBeDefined()
          if (found?.truncated === false) expect(found).toMatchObject({ outcome: event.outcome, fault: event.fault })
        }
      }
    },
  )

  it('a log that lost its first half calls nobody plaintext who was not', async () => {
    for (const set of ['postfix-3.7-loglevel1', 'postfix-3.5-loglevel1', 'postfix-3.10-rsyslog']) {
      const lines = linesOf(corpusLog(set))
      const whole = await parseBalanced(corpusLog(set))
      const clear = new Set(whole.events.filter(({ outcome }) => outcome === 'plaintext').map(({ sender }) => sender))
      const half = Buffer.from(`${lines.slice(Math.floor(lines.length / 2)).join('\n')}\n`, 'latin1')
      const { events } = await parseBalanced(half)
      expect(events.filter(({ outcome, sender }) => outcome === 'plaintext' && !clear.has(sender))).toEqual([])
    }
  })
})
