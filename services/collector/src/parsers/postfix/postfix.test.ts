import type { TlsNegotiation } from '@tlsrep/schemas'
import { describe, expect, it } from 'vitest'
import {
  clearSession,
  eventsOf,
  lastOf,
  logOf,
  parseBalanced,
  type Told,
  tlsSession,
} from '../../../../../test/support/postfix-log.ts'

const NAME = 'mail52.sender-a.example[192.0.2.52]'
const TLS13_OF = {
  '3.5':
    'TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256',
  '3.10':
    'TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange x25519 server-signature RSA-PSS (2048 bits) server-digest SHA256',
} as const

/** What a listener must have done before mail in clear to it is anybody's choice. */
const SHOWN = tlsSession(9001, 'unknown[203.0.113.250]', '0A0A09B0A0A')
/** … and before one that refuses MAIL in clear can be told from one that takes it. */
const TAKES_CLEAR = clearSession(9002, 'unknown[203.0.113.251]', '0B0B09B0B0B')

interface Case {
  promise: string
  before?: readonly string[]
  log: readonly string[]
  told: readonly Told[]
}

function promises(cases: readonly Case[]): void {
  for (const { promise, before = [], log, told } of cases) {
    it(promise, async () => {
      const earlier = before.length === 0 ? 0 : (await eventsOf(before)).length
      const events = (await eventsOf([...before, ...log])).slice(earlier)
      expect(events).toHaveLength(told.length)
      told.forEach((expected, index) => {
        expect(events[index]).toMatchObject(expected)
      })
    })
  }
}

const session = (...between: readonly string[]): string[] => [
  `smtpd[2303]: connect from ${NAME}`,
  ...between.map((line) => `smtpd[2303]: ${line}`),
]

const mails = (attempted: number | null, accepted: number | null, clear: number | null): Told => ({
  mails_attempted: attempted,
  mails_accepted: accepted,
  mails_rejected: attempted === null || accepted === null ? null : attempted - accepted,
  mails_plaintext: clear,
})

const failing = (problem: string): string[] =>
  session(
    `SSL_accept error from ${NAME}: -1`,
    `warning: TLS library problem: error:${problem}:`,
    `lost connection after STARTTLS from ${NAME}`,
    `disconnect from ${NAME} ehlo=1 starttls=0/1 commands=1/2`,
  )

