import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clearSession, lastOf, logOf, parseBalanced, tlsSession } from '../support/postfix-log.ts'

const NAME = 'mail52.sender-a.example[192.0.2.52]'
const SESSION = logOf(tlsSession(2303, NAME))
const [FIRST = '', SECOND = ''] = [logOf(tlsSession(1, NAME).slice(0, 2)), logOf(tlsSession(1, NAME).slice(2))]

async function around(junk: Uint8Array | string): ReturnType<typeof parseBalanced> {
  const bytes = typeof junk === 'string' ? Buffer.from(junk, 'utf8') : junk
  return parseBalanced(Buffer.concat([Buffer.from(FIRST), bytes, Buffer.from('\n'), Buffer.from(SECOND)]))
}

describe('what is no log line is a dead letter with its reason, and the session around it is whole', () => {
  it.each([
    ['binary', Buffer.from([0, 1, 2, 3, 255, 254, 0, 0])],
    ['binary', Buffer.from('\x01\x02\x03\x04\x05a')],
    ['no_framing', 'hello'],
    ['no_framing', '{"msg":"x TLS connection established from evil[203.0.113.9]: TLSv1.3"}'],
    ['no_framing', 'smtpd[1]: disconnect from mail52.sender-a.example[192.0.2.52] ehlo=1 mail=1 commands=2'],
    ['bad_stamp', 'Feb 31 03:46:36 mx1 postfix/smtpd[1]: connect from unknown[192.0.2.1]'],
    ['bad_stamp', 'Nov 25 25:00:00 mx1 postfix/smtpd[1]: connect from unknown[192.0.2.1]'],
    ['too_long', 'x'.repeat(1024 * 1024)],
    ['too_long', `Nov 25 03:46:36 mx1 postfix/smtpd[1]: disconnect from ${NAME} ${'a=1 '.repeat(262_144)}`],
    ['unparsed', 'Nov 25 03:46:36 mx1 postfix/smtpd[1]: connect from nobody'],
    ['unparsed', 'Nov 25 03:46:36 mx1 postfix/smtpd[1]: disconnect from '],
    ['unparsed', 'Nov 25 03:46:36 mx1 postfix/smtpd[1]: SSL_accept error from mail52.sender-a.example[192.0.2.52'],
    [
      'unparsed',
      `Nov 25 03:46:36 mx1 postfix/smtpd[1]: Anonymous TLS connection established from ${NAME}: TLSv1.3 with`,
    ],
    ['unparsed', 'Nov 25 03:46:36 mx1 postfix/smtp[1]: 093EEA2C5E7: to=<a@b.example>, relay'],
    ['unparsed', 'Nov 25 03:46:36 mx1 postfix/postscreen[1]: CONNECT from nobody'],
    ['unparsed', 'Nov 25 03:46:36 mx1 postfix/tlsproxy[1]: TLS handshake failed for service=smtpd peer='],
  ] as const)('%s: %.60s', async (reason, junk) => {
    const { events, account } = await around(junk)
    expect(account.lines.dead[reason]).toBe(1)
    expect(account.dead_samples.map((sample) => sample.reason)).toEqual([reason])
    expect(events).toHaveLength(1)
    expect(lastOf(events)).toMatchObject({ outcome: 'negotiated', truncated: false, mails_attempted: 1 })
  })

  it('a dead letter’s sample does not say what the line said', async () => {
    const { account } = await around('secret-token 4711 someone@example.org')
    expect(account.dead_samples[0]?.shape).toBe('aaaaaa-aaaaa 9999 aaaaaaa@aaaaaaa.aaa')
  })

  it('random bytes between and within lines never break the books', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.nat(SESSION.length), async (junk, at) => {
        const log = Buffer.from(SESSION)
        await parseBalanced(Buffer.concat([log.subarray(0, at), junk, log.subarray(at)]))
      }),
      { numRuns: 300 },
    )
  })

  it('a byte that was changed never breaks the books', async () => {
    for (let at = 0; at < SESSION.length; at += 3) {
      for (const byte of [0, 10, 13, 32, 91, 93, 128, 255]) {
        const log = Buffer.from(SESSION)
        log[at] = byte
        await parseBalanced(log)
      }
    }
  })
})

describe('a line as long as lines may be', () => {
  it('of 60 KiB is read like any other', async () => {
    const { events, account } = await around(
      `Nov 25 03:46:36 mx1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from ${NAME}: 550 ${'x'.repeat(60_000)}; from=<a@sender-a.example> to=<b@example.org> proto=ESMTP helo=<mail8.sender-a.example>`,
    )
    expect(account.lines.dead).toMatchObject({ too_long: 0, unparsed: 0 })
    expect(lastOf(events)).toMatchObject({ outcome: 'negotiated', helo: 'mail8.sender-a.example' })
  })
})

describe('encodings', () => {
  const rejected = (helo: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(
        `Nov 25 03:46:36 mx1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from ${NAME}: 550 5.1.1 <b@example.org>: no; from=<a@sender-a.example> to=<b@example.org> proto=ESMTP helo=<`,
      ),
      helo,
      Buffer.from('>'),
    ])

  it('UTF-8 in a HELO is told as it is', async () => {
    const { events } = await around(rejected(Buffer.from('bücher.example', 'utf8')))
    expect(lastOf(events).helo).toBe('bücher.example')
  })

  it('latin1 in a HELO becomes U+FFFD, byte by byte', async () => {
    const { events } = await around(rejected(Buffer.from('bücher.example', 'latin1')))
    expect(lastOf(events).helo).toBe('b\ufffdcher.example')
  })

  it('invalid and cut UTF-8 in a HELO becomes U+FFFD', async () => {
    const { events } = await around(rejected(Buffer.from([0x78, 0xc3, 0x28, 0xff, 0xe2, 0x82])))
    expect(lastOf(events).helo).toBe('x\ufffd(\ufffd\ufffd')
  })

  it('what is printed is JSON in valid UTF-8 whatever the bytes were', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 60 }), async (bytes) => {
        const helo = Buffer.from(bytes.filter((byte) => byte !== 10))
        const { json } = await around(rejected(helo))
        for (const line of json) {
          expect(line.includes('\n')).toBe(false)
          expect(Buffer.from(line, 'utf8').toString('utf8')).toBe(line)
          JSON.parse(line)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('a byte order mark before the first line is no part of it', async () => {
    const { events, account } = await parseBalanced(Buffer.from(`\ufeff${SESSION}`, 'utf8'))
    expect(account.lines.joined).toBe(4)
    expect(lastOf(events)).toMatchObject({ outcome: 'negotiated', truncated: false })
  })

  it('carriage returns before the line ends are no part of the lines', async () => {
    const { events } = await parseBalanced(
      logOf([...tlsSession(1, NAME), ...clearSession(1, NAME)]).replaceAll('\n', '\r\n'),
    )
    expect(events.map(({ outcome, truncated }) => [outcome, truncated])).toEqual([
      ['negotiated', false],
      ['plaintext', false],
    ])
  })

  it('UTF-16 without a mark is dead letters, line by line', async () => {
    const { events, account } = await parseBalanced(Buffer.from(SESSION, 'utf16le'))
    expect(events).toEqual([])
    expect(account.lines.dead.binary).toBe(account.lines.read)
  })
})
