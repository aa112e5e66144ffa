import { describe, expect, it } from 'vitest'
import { NO_TLS_FACTS } from '../tls-facts.ts'
import { createCounters, readCounters } from './counters.ts'
import { HostState, Instance, Listener, Service } from './host.ts'
import { inboundMails, inboundVerdict } from './inbound-outcome.ts'
import { type Failure, InboundSession } from './smtpd-session.ts'

const NOW = Date.UTC(2026, 10, 25)

interface Story {
  program?: string
  /** As a disconnect line has them; absent: a line without counters. */
  counters?: string
  summary?: boolean
  failure?: Partial<Failure>
  /** The listener has shown STARTTLS. */
  shown?: boolean
  service?: Partial<Pick<Service, 'implicitSeen' | 'starttlsSeen' | 'summariesSeen'>>
  acceptedClear?: boolean
  session?: Partial<InboundSession>
}

function tell(story: Story): InboundSession {
  const program = story.program ?? 'postfix/smtpd'
  const listener = new Listener('mx')
  if (story.shown) listener.show(NOW - 1000)
  listener.acceptedClear = story.acceptedClear ?? false
  const instance = new Instance('postfix', new HostState('mx1', NOW))
  const service = new Service(program, program.slice(program.lastIndexOf('/') + 1), instance, listener)
  Object.assign(service, story.service)
  const opening = { id: '', at: NOW, source: 'mail.log', offset: 0 }
  const peer = { name: null, ip: '192.0.2.1', port: -1 }
  const session = new InboundSession(service, '1', opening, false, peer, { ended: () => {} })
  if (story.counters !== undefined) {
    const counters = createCounters()
    const text = ` ${story.counters}`
    expect(readCounters(text, 0, text.length, counters)).toBe('ok')
    session.counters = counters
  }
  if (story.summary) session.established = NO_TLS_FACTS
  if (story.failure !== undefined) {
    session.failure = { reason: 'other', fault: 'unknown', words: '', byPlace: true, ...story.failure }
  }
  return Object.assign(session, story.session)
}

const CLEAR = 'ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5'
const TLS = 'ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7'