describe('an inbound session is judged by its summary line and its counters', () => {
  promises([
    {
      promise: 'summary and starttls=1: negotiated',
      log: session(
        `Anonymous TLS connection established from ${NAME}: ${TLS13_OF['3.5']}`,
        `62DEF9B0B19: client=${NAME}`,
        `disconnect from ${NAME} ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7`,
      ),
      told: [
        {
          outcome: 'negotiated',
          fault: 'none',
          proof: 'stated',
          truncated: false,
          tls_version: 'TLSv1_3',
          cipher: 'TLS_AES_256_GCM_SHA384',
          cipher_code: 0x1302,
          secret_bits: 256,
          key_exchange_group: 'x25519',
          forward_secrecy: true,
          aead: true,
          post_quantum: false,
          resumed: false,
          starttls_offered: true,
          starttls_used: true,
          implicit_tls: false,
          failure_reason: null,
          queue_ids: ['62DEF9B0B19'],
          peer_name: 'mail52.sender-a.example',
          peer_port: null,
          sender: '192.0.2.52/32',
          listener: 'mx',
          service: 'postfix/smtpd',
          session_key: '2303',
          ...mails(1, 1, 0),
        },
      ],
    },
    {
      promise: 'a client= line before the summary: that mail was in clear, and the session is negotiated',
      log: session(
        `62DEF9B0B19: client=${NAME}`,
        `Anonymous TLS connection established from ${NAME}: ${TLS13_OF['3.5']}`,
        `63F2E9B0B19: client=${NAME}`,
        `disconnect from ${NAME} ehlo=2 starttls=1 mail=2 rcpt=2 data=2 quit=1 commands=10`,
      ),
      told: [{ outcome: 'negotiated', queue_ids: ['62DEF9B0B19', '63F2E9B0B19'], ...mails(2, 2, 1) }],
    },
    {
      promise: 'a reject before the summary: that MAIL was in clear, and the session is negotiated',
      log: session(
        `NOQUEUE: reject: RCPT from ${NAME}: 550 5.1.1 <nobody-here@example.org>: Recipient address rejected: User unknown in local recipient table; from=<user36454@sender-a.example> to=<nobody-here@example.org> proto=ESMTP helo=<mail44.sender-a.example>`,
        `Anonymous TLS connection established from ${NAME}: ${TLS13_OF['3.5']}`,
        `63F2E9B0B19: client=${NAME}`,
        `disconnect from ${NAME} ehlo=2 starttls=1 mail=2 rcpt=1/2 data=1 rset=1 quit=1 commands=9/10`,
      ),
      told: [
        {
          outcome: 'negotiated',
          helo: 'mail44.sender-a.example',
          sender_domain: 'sender-a.example',
          ...mails(2, 1, 1),
        },
      ],
    },
    {
      promise: 'summary and starttls=1/2: negotiated; a second STARTTLS refused changes nothing',
      log: session(
        `Anonymous TLS connection established from ${NAME}: ${TLS13_OF['3.10']}`,
        `63F2E9B0B19: client=${NAME}`,
        `disconnect from ${NAME} ehlo=2 starttls=1/2 mail=1 rcpt=1 data=1 quit=1 commands=7/8`,
      ),
      told: [{ outcome: 'negotiated', fault: 'none', proof: 'stated', ...mails(1, 1, 0) }],
    },
    ...['starttls=1', 'starttls=1/2'].map((counter) => ({
      promise: `no summary and ${counter} (TLS loglevel 0): negotiated, version not known, mail in clear not known`,
      log: session(
        `C8C699B0B2C: client=${NAME}`,
        `disconnect from ${NAME} ehlo=2 ${counter} mail=1 rcpt=1 data=1 quit=1 commands=7`,
      ),
      told: [
        {
          outcome: 'negotiated',
          fault: 'none',
          proof: 'stated',
          tls_version: null,
          cipher: null,
          cipher_raw: null,
          forward_secrecy: null,
          starttls_used: true,
          ...mails(1, 1, null),
        } as const,
      ],
    })),
    {
      promise: 'starttls=0/1 and SSL_accept error: handshake_failed',
      log: failing(
        '0A000418:SSL routines::tlsv1 alert unknown ca:../ssl/record/rec_layer_s3.c:1601:SSL alert number 48',
      ),
      told: [
        {
          outcome: 'handshake_failed',
          fault: 'unknown',
          failure_reason: 'peer_rejected_our_certificate',
          error_text: 'tlsv1 alert unknown ca',
          starttls_offered: true,
          starttls_used: true,
          implicit_tls: false,
          tls_version: null,
          ...mails(0, 0, 0),
        },
      ],
    },
    {
      promise: 'SSL_accept error for our version floor: refused_by_us, and our_floor',
      log: failing('0A000102:SSL routines::unsupported protocol:../ssl/statem/statem_srvr.c:1664'),
      told: [
        { outcome: 'refused_by_us', fault: 'our_floor', failure_reason: 'version_below_floor', ...mails(0, 0, 0) },
      ],
    },
    {
      promise: 'no shared cipher cannot say whose fault it is',
      log: failing('0A0000C1:SSL routines::no shared cipher:../ssl/statem/statem_srvr.c:2361'),
      told: [{ outcome: 'handshake_failed', fault: 'unknown', failure_reason: 'no_common_cipher' }],
    },
    {
      promise: 'what is no TLS is the peer’s fault, known by the place of the line alone',
      log: failing('0A00010B:SSL routines::wrong version number:../ssl/record/ssl3_record.c:350'),
      told: [{ outcome: 'handshake_failed', fault: 'peer', proof: 'by_absence', failure_reason: 'not_tls' }],
    },
    {
      promise: 'SSL_accept error: lost connection is nobody’s proven fault',
      log: session(
        `SSL_accept error from ${NAME}: lost connection`,
        `lost connection after STARTTLS from ${NAME}`,
        `disconnect from ${NAME} ehlo=1 starttls=0/1 commands=1/2`,
      ),
      told: [{ outcome: 'handshake_failed', fault: 'unknown', proof: 'stated', failure_reason: 'connection_lost' }],
    },
    {
      promise: 'SSL_accept error: Connection timed out is a time-out',
      log: session(
        `SSL_accept error from ${NAME}: Connection timed out`,
        `lost connection after STARTTLS from ${NAME}`,
        `disconnect from ${NAME} ehlo=1 starttls=0/1 commands=1/2`,
      ),
      told: [{ outcome: 'handshake_failed', fault: 'unknown', failure_reason: 'timeout' }],
    },
    {
      promise: 'our 501 or 454 to STARTTLS and then mail in clear: plaintext without fault, so without weight',
      before: SHOWN,
      log: session(
        `0DE239B0B2A: client=${NAME}`,
        `disconnect from ${NAME} ehlo=1 starttls=0/1 mail=1 rcpt=1 data=1 quit=1 commands=5/6`,
      ),
      told: [{ outcome: 'plaintext', fault: 'unknown', starttls_used: true, ...mails(1, 1, 1) }],
    },
    {
      promise: 'our 501 or 454 to STARTTLS and no mail: refused_by_us, and local',
      log: session(`disconnect from ${NAME} ehlo=1 starttls=0/1 quit=1 commands=2/3`),
      told: [{ outcome: 'refused_by_us', fault: 'local', failure_reason: 'starttls_refused', ...mails(0, 0, 0) }],
    },
    {
      promise: 'mail=0/1 and no line that says why: our 530',
      log: session(`disconnect from ${NAME} ehlo=1 mail=0/1 quit=1 commands=2/3`),
      told: [{ outcome: 'refused_by_us', fault: 'our_floor', failure_reason: 'starttls_required', ...mails(1, 0, 1) }],
    },
    {
      promise: 'a pipelining client that meets our 530: our 530',
      before: SHOWN,
      log: session(`disconnect from ${NAME} ehlo=1 mail=0/1 rcpt=0/2 data=0/1 commands=1/5`),
      told: [{ outcome: 'refused_by_us', fault: 'our_floor', failure_reason: 'starttls_required' }],
    },
    {
      promise: 'mail=0/1 for an illegal address: plaintext',
      before: [...SHOWN, ...TAKES_CLEAR],
      log: session(
        `warning: Illegal address syntax from ${NAME} in MAIL command: <disconnect@starttls=1.example>`,
        `disconnect from ${NAME} ehlo=1 mail=0/1 quit=1 commands=2/3`,
      ),
      told: [{ outcome: 'plaintext', fault: 'peer', ...mails(1, 0, 1) }],
    },
    {
      promise: 'mail=0/1 for an illegal address on a listener that never took mail in clear: never fault peer',
      before: SHOWN,
      log: session(
        `warning: Illegal address syntax from ${NAME} in MAIL command: <disconnect@starttls=1.example>`,
        `disconnect from ${NAME} ehlo=1 mail=0/1 quit=1 commands=2/3`,
      ),
      told: [{ outcome: 'plaintext', fault: 'unknown', ...mails(1, 0, 1) }],
    },
    {
      promise: 'mail=0/1 with a reject of MAIL: plaintext, not our 530',
      before: [...SHOWN, ...TAKES_CLEAR],
      log: session(
        `NOQUEUE: reject: MAIL from ${NAME}: 450 4.1.8 <a@nx.example>: Sender address rejected: Domain not found; from=<a@nx.example> proto=ESMTP helo=<mail8.sender-a.example>`,
        `disconnect from ${NAME} ehlo=1 mail=0/1 quit=1 commands=2/3`,
      ),
      told: [{ outcome: 'plaintext', fault: 'peer', helo: 'mail8.sender-a.example', ...mails(1, 0, 1) }],
    },
    {
      promise: 'other warnings do not take our 530 away',
      before: SHOWN,
      log: session(
        `warning: ${NAME}: SASL PLAIN authentication failed: authentication failure, sasl_username=alice@example.org`,
        `disconnect from ${NAME} ehlo=1 auth=0/1 mail=0/1 quit=1 commands=2/4`,
      ),
      told: [{ outcome: 'refused_by_us', fault: 'our_floor', failure_reason: 'starttls_required' }],
    },
    {
      promise: 'mail=1 where STARTTLS was shown: plaintext, fault peer, stated',
      before: SHOWN,
      log: session(
        `B23BFA2C2F7: client=${NAME}`,
        `disconnect from ${NAME} ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5`,
      ),
      told: [
        {
          outcome: 'plaintext',
          fault: 'peer',
          proof: 'stated',
          starttls_offered: true,
          starttls_used: false,
          failure_reason: null,
          ...mails(1, 1, 1),
        },
      ],
    },
    {
      promise: 'mail=1 where STARTTLS was never shown: not_offered, fault local',
      log: session(
        `B23BFA2C2F7: client=${NAME}`,
        `disconnect from ${NAME} ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5`,
      ),
      told: [
        { outcome: 'not_offered', fault: 'local', starttls_offered: null, starttls_used: false, ...mails(1, 1, 1) },
      ],
    },
    {
      promise: 'mail that was rejected crossed in clear too',
      before: SHOWN,
      log: session(
        `NOQUEUE: reject: RCPT from ${NAME}: 454 4.7.1 <x@elsewhere.example>: Relay access denied; from=<user36454@sender-a.example> to=<x@elsewhere.example> proto=ESMTP helo=<mail44.sender-a.example>`,
        `disconnect from ${NAME} ehlo=1 mail=1 rcpt=0/1 rset=1 quit=1 commands=4/5`,
      ),
      told: [{ outcome: 'plaintext', fault: 'peer', sender_domain: 'sender-a.example', ...mails(1, 0, 1) }],
    },
    {
      promise: 'no STARTTLS and no MAIL: probe',
      before: SHOWN,
      log: session(`disconnect from ${NAME} ehlo=1 quit=1 commands=2`),
      told: [{ outcome: 'probe', fault: 'none', starttls_used: false, ...mails(0, 0, 0) }],
    },
    {
      promise: 'commands=0/0 on port 25: probe',
      log: session(`NOQUEUE: lost connection after CONNECT from ${NAME}`, `disconnect from ${NAME} commands=0/0`),
      told: [{ outcome: 'probe', fault: 'none', ...mails(0, 0, 0) }],
    },
    {
      promise: 'the prefix that Postfix 3.10 puts before its endings changes nothing',
      log: session(
        `SSL_accept error from ${NAME}: -1`,
        'warning: TLS library problem: error:0A000410:SSL routines::ssl/tls alert handshake failure:../ssl/record/rec_layer_s3.c:918:SSL alert number 40:',
        `NOQUEUE: lost connection after STARTTLS from ${NAME}`,
        `disconnect from ${NAME} ehlo=1 starttls=0/1 commands=1/2`,
      ),
      told: [{ outcome: 'handshake_failed', failure_reason: 'peer_alert', fault: 'unknown' }],
    },
    {
      promise: 'the first of several library problems that is known names the reason',
      log: session(
        `SSL_accept error from ${NAME}: -1`,
        'warning: TLS library problem: error:1C800066:Provider routines::cipher operation failed:../providers/implementations/ciphers/ciphercommon_gcm.c:320:',
        'warning: TLS library problem: error:0A000119:SSL routines::decryption failed or bad record mac:../ssl/record/ssl3_record.c:622:',
        `lost connection after STARTTLS from ${NAME}`,
        `disconnect from ${NAME} ehlo=1 starttls=0/1 commands=1/2`,
      ),
      told: [{ outcome: 'handshake_failed', failure_reason: 'bad_record', fault: 'peer' }],
    },
    {
      promise: 'a failed handshake does not hide a client that goes on in clear in its next session',
      log: [
        ...failing('0A00010B:SSL routines::wrong version number:../ssl/record/ssl3_record.c:350'),
        ...clearSession(2303, NAME),
      ],
      told: [
        { outcome: 'handshake_failed', fault: 'peer' },
        { outcome: 'plaintext', fault: 'peer', ...mails(1, 1, 1) },
      ],
    },
    {
      promise: 'a client certificate that we demand and do not get: negotiated, with that reason',
      log: session(
        `Anonymous TLS connection established from ${NAME}: ${TLS13_OF['3.10']}`,
        `NOQUEUE: abort: TLS from ${NAME}: No client certificate presented`,
        `disconnect from ${NAME} ehlo=1 starttls=1 commands=2`,
      ),
      told: [{ outcome: 'negotiated', failure_reason: 'client_certificate_required', ...mails(0, 0, 0) }],
    },
    {
      promise: 'BDAT counts chunks, so messages are counted by their queue ids',
      log: session(
        `Anonymous TLS connection established from ${NAME}: ${TLS13_OF['3.10']}`,
        `63F2E9B0B19: client=${NAME}`,
        `disconnect from ${NAME} ehlo=2 starttls=1 mail=1 rcpt=1 bdat=3 quit=1 commands=9`,
      ),
      told: [mails(1, 1, 0)],
    },
    {
      promise: 'a submission session with a password says that it was authenticated',
      log: [
        'submission/smtpd[5175]: connect from unknown[192.0.2.187]',
        `submission/smtpd[5175]: Anonymous TLS connection established from unknown[192.0.2.187]: ${TLS13_OF['3.10']}`,
        'submission/smtpd[5175]: 997A0A2C28A: client=unknown[192.0.2.187], sasl_method=PLAIN, sasl_username=alice@example.org',
        'submission/smtpd[5175]: disconnect from unknown[192.0.2.187] ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=8',
      ].map((line) => `postfix/${line}`),
      told: [
        { outcome: 'negotiated', authenticated: true, listener: 'submission', peer_name: null, ...mails(1, 1, 0) },
      ],
    },
    {
      promise: 'a password that was refused authenticates nobody',
      log: session(`disconnect from ${NAME} ehlo=2 starttls=1 auth=0/1 quit=1 commands=4/5`),
      told: [{ outcome: 'negotiated', authenticated: false }],
    },
    {
      promise: 'a port that is logged is kept, and does not part a session',
      log: [
        'smtpd[1002]: connect from unknown[2001:db8:54:e136::52fa]:23719',
        'smtpd[1002]: disconnect from unknown[2001:db8:54:e136::52fa]:23719 ehlo=1 mail=0/1 quit=1 commands=2/3',
      ],
      told: [
        {
          outcome: 'refused_by_us',
          fault: 'our_floor',
          peer_port: 23719,
          sender: '2001:db8:54:e136::/64',
          truncated: false,
        },
      ],
    },
  ])
})

