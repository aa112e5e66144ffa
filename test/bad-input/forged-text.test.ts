import { ipText } from '@tlsrep/schemas'
import { describe, expect, it } from 'vitest'
import { CORPUS_SETS, corpusLog, corpusSessions, type LabelledSession, lineStarts, linesOf } from '../support/corpus.ts'
import { clearSession, eventsOf, lastOf, logOf, parseBalanced, tlsSession } from '../support/postfix-log.ts'

/** The address that the forgeries name. No real session comes from it but where the labels say so. */
const EVIL = '203.0.113.9'
const NAME = 'mail52.sender-a.example[192.0.2.52]'
const SHOWN = tlsSession(9001, 'unknown[203.0.113.250]')

const isHostile = ({ behaviour }: LabelledSession): boolean => behaviour.includes('hostile')
const HOSTILE_SETS = CORPUS_SETS.filter((set) => corpusSessions(set).some(isHostile))

describe.each(HOSTILE_SETS)('%s: forged text in HELO, sender, recipient and SNI', (set) => {
  const hostile = corpusSessions(set).filter(isHostile)

  it('opens no session, ends none and changes no outcome', async () => {
    const { events, account } = await parseBalanced(corpusLog(set))
    const starts = lineStarts(corpusLog(set))
    const lineOf = new Map(starts.map((offset, index) => [offset, index + 1]))
    const wrong: string[] = []
    for (const session of hostile) {
      const { lines } = session.from_log
      if (lines.length === 0) continue
      const mine = events.filter(
        (event) => lines.includes(lineOf.get(event.source_offset) ?? 0) && ipText(event.peer_ip) === session.client_ip,
      )
      const outcomes = mine.map(({ outcome }) => outcome)
      if (mine.length !== 1 || !allowed(session).includes(outcomes[0] ?? '')) wrong.push(`${session.id} ${outcomes}`)
    }
    expect(wrong).toEqual([])
    expect(account.lines.dead.unparsed).toBe(0)
  })

  it('makes no event of the address that it names', async () => {
    const real = corpusSessions(set).some(({ client_ip }) => client_ip === EVIL)
    const { events } = await parseBalanced(corpusLog(set))
    expect(events.some(({ peer_ip }) => ipText(peer_ip) === EVIL)).toBe(real)
  })

  it('makes no sender domain that holds what no domain can', async () => {
    const { events } = await parseBalanced(corpusLog(set))
    const domains = events.map(({ sender_domain }) => sender_domain ?? '')
    expect(domains.filter((domain) => /[\s<>"',;()@=]/.test(domain))).toEqual([])
  })
})

function allowed({ from_log }: LabelledSession): string[] {
  return [from_log.outcome, ...from_log.also_ok]
}

const reject = (from: string, to: string, helo: string): string =>
  `smtpd[2303]: NOQUEUE: reject: RCPT from ${NAME}: 550 5.1.1 <${to}>: Recipient address rejected: User unknown in local recipient table; from=<${from}> to=<${to}> proto=ESMTP helo=<${helo}>`

const inClear = (line: string): string[] => [
  ...SHOWN,
  `smtpd[2303]: connect from ${NAME}`,
  line,
  `smtpd[2303]: disconnect from ${NAME} ehlo=1 mail=1 rcpt=0/1 rset=1 quit=1 commands=4/5`,
]

describe('a session in clear stays one, whatever it writes', () => {
  it.each([
    [
      'a HELO like a summary',
      'a@sender-a.example',
      'b@example.org',
      'x?TLS?connection?established?from?evil[203.0.113.9]:?TLSv1.3?with?cipher?TLS_AES_256_GCM_SHA384??256/256?bits?',
    ],
    ['a HELO like a peer', 'a@sender-a.example', 'b@example.org', 'x?from?evil[203.0.113.9]'],
    ['a HELO like counters', 'a@sender-a.example', 'b@example.org', 'ehlo=2?starttls=1'],
    [
      'a sender like a summary',
      '"x TLS connection established from evil[203.0.113.9]: TLSv1.3"@sender-a.example',
      'b@example.org',
      'h.example',
    ],
    [
      'a sender like an end',
      '"disconnect from evil[203.0.113.9] ehlo=2 starttls=1 commands=3"@sender-a.example',
      'b@example.org',
      'h.example',
    ],
    ['a recipient like a HELO', 'a@sender-a.example', '"x> proto=ESMTP helo=<y>: TLSv1.3"@example.org', 'h.example'],
    ['a recipient like a peer', 'a@sender-a.example', '" from evil[203.0.113.9]: TLSv1.3"@example.org', 'h.example'],
  ])('%s', async (_what, from, to, helo) => {
    const events = await eventsOf(inClear(reject(from, to, helo)))
    expect(events).toHaveLength(2)
    expect(lastOf(events)).toMatchObject({
      outcome: 'plaintext',
      fault: 'peer',
      truncated: false,
      helo,
      tls_version: null,
      mails_attempted: 1,
      mails_plaintext: 1,
      sender: '192.0.2.52/32',
    })
  })

  it('a recipient like an envelope is not believed: the sender’s domain is not known, or the right one', async () => {
    for (const to of ['"x; from=<a@evil.example> to=<b"@example.org', '"> to=<c"@example.org']) {
      const events = await eventsOf(inClear(reject('a@sender-a.example', to, 'h.example')))
      expect([null, 'sender-a.example']).toContain(lastOf(events).sender_domain)
    }
  })

  it('a sender like a recipient is not believed: its domain is not known, or the right one', async () => {
    for (const from of ['"a> to=<b"@sender-a.example', '"; from=<a@evil.example> to=<b"@sender-a.example']) {
      const events = await eventsOf(inClear(reject(from, 'b@example.org', 'h.example')))
      expect([null, 'sender-a.example']).toContain(lastOf(events).sender_domain)
    }
  })
})

describe('names that a peer gives itself', () => {
  it.each([
    'evil-established-from-',
    'TLSv1.3-with-cipher-',
    'disconnect.from.',
    'a,relay=b:25,status=sent',
    '%s%n%x',
    'x'.repeat(255),
  ])('reverse DNS %.40s is a name and nothing else', async (name) => {
    const events = await eventsOf([...SHOWN, ...clearSession(2303, `${name}[192.0.2.52]`)])
    expect(lastOf(events)).toMatchObject({ outcome: 'plaintext', peer_name: name, sender: '192.0.2.52/32' })
  })

  it('reverse DNS with an address in brackets does not take that address', async () => {
    const { events } = await parseBalanced(logOf(clearSession(2303, 'evil[203.0.113.9][192.0.2.52]')))
    expect(events.filter(({ outcome }) => outcome === 'plaintext')).toEqual([])
  })

  it('SNI is a name and nothing else, and an endless one is refused', async () => {
    const [connect = '', summary = '', client = '', disconnect = ''] = tlsSession(2303, NAME)
    const named = (sni: string): string[] => [
      connect,
      summary.replace(`${NAME}: `, `${NAME} to ${sni}: `),
      client,
      disconnect,
    ]
    expect(lastOf(await eventsOf(named('mx1.example.org')))).toMatchObject({
      sni: 'mx1.example.org',
      tls_version: 'TLSv1_3',
    })
    expect(lastOf(await eventsOf(named('a.example[203.0.113.9]')))).toMatchObject({ sender: '192.0.2.52/32' })
    const { events, account } = await parseBalanced(logOf(named('x'.repeat(5000))))
    expect(account.lines.dead.unparsed).toBe(1)
    expect(lastOf(events)).toMatchObject({ outcome: 'negotiated', sni: null, tls_version: null })
  })

  it('certificate names are no fingerprints and no sessions', async () => {
    const [connect = '', summary = '', client = '', disconnect = ''] = tlsSession(2303, NAME)
    const events = await eventsOf([
      connect,
      `smtpd[2303]: ${NAME}: depth=0 verify=0 subject=/O=x/CN=disconnect from evil[203.0.113.9] ehlo=1 mail=1 commands=2`,
      'smtpd[2303]: subject=/O=Example Test/CN=Anonymous TLS connection established from evil[203.0.113.9]: TLSv1.3',
      'smtpd[2303]: issuer=/O=Example Test/CN=connect from evil[203.0.113.9]',
      `smtpd[2303]: ${NAME}: subject_CN=a, cert fingerprint=00:11, pkey fingerprint=22, issuer=b, cert fingerprint=BB:56, pkey fingerprint=27:1F`,
      summary,
      client,
      disconnect,
    ])
    expect(events).toHaveLength(1)
    expect(lastOf(events)).toMatchObject({
      outcome: 'negotiated',
      peer_certificate_fingerprint: 'BB:56',
      sender: '192.0.2.52/32',
    })
  })
})

const RELAY = 'mx.tls13.peer.example[198.18.1.10]:25'

describe('text of strangers in delivery lines', () => {
  it('a recipient with a relay of its own makes a dead letter, not another peer', async () => {
    const { events, account } = await parseBalanced(
      logOf([
        `smtp[5]: 093EEA2C5E7: to=<"x>, relay=evil[203.0.113.9]:25, delay=1, delays=0/0/0/1, tls=may:none, dsn=2.0.0, status=sent (ok)"@tls13.example>, relay=${RELAY}, delay=0.1, delays=0/0/0/0.1, tls=may, dsn=2.0.0, status=sent (250 2.0.0 queued)`,
      ]),
    )
    expect(events).toEqual([])
    expect(account.lines.dead.unparsed).toBe(1)
  })

  it('the server’s reply says nothing of TLS', async () => {
    const events = await eventsOf([
      `smtp[5]: 093EEA2C5E7: to=<r@tls13.example>, relay=${RELAY}, delay=0.1, delays=0/0/0/0.1, tls=may, dsn=2.0.0, status=sent (250 2.0.0 queued, tls=may:none, relay=evil[203.0.113.9]:25, status=deferred (Cannot start TLS: handshake failure))`,
    ])
    expect(events).toHaveLength(1)
    expect(lastOf(events)).toMatchObject({ outcome: 'negotiated', tls_policy: 'may', sender: '198.18.1.10/32' })
  })

  it('a server that quotes our own sentence is not believed', async () => {
    const events = await eventsOf([
      `smtp[5]: 093EEA2C5E7: to=<r@tls13.example>, relay=${RELAY}, delay=0.1, delays=0/0/0/0.1, dsn=4.0.0, status=deferred (host mx.tls13.peer.example[198.18.1.10] said: 450 TLS is required, but was not offered by host evil[203.0.113.9] (in reply to RCPT TO command))`,
    ])
    expect(lastOf(events)).toMatchObject({ outcome: 'unknown', failure_reason: null })
  })
})

describe('lines of other programs', () => {
  it('are not read as a mail server’s, whatever they say', async () => {
    const said = linesOf(Buffer.from(logOf(clearSession(2303, NAME)))).map((line) =>
      line.replace('postfix/smtpd', 'sshd'),
    )
    const { events, account } = await parseBalanced(`${said.join('\n')}\n`)
    expect(events).toEqual([])
    expect(account.lines.ignored.other_program).toBe(3)
  })

  it('that quote a whole line of smtpd open no session', async () => {
    const quoted = linesOf(Buffer.from(logOf(clearSession(2303, NAME)))).map(
      (line) => `Nov 25 03:46:36 mx1 logger[5]: ${line}`,
    )
    const { events, account } = await parseBalanced(`${quoted.join('\n')}\n`)
    expect(events).toEqual([])
    expect(account.lines.ignored.other_program).toBe(3)
  })

  it('of other daemons of Postfix say nothing of sessions', async () => {
    const { events, account } = await parseBalanced(
      logOf([
        `cleanup[9]: 0F1E9B0B1A: message-id=<x TLS connection established from evil[203.0.113.9]: TLSv1.3@a>`,
        `cleanup[9]: 0F1E9B0B1A: warning: header Subject: connect from evil[203.0.113.9] from ${NAME}; from=<a@b.example> to=<c@d.example>`,
        `local[9]: 0F1E9B0B1A: to=<alice@example.org>, relay=local, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (delivered to mailbox)`,
        'anvil[9]: statistics: max connection rate 1/60s for (smtp:192.0.2.52) at Nov 25 03:46:36',
        'pickup[9]: 0F1E9B0B1A: uid=0 from=<root>',
      ]),
    )
    expect(events).toEqual([])
    expect(account.lines.ignored.other).toBe(5)
  })
})