describe('inboundVerdict', () => {
  it.each<[string, Story, string]>([
    ['a summary', { summary: true, counters: TLS }, 'negotiated none stated null'],
    ['a summary without its end', { summary: true, session: { cutOff: true } }, 'negotiated none stated null'],
    [
      'a summary, and our demand for a certificate',
      { summary: true, counters: TLS, session: { clientCertificateRequired: true } },
      'negotiated none stated client_certificate_required',
    ],
    ['starttls=1 without a summary', { counters: TLS }, 'negotiated none stated null'],
    [
      'starttls=1 before a failure of another handshake',
      { counters: TLS, summary: true, failure: {} },
      'negotiated none stated null',
    ],
    [
      'our floor',
      { counters: 'ehlo=1 starttls=0/1 commands=1/2', failure: { reason: 'version_below_floor', fault: 'our_floor' } },
      'refused_by_us our_floor stated version_below_floor',
    ],
    [
      'SSL 2.0, which no library speaks',
      {
        counters: 'ehlo=1 starttls=0/1 commands=1/2',
        failure: { reason: 'version_below_floor', fault: 'our_floor', words: 'unknown protocol' },
      },
      'handshake_failed our_floor stated version_below_floor',
    ],
    [
      'a fault of the peer by the place of its line',
      { counters: 'ehlo=1 starttls=0/1 commands=1/2', failure: { reason: 'not_tls', fault: 'peer' } },
      'handshake_failed peer by_absence not_tls',
    ],
    [
      'the same in a session that lost lines',
      { failure: { reason: 'not_tls', fault: 'peer' }, session: { cutOff: true } },
      'handshake_failed unknown by_absence not_tls',
    ],
    [
      'mail in clear where STARTTLS was used',
      { counters: CLEAR, shown: true, service: { starttlsSeen: true } },
      'plaintext peer stated null',
    ],
    ['mail in clear where STARTTLS was only shown', { counters: CLEAR, shown: true }, 'plaintext peer by_absence null'],
    ['mail in clear where it was not shown', { counters: CLEAR }, 'not_offered local by_absence null'],
    [
      'mail in clear after our 501',
      { counters: 'ehlo=1 starttls=0/1 mail=1 commands=2/3', shown: true },
      'plaintext unknown by_absence null',
    ],
    [
      'mail in clear after our rate limit',
      { counters: 'ehlo=1 starttls=0/1 mail=1 commands=2/3', shown: true, session: { rateLimited: true } },
      'plaintext local by_absence null',
    ],
    [
      'our 501 and no mail',
      { counters: 'ehlo=1 starttls=0/1 quit=1 commands=2/3' },
      'refused_by_us local by_absence starttls_refused',
    ],
    [
      'our rate limit and no mail',
      { counters: 'ehlo=1 starttls=0/1 quit=1 commands=2/3', session: { rateLimited: true } },
      'refused_by_us local by_absence rate_limited',
    ],
    [
      'our 530',
      { counters: 'ehlo=1 mail=0/1 quit=1 commands=2/3', shown: true },
      'refused_by_us our_floor by_absence starttls_required',
    ],
    [
      '503 to a client without HELO',
      { counters: 'mail=0/1 quit=1 commands=1/2', shown: true },
      'unknown unknown by_absence null',
    ],
    [
      'MAIL refused for its own sake where clear mail was taken',
      {
        counters: 'ehlo=1 mail=0/1 quit=1 commands=2/3',
        shown: true,
        acceptedClear: true,
        session: { mailRefused: true },
      },
      'plaintext peer by_absence null',
    ],
    [
      'MAIL refused for its own sake where clear mail was never taken',
      { counters: 'ehlo=1 mail=0/1 quit=1 commands=2/3', shown: true, session: { mailRefused: true } },
      'plaintext unknown by_absence null',
    ],
    [
      'a filter’s XFORWARD',
      { counters: 'ehlo=1 xforward=1 mail=1 commands=3', shown: true },
      'not_offered local stated null',
    ],
    [
      'a proxy’s XCLIENT with mail',
      { counters: 'ehlo=2 xclient=1 mail=1 commands=4', shown: true },
      'unknown unknown by_absence null',
    ],
    ['a proxy’s XCLIENT without mail', { counters: 'ehlo=2 xclient=1 commands=3' }, 'probe none by_absence null'],
    ['no mail', { counters: 'ehlo=1 quit=1 commands=2', shown: true }, 'probe none stated null'],
    ['no command', { counters: 'commands=0/0' }, 'probe none stated null'],
    [
      'no command where another port is wrappermode',
      { counters: 'commands=0/0', service: { implicitSeen: true, starttlsSeen: true } },
      'unknown unknown by_absence null',
    ],
    ['smtps without a summary', { program: 'postfix/smtps/smtpd', counters: CLEAR }, 'negotiated none by_absence null'],
    [
      'smtps without a command where summaries are logged',
      { program: 'postfix/smtps/smtpd', counters: 'commands=0/0', service: { summariesSeen: true } },
      'unknown unknown by_absence null',
    ],
    [
      'mail where wrappermode and STARTTLS share a name at loglevel 0',
      { counters: CLEAR, shown: true, service: { implicitSeen: true, starttlsSeen: true } },
      'unknown unknown by_absence null',
    ],
    [
      'mail where wrappermode and STARTTLS share a name and summaries are logged',
      { counters: CLEAR, shown: true, service: { implicitSeen: true, starttlsSeen: true, summariesSeen: true } },
      'plaintext peer by_absence null',
    ],
    [
      'no end',
      { session: { cutOff: true, mailsBefore: 1 }, shown: true, service: { summariesSeen: true } },
      'unknown unknown by_absence null',
    ],
    ['no counters, no summaries ever', { session: { mailsBefore: 1 }, shown: true }, 'unknown unknown by_absence null'],
    [
      'no counters, mail, summaries known',
      { session: { mailsBefore: 1 }, shown: true, service: { summariesSeen: true } },
      'plaintext peer by_absence null',
    ],
    [
      'no counters, no mail, summaries known',
      { shown: true, service: { summariesSeen: true } },
      'probe none by_absence null',
    ],
    [
      'postscreen, a reject in clear',
      { program: 'postfix/postscreen', session: { rejectsBefore: 1 }, shown: true },
      'plaintext unknown by_absence null',
    ],
    ['postscreen, nothing', { program: 'postfix/postscreen', shown: true }, 'probe none by_absence null'],
    [
      'postscreen, tlsproxy silent',
      { program: 'postfix/postscreen', session: { tlsBegun: true } },
      'unknown unknown by_absence null',
    ],
    [
      'postscreen, tlsproxy silent, then a reject',
      { program: 'postfix/postscreen', session: { tlsBegun: true, rejectsAfter: 1 } },
      'negotiated none by_absence null',
    ],
  ])('%s', (_what, story, expected) => {
    const { outcome, fault, proof, reason } = inboundVerdict(tell(story))
    expect(`${outcome} ${fault} ${proof} ${reason}`).toBe(expected)
  })

  it('never says plaintext of a session that lost its end', () => {
    for (const counters of [undefined, CLEAR]) {
      for (const program of ['postfix/smtpd', 'postfix/smtps/smtpd']) {
        const story = { program, shown: true, service: { summariesSeen: true, starttlsSeen: true } }
        const session = tell(counters === undefined ? story : { ...story, counters })
        session.cutOff = true
        session.counters = null
        expect(inboundVerdict(session).outcome).toBe('unknown')
      }
    }
  })
})