describe('our rate limits are our doing', () => {
  promises([
    {
      promise: 'a refused STARTTLS and no mail: refused_by_us, rate_limited, local',
      log: session(
        `warning: Refusing STARTTLS request from ${NAME} for service smtpd`,
        `disconnect from ${NAME} ehlo=1 starttls=0/1 quit=1 commands=2/3`,
      ),
      told: [{ outcome: 'refused_by_us', fault: 'local', failure_reason: 'rate_limited' }],
    },
    {
      promise: 'a refused STARTTLS and then mail in clear: plaintext, local',
      before: SHOWN,
      log: session(
        `warning: Refusing STARTTLS request from ${NAME} for service smtpd`,
        `0DE239B0B2A: client=${NAME}`,
        `disconnect from ${NAME} ehlo=1 starttls=0/1 mail=1 rcpt=1 data=1 quit=1 commands=5/6`,
      ),
      told: [{ outcome: 'plaintext', fault: 'local', ...mails(1, 1, 1) }],
    },
    {
      promise: 'too many new TLS sessions after a handshake: negotiated',
      log: session(
        `Anonymous TLS connection established from ${NAME}: ${TLS13_OF['3.10']}`,
        `warning: New TLS session rate limit exceeded: 11 from ${NAME} for service smtpd`,
        `disconnect from ${NAME} ehlo=1 starttls=1 commands=2`,
      ),
      told: [{ outcome: 'negotiated', fault: 'none', ...mails(0, 0, 0) }],
    },
    {
      promise: 'a rate limit for another client is nothing to this one',
      before: SHOWN,
      log: session(
        'warning: Refusing STARTTLS request from unknown[198.51.100.9] for service smtpd',
        `0DE239B0B2A: client=${NAME}`,
        `disconnect from ${NAME} ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5`,
      ),
      told: [{ outcome: 'plaintext', fault: 'peer' }],
    },
  ])
})

const wrapped = (program: string, ...between: readonly string[]): string[] =>
  [`connect from ${NAME}`, ...between].map((line) => `postfix/${program}[5177]: ${line}`)

describe('TLS from the first byte has no STARTTLS counter', () => {
  promises([
    ...(['smtps/smtpd', 'submissions/smtpd'] as const).flatMap((program) => [
      {
        promise: `${program}, summary: negotiated, implicit`,
        log: wrapped(
          program,
          `Anonymous TLS connection established from ${NAME}: ${TLS13_OF['3.10']}`,
          `5B335A2C28C: client=${NAME}`,
          `disconnect from ${NAME} ehlo=1 auth=0/1 mail=1 rcpt=1 data=1 quit=1 commands=5/6`,
        ),
        told: [
          {
            outcome: 'negotiated',
            proof: 'stated',
            implicit_tls: true,
            starttls_used: false,
            listener: 'submissions',
            ...mails(1, 1, 0),
          } as const,
        ],
      },
      {
        promise: `${program}, no summary (TLS loglevel 0): negotiated by absence, nothing in clear`,
        log: wrapped(
          program,
          `5B335A2C28C: client=${NAME}, sasl_method=PLAIN, sasl_username=alice@example.org`,
          `disconnect from ${NAME} ehlo=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=6`,
        ),
        told: [
          {
            outcome: 'negotiated',
            proof: 'by_absence',
            implicit_tls: true,
            tls_version: null,
            authenticated: true,
            ...mails(1, 1, 0),
          } as const,
        ],
      },
      {
        promise: `${program}, commands=0/0 and SSL_accept error: handshake_failed`,
        log: wrapped(
          program,
          `SSL_accept error from ${NAME}: -1`,
          'warning: TLS library problem: error:0A000418:SSL routines::tlsv1 alert unknown ca:../ssl/record/rec_layer_s3.c:918:SSL alert number 48:',
          `NOQUEUE: lost connection after CONNECT from ${NAME}`,
          `disconnect from ${NAME} commands=0/0`,
        ),
        told: [
          {
            outcome: 'handshake_failed',
            failure_reason: 'peer_rejected_our_certificate',
            implicit_tls: true,
            starttls_used: false,
            ...mails(0, 0, 0),
          } as const,
        ],
      },
    ]),
    {
      promise: 'a client refused for its version: refused_by_us',
      log: wrapped(
        'submissions/smtpd',
        `SSL_accept error from ${NAME}: -1`,
        'warning: TLS library problem: error:0A000102:SSL routines::unsupported protocol:../ssl/statem/statem_srvr.c:1780:',
        `NOQUEUE: lost connection after CONNECT from ${NAME}`,
        `disconnect from ${NAME} commands=0/0`,
      ),
      told: [{ outcome: 'refused_by_us', fault: 'our_floor', failure_reason: 'version_below_floor' }],
    },
    {
      promise: 'a service without a telling name is learned by its summaries: negotiated, implicit',
      log: wrapped(
        'smtpd',
        `Anonymous TLS connection established from ${NAME}: ${TLS13_OF['3.10']}`,
        `5B335A2C28C: client=${NAME}`,
        `disconnect from ${NAME} ehlo=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=6`,
      ),
      told: [{ outcome: 'negotiated', implicit_tls: true, starttls_used: false, ...mails(1, 1, 0) }],
    },
    {
      promise: 'what follows on a service that was learned to be wrappermode is never plaintext',
      before: wrapped(
        'smtpd',
        `SSL_accept error from ${NAME}: lost connection`,
        `lost connection after CONNECT from ${NAME}`,
        `disconnect from ${NAME} commands=0/0`,
      ),
      log: clearSession(5177, 'unknown[192.0.2.7]'),
      told: [{ outcome: 'negotiated', proof: 'by_absence', implicit_tls: true, ...mails(1, 1, 0) }],
    },
    {
      promise: 'commands=0/0 alone on smtps proves nothing where summaries are logged',
      before: wrapped(
        'smtps/smtpd',
        `Anonymous TLS connection established from ${NAME}: ${TLS13_OF['3.10']}`,
        `disconnect from ${NAME} ehlo=1 quit=1 commands=2`,
      ),
      log: wrapped('smtps/smtpd', `disconnect from ${NAME} commands=0/0`),
      told: [{ outcome: 'unknown', fault: 'unknown', tls_version: null }],
    },
  ])
})

describe('at TLS loglevel 0 the counters alone tell', () => {
  const silent = [
    'smtpd[31089]: connect from unknown[198.51.100.136]',
    'smtpd[31089]: C8C699B0B2C: client=unknown[198.51.100.136]',
    'smtpd[31089]: disconnect from unknown[198.51.100.136] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7',
  ]
  promises([
    {
      promise: 'mail in clear before anybody used STARTTLS: not_offered',
      log: clearSession(31089, NAME),
      told: [{ outcome: 'not_offered', fault: 'local' }],
    },
    {
      promise: 'mail in clear after somebody used STARTTLS: plaintext',
      before: silent,
      log: clearSession(31089, NAME),
      told: [{ outcome: 'plaintext', fault: 'peer', proof: 'stated' }],
    },
  ])
})

