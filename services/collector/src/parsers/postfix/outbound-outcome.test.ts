import { describe, expect, it } from 'vitest'
import { lineText } from '../../framing/line-bytes.ts'
import { type Ending, type OutboundFacts, outboundVerdict, readEnding } from './outbound-outcome.ts'

const end = (text: string, sent = false): Ending => readEnding(lineText(text), 0, text.length, sent)

describe('readEnding', () => {
  it.each([
    ['250 2.0.0 queued)', true, 'mail'],
    [
      'host mx.norcpt.peer.example[198.18.1.26] said: 550 5.1.1 no such user (in reply to RCPT TO command))',
      false,
      'mail',
    ],
    ['host mx.a[198.18.1.2] said: 450 4.1.8 no (in reply to MAIL FROM command))', false, 'mail'],
    ['host mx.a[198.18.1.2] said: 554 5.7.1 no (in reply to end of DATA command))', false, 'mail'],
    [
      'lost connection with mx.dropdata.peer.example[198.18.1.27] while sending end of data -- message may be sent more than once)',
      false,
      'mail',
    ],
    ['conversation with mx.a[198.18.1.2] timed out while sending message body)', false, 'mail'],
    ['lost connection with mx.a[198.18.1.2] while receiving the initial server greeting)', false, 'none'],
    ['host mx.a[198.18.1.2] refused to talk to me: 421 4.3.0 try later)', false, 'none'],
    ['lost connection with mx.a[198.18.1.2] while performing the EHLO handshake)', false, 'unclear'],
    ['host mx.a[198.18.1.2] said: 502 no (in reply to EHLO command))', false, 'unclear'],
    ['some new sentence)', false, 'unclear'],
  ] as const)('“%s”: %#', (text, sent, mail) => {
    expect(end(text, sent)).toEqual({ mail, stated: null })
  })

  it.each([
    ['Cannot start TLS: handshake failure)', 'handshake_failed unknown other'],
    [
      'TLS is required, but was not offered by host mx.notls.peer.example[198.18.1.14])',
      'not_offered peer tls_required_not_offered',
    ],
    [
      'TLS is required, but host mx.t454.peer.example[198.18.1.15] refused to start TLS: 454 4.7.0 TLS not available)',
      'handshake_failed peer starttls_refused',
    ],
    ['TLS is required, but our TLS engine is unavailable)', 'handshake_failed local local_error'],
    ['Server certificate not verified)', 'negotiated none certificate_not_verified'],
    ['Server certificate not trusted)', 'negotiated none certificate_not_verified'],
  ])('“%s” says by itself: %s', (text, expected) => {
    const { mail, stated } = end(text)
    expect(mail).toBe('none')
    expect(`${stated?.outcome} ${stated?.fault} ${stated?.reason}`).toBe(expected)
  })

  it('hears our own sentences only where we begin to speak', () => {
    expect(
      end(
        'host mx.a[198.18.1.2] said: 450 TLS is required, but was not offered by host b (in reply to RCPT TO command))',
      ),
    ).toEqual({
      mail: 'mail',
      stated: null,
    })
  })
})

const NOTHING: OutboundFacts = {
  established: false,
  failure: null,
  ending: null,
  feature: null,
  truncated: false,
  afterFailure: false,
  proxyDown: false,
  tlsIsLogged: false,
  peerHadShown: false,
  notOffered: false,
  certificateShown: false,
}
const MAIL = end('', true)
const FAILED = { reason: 'other', fault: 'unknown', words: '', byPlace: true } as const