describe('inboundMails', () => {
  it.each<[string, Story, [number | null, number | null, number | null]]>([
    ['all under TLS', { summary: true, counters: TLS, session: { mailsAfter: 1 } }, [1, 1, 0]],
    [
      'one before and one under TLS',
      {
        summary: true,
        counters: 'ehlo=2 starttls=1 mail=2 rcpt=2 data=2 quit=1 commands=10',
        session: { mailsBefore: 1, mailsAfter: 1 },
      },
      [2, 2, 1],
    ],
    [
      'some of which no line tells',
      {
        summary: true,
        counters: 'ehlo=2 starttls=1 mail=3 rcpt=3 data=1 quit=1 commands=10',
        session: { mailsAfter: 1 },
      },
      [3, 1, null],
    ],
    ['without a summary', { counters: TLS, session: { mailsBefore: 1 } }, [1, 1, null]],
    ['in clear', { counters: CLEAR, shown: true, session: { mailsBefore: 1 } }, [1, 1, 1]],
    ['refused in clear', { counters: 'ehlo=1 mail=2 rcpt=0/2 rset=1 quit=1 commands=4/6' }, [2, 0, 2]],
    ['none', { counters: 'ehlo=1 quit=1 commands=2' }, [0, 0, 0]],
    ['from the first byte under TLS', { program: 'postfix/smtps/smtpd', counters: CLEAR }, [1, 1, 0]],
    [
      'chunks',
      {
        summary: true,
        counters: 'ehlo=2 starttls=1 mail=1 rcpt=1 bdat=3 quit=1 commands=9',
        session: { mailsAfter: 1, queueIds: ['A'] },
      },
      [1, 1, 0],
    ],
    [
      'chunks, one refused',
      {
        summary: true,
        counters: 'ehlo=2 starttls=1 mail=1 rcpt=1 bdat=2/3 quit=1 commands=8/9',
        session: { mailsAfter: 1, queueIds: ['A'] },
      },
      [1, null, 0],
    ],
    ['of a proxy', { counters: 'ehlo=2 xclient=1 mail=1 data=1 commands=5' }, [1, 1, null]],
    ['of a session that lost its end', { session: { cutOff: true, mailsBefore: 1 } }, [null, null, null]],
  ])('counts mails %s', (_what, story, [attempted, accepted, clear]) => {
    const session = tell(story)
    expect(inboundMails(session, inboundVerdict(session))).toEqual({ attempted, accepted, clear })
  })
})