describe('Postfix before 3.0 has no counters', () => {
  const bare = (...between: readonly string[]): string[] => session(...between, `disconnect from ${NAME}`)
  const known = [
    'smtpd[77]: connect from unknown[192.0.2.9]',
    'smtpd[77]: TLS connection established from unknown[192.0.2.9]: TLSv1 with cipher DHE-RSA-AES256-SHA (256/256 bits)',
    'smtpd[77]: 6FDC6C8ADB: client=unknown[192.0.2.9]',
    'smtpd[77]: disconnect from unknown[192.0.2.9]',
  ]
  promises([
    {
      promise: 'a summary without a trust word: negotiated, certificate not known, what was queued not known',
      log: known,
      told: [
        {
          outcome: 'negotiated',
          fault: 'none',
          proof: 'stated',
          truncated: false,
          tls_version: 'TLSv1_0',
          cipher: 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA',
          peer_certificate: null,
          ...mails(1, null, 0),
        },
      ],
    },
    {
      promise: 'mail without a summary where none was ever logged: unknown, never plaintext',
      log: bare(`6FDC6C8ADB: client=${NAME}`),
      told: [{ outcome: 'unknown', fault: 'unknown', truncated: false, mails_plaintext: null }],
    },
    {
      promise: 'no mail and no summary where none was ever logged: unknown',
      log: bare(),
      told: [{ outcome: 'unknown', fault: 'unknown' }],
    },
    {
      promise: 'mail without a summary where summaries are logged: plaintext, by absence',
      before: known,
      log: bare(`6FDC6C8ADC: client=${NAME}`),
      told: [{ outcome: 'plaintext', fault: 'peer', proof: 'by_absence', ...mails(1, null, 1) }],
    },
    {
      promise: 'no mail and no summary where summaries are logged: probe, by absence',
      before: known,
      log: bare(),
      told: [{ outcome: 'probe', fault: 'none', proof: 'by_absence', ...mails(0, null, 0) }],
    },
    {
      promise: 'a failed handshake is stated in every version',
      log: bare(
        `SSL_accept error from ${NAME}: -1`,
        'warning: TLS library problem: 3682:error:1408A0C1:SSL routines:SSL3_GET_CLIENT_HELLO:no shared cipher:s3_srvr.c:1417:',
        `lost connection after STARTTLS from ${NAME}`,
      ),
      told: [{ outcome: 'handshake_failed', fault: 'unknown', failure_reason: 'no_common_cipher' }],
    },
    {
      promise: 'a disconnect without counters where they are usual lost its end: unknown, truncated',
      before: SHOWN,
      log: bare(`6FDC6C8ADC: client=${NAME}`),
      told: [{ outcome: 'unknown', truncated: true }],
    },
  ])
})

describe('who speaks through a proxy, a filter or a debugger', () => {
  promises([
    {
      promise: 'XCLIENT with mail: one event of the client, whose own leg is not known',
      before: SHOWN,
      log: [
        'smtpd[4100]: connect from proxy.example.org[198.18.0.2]',
        'smtpd[4100]: 5B335A2C28C: client=unknown[203.0.113.7]',
        'smtpd[4100]: disconnect from unknown[203.0.113.7] ehlo=2 xclient=1 mail=1 rcpt=1 data=1 quit=1 commands=7',
      ],
      told: [
        {
          outcome: 'unknown',
          fault: 'unknown',
          sender: '203.0.113.7/32',
          truncated: false,
          queue_ids: ['5B335A2C28C'],
          mails_plaintext: null,
        },
      ],
    },
    {
      promise: 'XCLIENT that we refused changes nobody’s address and nothing else',
      before: SHOWN,
      log: session(
        `5B335A2C28C: client=${NAME}`,
        `disconnect from ${NAME} ehlo=1 xclient=0/1 mail=1 rcpt=1 data=1 quit=1 commands=5/6`,
      ),
      told: [{ outcome: 'plaintext', fault: 'peer', sender: '192.0.2.52/32' }],
    },
    {
      promise: 'a content filter that hands mail back (XFORWARD): not_offered, local',
      before: SHOWN,
      log: [
        'smtpd[4101]: connect from localhost[127.0.0.1]',
        'smtpd[4101]: 5B335A2C28C: client=localhost[127.0.0.1], orig_queue_id=4A225A2C28B, orig_client=unknown[203.0.113.7]',
        'smtpd[4101]: disconnect from localhost[127.0.0.1] ehlo=1 xforward=1 mail=1 rcpt=1 data=1 quit=1 commands=6',
      ],
      told: [
        {
          outcome: 'not_offered',
          fault: 'local',
          sender: '127.0.0.1/32',
          queue_ids: ['5B335A2C28C'],
          ...mails(1, 1, 1),
        },
      ],
    },
    {
      promise: 'lines of -v in between change nothing',
      before: SHOWN,
      log: session(
        'match_hostname: smtpd_client_event_limit_exceptions: mail52.sender-a.example ~? 127.0.0.0/8',
        `> ${NAME}: 220 mx1.example.org ESMTP Postfix`,
        `< ${NAME}: EHLO x TLS connection established from evil[203.0.113.9]: TLSv1.3`,
        `> ${NAME}: 250-STARTTLS`,
        `< ${NAME}: MAIL FROM:<a@sender-a.example>`,
        'extract_addr: input: <a@sender-a.example>',
        'smtpd_check_addr: addr=a@sender-a.example',
        'auto_clnt_open: connected to private/rewrite',
        `B23BFA2C2F7: client=${NAME}`,
        `disconnect from ${NAME} ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5`,
      ),
      told: [{ outcome: 'plaintext', fault: 'peer', truncated: false, ...mails(1, 1, 1) }],
    },
    {
      promise: 'lines of TLS loglevel 2 in between change nothing but what they tell of the certificate',
      log: session(
        `setting up TLS connection from ${NAME}`,
        `${NAME}: TLS cipher list "aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH"`,
        'SSL_accept:before SSL initialization',
        'SSL_accept:error in error',
        `Untrusted TLS connection established from ${NAME}: ${TLS13_OF['3.10']} client-signature RSA-PSS (2048 bits) client-digest SHA256`,
        `63F2E9B0B19: client=${NAME}`,
        `disconnect from ${NAME} ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7`,
      ),
      told: [{ outcome: 'negotiated', peer_certificate: 'untrusted', truncated: false, ...mails(1, 1, 0) }],
    },
    {
      promise: 'a server under stress: the same session, and master’s warnings are nobody’s',
      before: SHOWN,
      log: [
        'master[1]: warning: service "smtp" (25) has reached its process limit "100": new clients may experience noticeable delays',
        'master[1]: warning: see https://www.postfix.org/STRESS_README.html for examples of stress-adapting configuration settings',
        ...session(
          `timeout after END-OF-MESSAGE from ${NAME}`,
          `disconnect from ${NAME} ehlo=1 mail=1 rcpt=1 data=1 commands=4`,
        ),
      ],
      told: [{ outcome: 'plaintext', fault: 'peer', truncated: false }],
    },
  ])

  it('XCLIENT makes one session of two peers, and the books agree', async () => {
    const { account } = await parseBalanced(
      logOf([
        'smtpd[4100]: connect from proxy.example.org[198.18.0.2]',
        'smtpd[4100]: 5B335A2C28C: client=unknown[203.0.113.7]',
        'smtpd[4100]: disconnect from unknown[203.0.113.7] ehlo=2 xclient=1 mail=1 rcpt=1 data=1 quit=1 commands=7',
      ]),
    )
    expect(account.sessions).toEqual({ opened: 1, emitted: 1, open: 0, handed_over: 0 })
  })
})