describe('outboundVerdict', () => {
  it.each<[string, Partial<OutboundFacts>, string]>([
    ['a summary', { established: true, ending: MAIL }, 'negotiated none stated null'],
    [
      'a summary and a certificate that does not do',
      { established: true, ending: end('Server certificate not verified)') },
      'negotiated none stated certificate_not_verified',
    ],
    [
      'a summary and a lost connection',
      { established: true, ending: end('lost connection with a[1.2.3.4] while sending MAIL FROM') },
      'negotiated none stated null',
    ],
    ['a failure', { failure: FAILED }, 'handshake_failed unknown stated other'],
    [
      'a failure of the peer',
      { failure: { ...FAILED, reason: 'not_tls', fault: 'peer' } },
      'handshake_failed peer by_absence not_tls',
    ],
    [
      'a failure of the peer in a connection that lost its end',
      { failure: { ...FAILED, reason: 'not_tls', fault: 'peer' }, truncated: true },
      'handshake_failed unknown stated not_tls',
    ],
    [
      'our floor',
      { failure: { ...FAILED, reason: 'version_below_floor', fault: 'our_floor' } },
      'refused_by_us our_floor stated version_below_floor',
    ],
    ['no handshake', { ending: end('Cannot start TLS: handshake failure)') }, 'handshake_failed unknown stated other'],
    [
      'no handshake while our tlsproxy is down',
      { ending: end('Cannot start TLS: handshake failure)'), proxyDown: true },
      'handshake_failed local stated local_error',
    ],
    [
      'required and not offered',
      { ending: end('TLS is required, but was not offered by host a[1.2.3.4])') },
      'not_offered peer stated tls_required_not_offered',
    ],
    ['tls=none', { feature: 'none', ending: MAIL }, 'not_offered local stated null'],
    [
      'tls=none to a peer that showed STARTTLS',
      { feature: 'none', ending: MAIL, peerHadShown: true },
      'plaintext local stated null',
    ],
    ['tls=may', { feature: 'may', ending: MAIL }, 'negotiated none stated null'],
    ['tls=may/requiretls', { feature: 'may/requiretls', ending: MAIL }, 'negotiated none stated null'],
    ['tls=may:none', { feature: 'may:none', ending: MAIL }, 'not_offered unknown stated null'],
    [
      'tls=may:none/requiretls:none',
      { feature: 'may:none/requiretls:none', ending: MAIL },
      'not_offered unknown stated null',
    ],
    [
      'tls=may:none to a peer that showed STARTTLS',
      { feature: 'may:none', ending: MAIL, peerHadShown: true },
      'plaintext unknown stated null',
    ],
    [
      'tls=may:none after a failure',
      { feature: 'may:none', ending: MAIL, afterFailure: true },
      'plaintext unknown stated null',
    ],
    [
      'tls=may:none while our tlsproxy is down',
      { feature: 'may:none', ending: MAIL, afterFailure: true, proxyDown: true },
      'plaintext local stated null',
    ],
    [
      'tls=may:none with nothing sent',
      {
        feature: 'may:none',
        ending: end('lost connection with a[1.2.3.4] while receiving the initial server greeting)'),
      },
      'unknown unknown by_absence null',
    ],
    [
      'tls=may?',
      { feature: 'may?', ending: end('lost connection with a[1.2.3.4] while performing the EHLO handshake)') },
      'unknown unknown by_absence null',
    ],
    [
      'tls=!dane without a sentence',
      { feature: '!dane', ending: end('some new sentence)') },
      'unknown unknown by_absence null',
    ],
    ['tls=unknown?', { feature: 'unknown?' }, 'unknown unknown by_absence null'],
    ['mail without a summary where none is logged', { ending: MAIL }, 'unknown unknown by_absence null'],
    [
      'mail without a summary where they are logged',
      { ending: MAIL, tlsIsLogged: true },
      'not_offered unknown by_absence null',
    ],
    [
      'mail without a summary to a peer that showed STARTTLS',
      { ending: MAIL, tlsIsLogged: true, peerHadShown: true },
      'plaintext unknown by_absence null',
    ],
    [
      'mail after a failure',
      { ending: MAIL, tlsIsLogged: true, afterFailure: true },
      'plaintext unknown by_absence null',
    ],
    [
      'nothing sent',
      { ending: end('host a[1.2.3.4] refused to talk to me: 421 no)'), tlsIsLogged: true },
      'probe none by_absence null',
    ],
    [
      'an end that does not say whether mail was sent',
      { ending: end('some new sentence)'), tlsIsLogged: true },
      'unknown unknown by_absence null',
    ],
    ['no end', { tlsIsLogged: true, peerHadShown: true }, 'unknown unknown by_absence null'],
  ])('%s', (_what, facts, expected) => {
    const { outcome, fault, proof, reason } = outboundVerdict({ ...NOTHING, ...facts })
    expect(`${outcome} ${fault} ${proof} ${reason}`).toBe(expected)
  })

  it('never blames a peer for mail in clear', () => {
    const flags = [false, true]
    for (const feature of [null, 'none', 'may:none', 'may', 'encrypt:none', '!may', 'may?']) {
      for (const afterFailure of flags) {
        for (const peerHadShown of flags) {
          for (const tlsIsLogged of flags) {
            const verdict = outboundVerdict({
              ...NOTHING,
              feature,
              ending: MAIL,
              afterFailure,
              peerHadShown,
              tlsIsLogged,
            })
            expect(verdict.fault).not.toBe('peer')
          }
        }
      }
    }
  })
})