describe('several instances of Postfix on one host', () => {
  it('are doors of their own: what one has shown says nothing of the other', async () => {
    const shown = SHOWN.map((line) => `postfix-mx1/${line}`)
    const events = await eventsOf([...shown, ...clearSession(2303, NAME).map((line) => `postfix-mx2/${line}`)])
    expect(events.map(({ listener, outcome }) => [listener, outcome])).toEqual([
      ['postfix-mx1/mx', 'negotiated'],
      ['postfix-mx2/mx', 'not_offered'],
    ])
  })

  it('may use one pid at the same time', async () => {
    const [first = [], second = []] = ['postfix-mx1', 'postfix-mx2'].map((name) =>
      tlsSession(5, NAME).map((line) => `${name}/${line}`),
    )
    const events = await eventsOf(first.flatMap((line, index) => [line, second[index] ?? '']))
    expect(events.map(({ outcome, truncated, service }) => [outcome, truncated, service])).toEqual([
      ['negotiated', false, 'postfix-mx1/smtpd'],
      ['negotiated', false, 'postfix-mx2/smtpd'],
    ])
  })

  it('have queue ids of their own', async () => {
    const events = await eventsOf([
      'postfix-mx1/qmgr[1]: 0F1E9B0B1B: from=<a@one.example>, size=1, nrcpt=1 (queue active)',
      'postfix-mx2/qmgr[2]: 0F1E9B0B1B: from=<a@two.example>, size=1, nrcpt=1 (queue active)',
      ...clearSession(3, NAME).map((line) => `postfix-mx1/${line}`),
    ])
    expect(lastOf(events).sender_domain).toBe('one.example')
  })
})

const SCREENED = '[192.0.2.99]:42239'
const screened = (...lines: readonly string[]): string[] => [
  `postscreen[789]: CONNECT from ${SCREENED} to [198.18.0.25]:25`,
  ...lines,
]
const GREYED = `postscreen[789]: NOQUEUE: reject: RCPT from ${SCREENED}: 450 4.3.2 Service currently unavailable; from=<user5244@news3.example>, to=<alice@example.org>, proto=ESMTP, helo=<mta-2185.news7.example>`
const SUMMARY = `tlsproxy[790]: Anonymous TLS connection established from ${SCREENED}: TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)`

describe('a connection through postscreen is one session', () => {
  it.each(['PASS OLD', 'PASS NEW', 'ALLOWLISTED', 'WHITELISTED'])(
    '%s without a DISCONNECT is handed over to smtpd and counted once',
    async (words) => {
      const { events, account } = await parseBalanced(
        logOf(screened(`postscreen[789]: ${words} ${SCREENED}`, ...tlsSession(792, 'unknown[192.0.2.99]'))),
      )
      expect(events).toHaveLength(1)
      expect(events[0]).toMatchObject({ outcome: 'negotiated', service: 'postfix/smtpd', truncated: false })
      expect(account.sessions).toEqual({ opened: 2, emitted: 1, open: 0, handed_over: 1 })
    },
  )

  it('PASS OLD and a log that ends: handed over, no event', async () => {
    const { events, account } = await parseBalanced(logOf(screened(`postscreen[789]: PASS OLD ${SCREENED}`)))
    expect(events).toEqual([])
    expect(account.sessions).toMatchObject({ opened: 1, emitted: 0, handed_over: 1 })
  })

  it('PASS NEW and DISCONNECT after deep tests ends in postscreen; the next session of that client is another', async () => {
    const { events, account } = await parseBalanced(
      logOf([
        ...screened(
          `tlsproxy[790]: CONNECT from ${SCREENED}`,
          SUMMARY,
          GREYED,
          `postscreen[789]: PASS NEW ${SCREENED}`,
          `tlsproxy[790]: DISCONNECT ${SCREENED}`,
          `postscreen[789]: DISCONNECT ${SCREENED}`,
        ),
        ...tlsSession(792, 'unknown[192.0.2.99]'),
      ]),
    )
    expect(events.map(({ service }) => service)).toEqual(['postfix/postscreen', 'postfix/smtpd'])
    expect(account.sessions).toEqual({ opened: 2, emitted: 2, open: 0, handed_over: 0 })
  })

  promises([
    {
      promise: 'deep tests under TLS: negotiated, the recipient was refused under TLS',
      log: screened(
        `tlsproxy[790]: CONNECT from ${SCREENED}`,
        SUMMARY,
        GREYED,
        `postscreen[789]: PASS NEW ${SCREENED}`,
        `postscreen[789]: DISCONNECT ${SCREENED}`,
        `tlsproxy[790]: DISCONNECT ${SCREENED}`,
      ),
      told: [
        {
          outcome: 'negotiated',
          proof: 'stated',
          service: 'postfix/postscreen',
          listener: 'mx',
          tls_version: 'TLSv1_2',
          cipher: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
          peer_port: 42239,
          peer_certificate: 'none',
          helo: 'mta-2185.news7.example',
          sender_domain: 'news3.example',
          truncated: false,
          ...mails(1, 0, 0),
        },
      ],
    },
    {
      promise: 'a reject before the tlsproxy summary: that mail was in clear, and the session is negotiated',
      log: screened(
        GREYED,
        `tlsproxy[790]: CONNECT from ${SCREENED}`,
        SUMMARY,
        `postscreen[789]: DISCONNECT ${SCREENED}`,
      ),
      told: [{ outcome: 'negotiated', ...mails(1, 0, 1) }],
    },
    {
      promise: 'deep tests in clear where STARTTLS was shown: plaintext by absence, fault unknown',
      before: SHOWN,
      log: screened(GREYED, `postscreen[789]: PASS NEW ${SCREENED}`, `postscreen[789]: DISCONNECT ${SCREENED}`),
      told: [{ outcome: 'plaintext', fault: 'unknown', proof: 'by_absence', ...mails(1, 0, 1) }],
    },
    {
      promise: 'deep tests in clear where STARTTLS was never shown: not_offered',
      log: screened(GREYED, `postscreen[789]: DISCONNECT ${SCREENED}`),
      told: [{ outcome: 'not_offered', fault: 'local', proof: 'by_absence' }],
    },
    {
      promise: 'several recipients refused may be one mail or several: how many is not known',
      before: SHOWN,
      log: screened(
        `postscreen[789]: COMMAND PIPELINING from ${SCREENED} after MAIL: RCPT TO:<alice@example.org>\\r\\n`,
        GREYED,
        GREYED.replace('alice', 'nobody-here'),
        `postscreen[789]: DATA without valid RCPT from ${SCREENED}`,
        `postscreen[789]: DISCONNECT ${SCREENED}`,
      ),
      told: [{ outcome: 'plaintext', ...mails(null, 0, null) }],
    },
    {
      promise: 'a hang-up before any command: probe, by absence',
      log: screened(
        `postscreen[789]: HANGUP after 0.04 from ${SCREENED} in tests before SMTP handshake`,
        `postscreen[789]: DISCONNECT ${SCREENED}`,
      ),
      told: [{ outcome: 'probe', fault: 'none', proof: 'by_absence' }],
    },
    {
      promise: 'a library problem before the tlsproxy failure names its reason',
      log: screened(
        `tlsproxy[790]: CONNECT from ${SCREENED}`,
        'tlsproxy[790]: warning: TLS library problem: error:0A000418:SSL routines::tlsv1 alert unknown ca:../ssl/record/rec_layer_s3.c:1601:SSL alert number 48:',
        `tlsproxy[790]: TLS handshake failed for service=smtpd peer=${SCREENED}`,
        `tlsproxy[790]: DISCONNECT ${SCREENED}`,
        `postscreen[789]: HANGUP after 0.06 from ${SCREENED} in tests after SMTP handshake`,
        `postscreen[789]: DISCONNECT ${SCREENED}`,
      ),
      told: [
        {
          outcome: 'handshake_failed',
          fault: 'unknown',
          failure_reason: 'peer_rejected_our_certificate',
          starttls_offered: true,
        },
      ],
    },
    {
      promise: 'a version below our floor in tlsproxy: refused_by_us',
      log: screened(
        `tlsproxy[790]: CONNECT from ${SCREENED}`,
        'tlsproxy[790]: warning: TLS library problem: error:0A000102:SSL routines::unsupported protocol:../ssl/statem/statem_srvr.c:1664:',
        `tlsproxy[790]: TLS handshake failed for service=smtpd peer=${SCREENED}`,
        `postscreen[789]: DISCONNECT ${SCREENED}`,
      ),
      told: [{ outcome: 'refused_by_us', fault: 'our_floor', failure_reason: 'version_below_floor' }],
    },
    {
      promise: 'a tlsproxy failure without a library problem: the peer just closed',
      log: screened(
        `tlsproxy[790]: CONNECT from ${SCREENED}`,
        `tlsproxy[790]: TLS handshake failed for service=smtpd peer=${SCREENED}`,
        `postscreen[789]: DISCONNECT ${SCREENED}`,
      ),
      told: [{ outcome: 'handshake_failed', fault: 'unknown', failure_reason: 'connection_lost' }],
    },
    {
      promise: 'a time-out in tlsproxy is a time-out',
      log: screened(
        `tlsproxy[790]: CONNECT from ${SCREENED}`,
        `tlsproxy[790]: warning: ciphertext read/write timeout for ${SCREENED}`,
        `tlsproxy[790]: TLS handshake failed for service=smtpd peer=${SCREENED}`,
        `postscreen[789]: DISCONNECT ${SCREENED}`,
      ),
      told: [{ outcome: 'handshake_failed', failure_reason: 'timeout' }],
    },
    {
      promise: 'tlsproxy was asked and says nothing (TLS loglevel 0), then a hang-up: unknown',
      log: screened(
        `tlsproxy[790]: CONNECT from ${SCREENED}`,
        `tlsproxy[790]: DISCONNECT ${SCREENED}`,
        `postscreen[789]: HANGUP after 0.01 from ${SCREENED} in tests after SMTP handshake`,
        `postscreen[789]: DISCONNECT ${SCREENED}`,
      ),
      told: [{ outcome: 'unknown', fault: 'unknown', tls_version: null }],
    },
    {
      promise: 'lines of tlsproxy alone open no session',
      log: [`tlsproxy[790]: CONNECT from ${SCREENED}`, SUMMARY, `tlsproxy[790]: DISCONNECT ${SCREENED}`],
      told: [],
    },
  ])
})

const RELAY = 'mx.tls13.peer.example[198.18.1.10]:25'
const VERIFIED = `smtp[1318]: Verified TLS connection established to ${RELAY}: ${TLS13_OF['3.10']}`
const DANE_MATCH = `smtp[1318]: ${RELAY}: Matched DANE EE certificate at depth 0: 3 1 1 8CE14CBE1FAFAE9FB25845D335E0E416`
const UNTRUSTED = `smtp[1318]: Untrusted TLS connection established to ${RELAY}: ${TLS13_OF['3.10']}`
const SENT = 'dsn=2.0.0, status=sent (250 2.0.0 queued)'
const NO_HANDSHAKE = 'dsn=4.7.5, status=deferred (Cannot start TLS: handshake failure)'
const NOT_VERIFIED = 'dsn=4.7.5, status=deferred (Server certificate not verified)'
const NOT_OFFERED =
  'dsn=4.7.4, status=deferred (TLS is required, but was not offered by host mx.tls13.peer.example[198.18.1.10])'
const REFUSED =
  'dsn=4.7.0, status=deferred (TLS is required, but host mx.tls13.peer.example[198.18.1.10] refused to start TLS: 454 4.7.0 TLS not available due to temporary reason)'

const delivery = (tls: string | null, rest: string, delays = '0.01/0/0.04/0.04'): string =>
  `smtp[1318]: 093EEA2C5E7: to=<r0001@tls13.example>, relay=${RELAY}, delay=0.1, delays=${delays}, ${tls === null ? '' : `tls=${tls}, `}${rest}`

describe('a delivery line of Postfix 3.11 states what TLS did', () => {
  promises([
    ...['may', 'encrypt', 'dane', 'dane-only', 'halfdane', 'verify', 'secure', 'fingerprint', 'dane/requiretls'].map(
      (level) => ({
        promise: `tls=${level}: negotiated, stated`,
        log: [delivery(level, SENT)],
        told: [
          {
            direction: 'outbound',
            outcome: 'negotiated',
            fault: 'none',
            proof: 'stated',
            tls_policy: level,
            tls_version: null,
            ...mails(1, 1, 0),
          } as const,
        ],
      }),
    ),
    {
      promise: 'tls=none: our own policy, so not_offered and local',
      log: [delivery('none', SENT)],
      told: [{ outcome: 'not_offered', fault: 'local', proof: 'stated', tls_policy: 'none', ...mails(1, 1, 1) }],
    },
    {
      promise: 'tls=may:none to a peer that never showed STARTTLS: not_offered, for whatever reason',
      log: [delivery('may:none', SENT)],
      told: [{ outcome: 'not_offered', fault: 'unknown', proof: 'stated', ...mails(1, 1, 1) }],
    },
    {
      promise: 'tls=may:none to a peer that showed STARTTLS: plaintext, for whatever reason',
      before: [UNTRUSTED, delivery('may', SENT)],
      log: [delivery('may:none', SENT, '1/0/0.04/0.04')],
      told: [{ outcome: 'plaintext', fault: 'unknown', proof: 'stated', ...mails(1, 1, 1) }],
    },
    {
      promise: 'tls=may? and a failed handshake: handshake_failed, nothing sent',
      log: [delivery('may?', NO_HANDSHAKE)],
      told: [{ outcome: 'handshake_failed', fault: 'unknown', tls_policy: 'may?', ...mails(0, 0, 0) }],
    },
    {
      promise: 'tls=encrypt? and a failed handshake: handshake_failed, nothing sent',
      log: [delivery('encrypt?', NO_HANDSHAKE)],
      told: [{ outcome: 'handshake_failed', fault: 'unknown', ...mails(0, 0, 0) }],
    },
    {
      promise: 'tls=may? and a lost connection: unknown',
      log: [
        delivery(
          'may?',
          'dsn=4.4.2, status=deferred (lost connection with mx.tls13.peer.example[198.18.1.10] while receiving the initial server greeting)',
        ),
      ],
      told: [{ outcome: 'unknown', fault: 'unknown' }],
    },
    {
      promise: 'tls=!encrypt and not offered: not_offered, fault peer, nothing sent',
      log: [delivery('!encrypt', NOT_OFFERED)],
      told: [
        {
          outcome: 'not_offered',
          fault: 'peer',
          proof: 'stated',
          failure_reason: 'tls_required_not_offered',
          starttls_offered: false,
          ...mails(0, 0, 0),
        },
      ],
    },
    {
      promise: 'tls=!encrypt and an error answer to STARTTLS: handshake_failed, nothing sent',
      log: [delivery('!encrypt', REFUSED)],
      told: [
        { outcome: 'handshake_failed', failure_reason: 'starttls_refused', starttls_offered: true, ...mails(0, 0, 0) },
      ],
    },
    ...['!verify', '!secure', '!fingerprint', '!dane'].map((level) => ({
      promise: `tls=${level} and a certificate that does not do: negotiated, nothing sent`,
      log: [UNTRUSTED, delivery(level, NOT_VERIFIED)],
      told: [
        {
          outcome: 'negotiated',
          fault: 'none',
          failure_reason: 'certificate_not_verified',
          peer_certificate: 'untrusted',
          ...mails(0, 0, 0),
        } as const,
      ],
    })),
    {
      promise: 'tls=unknown? with relay=none: no connection, no event',
      log: [
        'smtp[1318]: 093EEA2C5E7: to=<r0001@tls13.example>, relay=none, delay=0.1, delays=0.1/0/0/0, tls=unknown?, dsn=4.7.5, status=deferred (no TLSA records found)',
      ],
      told: [],
    },
    {
      promise: 'a certificate verified under a DANE policy: dane_verified',
      log: [VERIFIED, delivery('dane', SENT)],
      told: [{ outcome: 'negotiated', peer_certificate: 'dane_verified', tls_version: 'TLSv1_3', ...mails(1, 1, 0) }],
    },
    {
      promise: 'a certificate that matched a TLSA record, before 3.11: dane_verified',
      log: [DANE_MATCH, VERIFIED, delivery(null, SENT)],
      told: [{ outcome: 'negotiated', peer_certificate: 'dane_verified', tls_version: 'TLSv1_3', ...mails(1, 1, 0) }],
    },
    {
      promise: 'a certificate that matched a TLSA record, of a name that did not: untrusted',
      log: [DANE_MATCH, UNTRUSTED, delivery(null, SENT)],
      told: [{ outcome: 'negotiated', peer_certificate: 'untrusted', ...mails(1, 1, 0) }],
    },
    {
      promise: 'a certificate that was looked at, and no summary: unknown, never mail in clear',
      log: [VERIFIED, delivery(null, SENT), DANE_MATCH, delivery(null, SENT, '0.5/0/0.04/0.04')],
      told: [{ outcome: 'negotiated' }, { outcome: 'unknown', peer_certificate: 'dane_verified' }],
    },
    {
      promise: 'a certificate verified under another policy: verified',
      log: [VERIFIED, delivery('verify', SENT)],
      told: [{ outcome: 'negotiated', peer_certificate: 'verified' }],
    },
  ])
})

describe('before Postfix 3.11 outbound sessions are known by their sentences and by absence', () => {
  promises([
    {
      promise: 'summary and sent: negotiated; the peer without a certificate is told',
      log: [
        `smtp[1318]: Anonymous TLS connection established to ${RELAY}: TLSv1.2 with cipher AECDH-AES256-SHA (256/256 bits)`,
        delivery(null, SENT),
      ],
      told: [
        {
          direction: 'outbound',
          outcome: 'negotiated',
          proof: 'stated',
          tls_version: 'TLSv1_2',
          cipher: 'TLS_ECDH_anon_WITH_AES_256_CBC_SHA',
          peer_certificate: 'none',
          peer_name: 'mx.tls13.peer.example',
          peer_port: 25,
          sender: '198.18.1.10/32',
          listener: null,
          queue_ids: ['093EEA2C5E7'],
          tls_policy: null,
          ...mails(1, 1, 0),
        },
      ],
    },
    {
      promise: 'sent without a summary on a host that never logged one: unknown, never plaintext',
      log: [delivery(null, SENT)],
      told: [{ outcome: 'unknown', fault: 'unknown', mails_plaintext: null }],
    },
    {
      promise: 'sent without a summary on a host that logs them: not_offered by absence, fault unknown',
      before: [
        `smtp[7]: Trusted TLS connection established to mx.b.example[198.18.1.77]:25: ${TLS13_OF['3.10']}`,
        `smtp[7]: 1C55D9B0BE0: to=<b@b.example>, relay=mx.b.example[198.18.1.77]:25, delay=1, delays=0/0/0/1, ${SENT}`,
      ],
      log: [delivery(null, SENT)],
      told: [{ outcome: 'not_offered', fault: 'unknown', proof: 'by_absence', ...mails(1, 1, 1) }],
    },
    {
      promise: '“TLS is required, but was not offered”: not_offered, fault peer',
      log: [delivery(null, NOT_OFFERED)],
      told: [{ outcome: 'not_offered', fault: 'peer', failure_reason: 'tls_required_not_offered', ...mails(0, 0, 0) }],
    },
    {
      promise: '“refused to start TLS”: handshake_failed',
      log: [delivery(null, REFUSED)],
      told: [{ outcome: 'handshake_failed', failure_reason: 'starttls_refused', ...mails(0, 0, 0) }],
    },
    {
      promise: '“our TLS engine is unavailable”: handshake_failed, local',
      log: [delivery(null, 'dsn=4.7.5, status=deferred (TLS is required, but our TLS engine is unavailable)')],
      told: [{ outcome: 'handshake_failed', fault: 'local', failure_reason: 'local_error', ...mails(0, 0, 0) }],
    },
    {
      promise: '“Cannot start TLS: handshake failure” with the client’s own words before it: they name the reason',
      log: [
        `smtp[1318]: SSL_connect error to ${RELAY}: -1`,
        'smtp[1318]: warning: TLS library problem: error:0A00010B:SSL routines::wrong version number:../ssl/record/methods/tlsany_meth.c:77:',
        delivery(null, NO_HANDSHAKE),
      ],
      told: [{ outcome: 'handshake_failed', fault: 'peer', failure_reason: 'not_tls', ...mails(0, 0, 0) }],
    },
    {
      promise: '“Server certificate not verified” with a summary: negotiated, nothing sent',
      log: [
        `smtp[1318]: server certificate verification failed for ${RELAY}: certificate has expired`,
        UNTRUSTED,
        delivery(null, NOT_VERIFIED),
      ],
      told: [
        {
          outcome: 'negotiated',
          failure_reason: 'certificate_not_verified',
          peer_certificate: 'expired',
          ...mails(0, 0, 0),
        },
      ],
    },
    {
      promise: '“Server certificate not trusted” (until 3.8): negotiated, nothing sent',
      log: [UNTRUSTED, delivery(null, 'dsn=4.7.5, status=deferred (Server certificate not trusted)')],
      told: [{ outcome: 'negotiated', failure_reason: 'certificate_not_verified', ...mails(0, 0, 0) }],
    },
    ...(
      [
        ['self-signed certificate', 'self_signed'],
        ['num=62:hostname mismatch', 'name_mismatch'],
        ['untrusted issuer /CN=x', 'untrusted'],
      ] as const
    ).map(([words, state]) => ({
      promise: `certificate verification failed for …: ${words}: ${state}`,
      log: [`smtp[1318]: certificate verification failed for ${RELAY}: ${words}`, UNTRUSTED, delivery(null, SENT)],
      told: [{ outcome: 'negotiated', peer_certificate: state, ...mails(1, 1, 0) } as const],
    })),
    {
      promise: 'a recipient refused under TLS: negotiated, one mail attempted',
      log: [
        UNTRUSTED,
        delivery(
          null,
          'dsn=5.1.1, status=bounced (host mx.tls13.peer.example[198.18.1.10] said: 550 5.1.1 no such user (in reply to RCPT TO command))',
        ),
      ],
      told: [{ outcome: 'negotiated', ...mails(1, 0, 0) }],
    },
  ])
})

const hasFailed = [
  `smtp[1318]: SSL_connect error to ${RELAY}: -1`,
  'smtp[1318]: warning: TLS library problem: error:0A000410:SSL routines::sslv3 alert handshake failure:../ssl/record/rec_layer_s3.c:1601:SSL alert number 40:',
]

describe('a fall-back to clear text is two connections', () => {
  promises([
    {
      promise: 'after SSL_connect error: handshake_failed, then plaintext',
      log: [...hasFailed, delivery(null, SENT, '12/0/5/0.04')],
      told: [
        { outcome: 'handshake_failed', failure_reason: 'peer_alert', ...mails(0, 0, 0) },
        {
          outcome: 'plaintext',
          fault: 'unknown',
          queue_ids: ['093EEA2C5E7'],
          starttls_offered: true,
          ...mails(1, 1, 1),
        },
      ],
    },
    {
      promise: 'after SSL_connect error, stated by tls=may:none: handshake_failed, then plaintext',
      log: [...hasFailed, delivery('may:none', SENT, '12/0/5/0.04')],
      told: [
        { outcome: 'handshake_failed' },
        { outcome: 'plaintext', fault: 'unknown', proof: 'stated', ...mails(1, 1, 1) },
      ],
    },
    {
      promise: 'after a connection lost under TLS: negotiated, then plaintext',
      log: [
        UNTRUSTED,
        'smtp[1318]: 093EEA2C5E7: lost connection with mx.tls13.peer.example[198.18.1.10] while sending end of data -- message may be sent more than once',
        delivery(null, SENT, '7.1/0.28/0.12/0.05'),
      ],
      told: [
        { outcome: 'negotiated', ...mails(1, 0, 0) },
        { outcome: 'plaintext', fault: 'unknown', ...mails(1, 1, 1) },
      ],
    },
    {
      promise: 'after a connection lost under TLS, lost again in clear: negotiated, then plaintext',
      log: [
        UNTRUSTED,
        'smtp[1318]: 093EEA2C5E7: lost connection with mx.tls13.peer.example[198.18.1.10] while sending end of data -- message may be sent more than once',
        delivery(
          'may:none',
          'dsn=4.4.2, status=deferred (lost connection with mx.tls13.peer.example[198.18.1.10] while sending end of data -- message may be sent more than once)',
          '7.1/0.28/0.12/0.05',
        ),
      ],
      told: [
        { outcome: 'negotiated', ...mails(1, 0, 0) },
        { outcome: 'plaintext', fault: 'unknown', proof: 'stated', ...mails(1, 0, 1) },
      ],
    },
    {
      promise: 'a failed handshake with one relay says nothing of the next: handshake_failed, negotiated',
      log: [
        'smtp[1318]: SSL_connect error to mx.closes.peer.example[198.18.1.17]:25: lost connection',
        'smtp[1318]: 093EEA2C5E7: Cannot start TLS: handshake failure',
        UNTRUSTED,
        delivery(null, SENT),
      ],
      told: [
        { outcome: 'handshake_failed', failure_reason: 'connection_lost', sender: '198.18.1.17/32' },
        { outcome: 'negotiated', sender: '198.18.1.10/32', ...mails(1, 1, 0) },
      ],
    },
  ])
})

describe('one connection is one event', () => {
  promises([
    {
      promise: 'several recipients of one delivery: one event',
      log: [
        UNTRUSTED,
        delivery(null, SENT),
        delivery(null, SENT).replace('r0001', 'r0002'),
        delivery(null, SENT).replace('r0001', 'r0003'),
      ],
      told: [{ outcome: 'negotiated', ...mails(1, 1, 0) }],
    },
    {
      promise: 'conn_use=2: a delivery over a connection that was told, no event',
      log: [
        UNTRUSTED,
        delivery(null, SENT),
        `smtp[1319]: Untrusted TLS connection reused to ${RELAY}: TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)`,
        `smtp[1319]: 1A3EEA2C5E8: to=<r2@tls13.example>, relay=${RELAY}, conn_use=2, delay=0.05, delays=0.01/0/0/0.04, ${SENT}`,
      ],
      told: [{ outcome: 'negotiated' }],
    },
    {
      promise: 'TLSRPT lines are no sessions and do no harm',
      log: [
        'smtp[1318]: TLSRPT: status=failure, domain=tls13.example, receiving_mx=mx.tls13.peer.example[198.18.1.10], failure_type=starttls_not_supported',
        UNTRUSTED,
        'smtp[1318]: TLSRPT: status=success, domain=tls13.example, receiving_mx=mx.tls13.peer.example[198.18.1.10]',
        delivery('may', SENT),
      ],
      told: [{ outcome: 'negotiated', fault: 'none', ...mails(1, 1, 0) }],
    },
    {
      promise: 'a delivery to a local socket is no session',
      log: [
        'lmtp[12]: 093EEA2C5E7: to=<a@example.org>, relay=mx1.example.org[private/dovecot-lmtp], delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 saved)',
      ],
      told: [],
    },
  ])

  it('a delivery over a reused connection counts as joined', async () => {
    const reused = `smtp[1319]: 1A3EEA2C5E8: to=<r2@tls13.example>, relay=${RELAY}, conn_use=2, delay=0.05, delays=0.01/0/0/0.04, ${SENT}`
    const { account } = await parseBalanced(logOf([reused]))
    expect(account.lines).toMatchObject({ read: 1, joined: 1 })
    expect(account.events.count).toBe(0)
  })
})

describe('our own tlsproxy is down', () => {
  const down = 'smtp[1318]: warning: connect to private/tlsproxy service: Connection refused'
  promises([
    {
      promise: 'every peer seems to fail: handshake_failed, local',
      log: [down, delivery(null, NO_HANDSHAKE)],
      told: [{ outcome: 'handshake_failed', fault: 'local', failure_reason: 'local_error', ...mails(0, 0, 0) }],
    },
    {
      promise: 'mail that then goes in clear is not the peer’s fault',
      log: [down, delivery(null, SENT, '12/0/5/0.04')],
      told: [{ outcome: 'plaintext', fault: 'local', ...mails(1, 1, 1) }],
    },
  ])
})

describe('a handshake with a server that tlsproxy saw fail', () => {
  promises([
    {
      promise: 'has its reason from tlsproxy',
      log: [
        `tlsproxy[790]: CONNECT to [198.18.1.10]:25`,
        'tlsproxy[790]: warning: TLS library problem: error:0A00010B:SSL routines::wrong version number:../ssl/record/methods/tlsany_meth.c:77:',
        'tlsproxy[790]: TLS handshake failed for service=smtp peer=mx.tls13.peer.example[198.18.1.10]:25',
        'tlsproxy[790]: DISCONNECT [198.18.1.10]:25',
        delivery(null, NO_HANDSHAKE),
      ],
      told: [{ outcome: 'handshake_failed', failure_reason: 'not_tls' }],
    },
  ])
})

const at = (stamp: string, lines: readonly string[]): string[] =>
  lines.map((line) => `${stamp} mx1 ${line.startsWith('postfix') ? '' : 'postfix/'}${line}`)

describe('what a listener has shown is forgotten', () => {
  it.each([
    ['Nov 25 03:46:36', 'plaintext', 'peer', 'after exactly 24 hours it still counts'],
    ['Nov 25 03:46:37', 'not_offered', 'local', 'a second later it does not'],
  ])('mail in clear at %s is %s, fault %s: %s', async (stamp, outcome, fault) => {
    const events = await eventsOf([...at('Nov 24 03:46:36', SHOWN), ...at(stamp, clearSession(2303, NAME))])
    expect(lastOf(events)).toMatchObject({ outcome, fault })
  })

  it('STARTTLS that is shown later changes no earlier verdict', async () => {
    const events = await eventsOf([...clearSession(2303, NAME), ...SHOWN])
    expect(events.map(({ outcome }) => outcome)).toEqual(['not_offered', 'negotiated'])
  })

  it('a failed handshake shows STARTTLS as well as a good one', async () => {
    const failed = failing('0A0000C1:SSL routines::no shared cipher:../ssl/statem/statem_srvr.c:2361')
    const events = await eventsOf([...failed, ...clearSession(2304, 'unknown[192.0.2.8]')])
    expect(lastOf(events)).toMatchObject({ outcome: 'plaintext', fault: 'peer' })
  })

  it('a submission listener that shows STARTTLS says nothing of port 25', async () => {
    const submission = SHOWN.map((line) => `postfix/submission/${line}`)
    const events = await eventsOf([...submission, ...clearSession(2303, NAME)])
    expect(lastOf(events)).toMatchObject({ outcome: 'not_offered', fault: 'local' })
  })
})

describe('the envelope sender’s domain comes from qmgr', () => {
  const qmgr = (id: string, sender: string): string =>
    `qmgr[2295]: ${id}: from=<${sender}>, size=423, nrcpt=1 (queue active)`

  it.each([
    ['user36454@Sender-A.example', 'sender-a.example'],
    ['"x TLS connection established from evil[203.0.113.9]: TLSv1.3"@sender-a.example', 'sender-a.example'],
    ['"a> to=<b"@sender-a.example', 'sender-a.example'],
    ['"a>, size=1, nrcpt=1"@sender-a.example', 'sender-a.example'],
    ['', ''],
  ])('from=<%s> is of domain “%s”', async (sender, domain) => {
    const [connect = '', client = '', disconnect = ''] = clearSession(2303, NAME, 'B23BFA2C2F7')
    const events = await eventsOf([connect, client, qmgr('B23BFA2C2F7', sender), disconnect])
    expect(lastOf(events).sender_domain).toBe(domain)
  })

  it('is joined by queue id, and is null without one', async () => {
    const events = await eventsOf([qmgr('B23BFA2C2F7', 'a@other.example'), ...clearSession(2303, NAME)])
    expect(lastOf(events).sender_domain).toBe(null)
  })

  it('is told of outbound connections too', async () => {
    const events = await eventsOf([qmgr('093EEA2C5E7', 'a@sender-a.example'), UNTRUSTED, delivery(null, SENT)])
    expect(lastOf(events)).toMatchObject({ direction: 'outbound', sender_domain: 'sender-a.example' })
  })
})

describe('a line that is there twice', () => {
  const told = (events: readonly TlsNegotiation[]): unknown[] =>
    events.map(({ source_end: _end, source_offset: _offset, ...rest }) => rest)

  it.each([
    ['a session under TLS', tlsSession(2303, NAME)],
    ['a session in clear', [...SHOWN, ...clearSession(2303, NAME)]],
    ['a failed handshake', failing('0A0000C1:SSL routines::no shared cipher:../ssl/statem/statem_srvr.c:2361')],
    ['a delivery', [delivery('may', SENT)]],
    ['a delivery after a failed handshake', [...hasFailed, delivery(null, SENT, '12/0/5/0.04')]],
    ['a session in postscreen', screened(SUMMARY, `postscreen[789]: DISCONNECT ${SCREENED}`)],
    [
      'a session without counters',
      [`smtpd[7]: connect from ${NAME}`, `smtpd[7]: 6FDC6C8ADC: client=${NAME}`, `smtpd[7]: disconnect from ${NAME}`],
    ],
  ])('changes nothing of %s', async (_what, lines) => {
    const twice = lines.flatMap((line) => [line, line])
    expect(told(await eventsOf(twice))).toEqual(told(await eventsOf(lines)))
  })

  it('is the same session in a whole file that was copied behind itself: the same ids', async () => {
    const lines = [...SHOWN, ...clearSession(2303, NAME)]
    const ids = (events: readonly TlsNegotiation[]): string[] =>
      events.map(({ event_id }) => Buffer.from(event_id).toString('hex'))
    expect(ids(await eventsOf(lines))).toEqual(ids(await eventsOf([...lines])))
    expect(new Set(ids(await eventsOf(lines))).size).toBe(2)
  })
})
