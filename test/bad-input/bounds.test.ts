import { createFramer } from '@tlsrep/collector/framing/frame-line'
import type { LogLine } from '@tlsrep/collector/framing/framing'
import { LineBytes, lineText } from '@tlsrep/collector/framing/line-bytes'
import type { Parser } from '@tlsrep/collector/parsers/parser'
import { createPostfixParser } from '@tlsrep/collector/parsers/postfix/postfix'
import type { TlsNegotiation } from '@tlsrep/schemas'
import { describe, expect, it } from 'vitest'
import { parseBalanced } from '../support/postfix-log.ts'

function parserFor(maxOpenSessions: number): { parser: Parser; truncated: () => number } {
  let truncated = 0
  const emit = (event: TlsNegotiation): void => {
    if (event.truncated) truncated++
  }
  const parser = createPostfixParser({ collector: '', maxOpenSessions, listenerName: () => undefined }, emit)
  return { parser, truncated: () => truncated }
}

const MAX = 10_000
const KEYS = 200_000
/** Where there is a limit of another kind as well, or fewer are enough. */
const FEWER: Record<string, readonly [number, number]> = {
  hosts: [1000, 20_000],
  'process ids of smtp': [10_000, 100_000],
}

const address = (n: number): string => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`

const OPENINGS: Record<string, (n: number) => { host: string; program: string; pid: number; message: string }> = {
  'process ids of smtpd': (n) => ({
    host: 'mx1',
    program: 'postfix/smtpd',
    pid: n,
    message: `connect from unknown[${address(n)}]`,
  }),
  hosts: (n) => ({
    host: `host${n}`,
    program: 'postfix/smtpd',
    pid: 7,
    message: `connect from unknown[${address(n)}]`,
  }),
  services: (n) => ({
    host: 'mx1',
    program: `postfix-${n % 1000}/smtpd`,
    pid: n,
    message: `connect from unknown[${address(n)}]`,
  }),
  'connections of postscreen': (n) => ({
    host: 'mx1',
    program: 'postfix/postscreen',
    pid: 789,
    message: `CONNECT from [${address(n)}]:4711 to [198.18.0.25]:25`,
  }),
  'process ids of smtp': (n) => ({
    host: 'mx1',
    program: 'postfix/smtp',
    pid: n,
    message: `SSL_connect error to mx.example[${address(n)}]:25: lost connection`,
  }),
}

describe('sessions that never end are bounded', () => {
  it.each(Object.entries(OPENINGS))(
    'by %s: never more than the limit open, evicted ones truncated',
    (what, opening) => {
      const [max, keys] = FEWER[what] ?? [MAX, KEYS]
      const { parser, truncated } = parserFor(max)
      const bytes = new LineBytes()
      let most = 0
      for (let n = 0; n < keys; n++) {
        const { host, program, pid, message } = opening(n)
        const time = Date.UTC(2026, 10, 25) + Math.floor(n / 1000)
        const text = `${host} ${message}`
        const line: LogLine = {
          text,
          bytes: bytes.load(text),
          start: 0,
          end: text.length,
          message: host.length + 1,
          time,
          host,
          program,
          pid,
          source: 'mail.log',
          offset: n,
        }
        if (parser.read(line) !== 'joined') throw new Error('an opening line opened nothing')
        const { opened, emitted, open, handedOver } = parser.sessions
        if (opened !== emitted + open + handedOver) throw new Error('the books do not agree')
        most = Math.max(most, open)
      }
      expect(most).toBe(max)
      expect(parser.sessions).toEqual({ opened: keys, emitted: keys - max, open: max, handedOver: 0 })
      expect(truncated()).toBe(keys - max)
      parser.finish()
      expect(parser.sessions).toEqual({ opened: keys, emitted: keys, open: 0, handedOver: 0 })
    },
  )

  it('an evicted session is unknown, not plaintext', async () => {
    const lines = Array.from(
      { length: 50 },
      (_, n) => `Nov 25 03:46:36 mx1 postfix/smtpd[${n}]: connect from unknown[${address(n)}]\n`,
    )
    const { events, account } = await parseBalanced(lines.join(''), { maxOpenSessions: 10 })
    expect(events.every(({ outcome, truncated }) => outcome === 'unknown' && truncated)).toBe(true)
    expect(account.sessions).toEqual({ opened: 50, emitted: 50, open: 0, handed_over: 0 })
  })

  it('names that no table knows are counted, and their number is bounded', async () => {
    const lines = Array.from(
      { length: 20_000 },
      (_, n) =>
        `Nov 25 03:46:36 mx1 postfix/smtpd[1]: connect from unknown[${address(n)}]\nNov 25 03:46:36 mx1 postfix/smtpd[1]: Anonymous TLS connection established from unknown[${address(n)}]: TLSv9.${n} with cipher X${n} (256/256 bits)\nNov 25 03:46:36 mx1 postfix/smtpd[1]: disconnect from unknown[${address(n)}] ehlo=2 starttls=1 quit=1 commands=4\n`,
    )
    const { events, account } = await parseBalanced(lines.join(''))
    expect(
      events.every(
        ({ outcome, tls_version, cipher }) => outcome === 'negotiated' && tls_version === null && cipher === null,
      ),
    ).toBe(true)
    expect(account.unknown_names.length).toBeLessThan(10_000)
    const kept = account.unknown_names.reduce((sum, { count }) => sum + count, 0)
    expect(kept + account.unknown_names_others).toBe(40_000)
  })
})

/**
 * A text that counts how many of its characters were looked at. What a method of `String` must look at is counted as looked at, so the
 * count is that of the work, and no clock is asked. Slices are counted when they are cut.
 */
class CountedText extends String {
  looked = 0

  override charCodeAt(index: number): number {
    this.looked++
    return super.charCodeAt(index)
  }

  override startsWith(words: string, at?: number): boolean {
    this.looked += words.length
    return super.startsWith(words, at)
  }

  override indexOf(words: string, from = 0): number {
    const found = super.indexOf(words, from)
    this.looked += (found < 0 ? this.length : found + words.length) - Math.min(from, this.length)
    return found
  }

  override lastIndexOf(words: string, from = this.length): number {
    const found = super.lastIndexOf(words, from)
    this.looked += Math.min(from, this.length) - Math.max(0, found)
    return found
  }

  override slice(start = 0, end = this.length): string {
    const part = super.slice(start, end)
    this.looked += part.length
    return part
  }
}

/** Bytes that add to `count.looked`, as `CountedText` does. */
function countedBytes(text: string, count: { looked: number }): DataView {
  const { bytes } = lineText(text)
  const plain = new DataView(bytes.buffer)
  bytes.getUint8 = (at) => {
    count.looked++
    return plain.getUint8(at)
  }
  bytes.getInt32 = (at, littleEndian) => {
    count.looked += 4
    return plain.getInt32(at, littleEndian)
  }
  return bytes
}

/** Characters looked at while `message` was framed and parsed, with `behind` after it in the same block. */
function work(program: string, message: string, behind: string): number {
  const { parser } = parserFor(100)
  const framer = createFramer({ zone: 'UTC', notAfter: Date.UTC(2026, 11, 1) })
  const frameAndRead = (text: string, bytes: DataView, end: number): void => {
    const line: LogLine = {
      text,
      bytes,
      start: 0,
      end,
      message: 0,
      time: 0,
      host: '',
      program: '',
      pid: -1,
      source: 'mail.log',
      offset: 0,
    }
    expect(framer.frame(line)).toBe(true)
    parser.read(line)
  }
  const opening = `Nov 25 03:46:36 mx1 postfix/${program}[1]: connect from unknown[192.0.2.1]`
  frameAndRead(opening, lineText(opening).bytes, opening.length)
  const whole = `Nov 25 03:46:36 mx1 postfix/${program}[1]: ${message}`
  const block = `${whole}\n${behind}`
  const counted = new CountedText(block)
  frameAndRead(counted as unknown as string, countedBytes(block, counted), whole.length)
  return counted.looked
}

const PEER = 'unknown[192.0.2.1]'
const fill = (part: string, length: number): string => part.repeat(Math.ceil(length / part.length)).slice(0, length)

const LONG_LINES: readonly (readonly [string, string, (n: number) => string])[] = [
  ['a name without an end', 'smtpd', (n) => `connect from ${fill('a', n)}`],
  ['brackets without an end', 'smtpd', (n) => `connect from a${fill('[', n)}`],
  ['counters without an end', 'smtpd', (n) => `disconnect from ${PEER}${fill(' ehlo=1', n)}`],
  ['digits without an end', 'smtpd', (n) => `disconnect from ${PEER} ehlo=${fill('1', n)}`],
  ['a summary of blanks', 'smtpd', (n) => `Anonymous TLS connection established from ${PEER}: ${fill(' ', n)}`],
  [
    'a summary of sections',
    'smtpd',
    (n) =>
      `Anonymous TLS connection established from ${PEER}: TLSv1.3 with cipher X (1/1 bits)${fill(' key-exchange (server-signature', n)}`,
  ],
  ['an endless SNI', 'smtpd', (n) => `Anonymous TLS connection established from ${PEER} to ${fill('a.', n)}`],
  ['an endless failure', 'smtpd', (n) => `SSL_accept error from ${PEER}: ${fill('error:', n)}`],
  ['an endless library problem', 'smtpd', (n) => `warning: TLS library problem: ${fill('error:0A:', n)}`],
  ['froms without an end', 'smtpd', (n) => `NOQUEUE: reject: RCPT${fill(' from ', n)}`],
  ['a reject of envelopes', 'smtpd', (n) => `NOQUEUE: reject: RCPT from ${PEER}: 550${fill('; from=<a> to=<', n)}`],
  ['a reject of HELOs', 'smtpd', (n) => `NOQUEUE: reject: RCPT from ${PEER}: 550${fill(' helo=<', n)}>`],
  ['colons without an end', 'smtpd', (n) => fill(': ', n)],
  ['a certificate of commas', 'smtpd', (n) => `${PEER}: subject_CN=${fill(', cert fingerprint=', n)}`],
  ['a sender of quotes', 'qmgr', (n) => `62DEF9B0B19: from=<${fill('"@', n)}>, size=1, nrcpt=1`],
  ['a recipient of relays', 'smtp', (n) => `62DEF9B0B19: to=<${fill('a>, relay=', n)}`],
  ['a quoted recipient of relays', 'smtp', (n) => `62DEF9B0B19: to=<"${fill('a>, relay=', n)}`],
  [
    'an endless reply',
    'smtp',
    (n) =>
      `62DEF9B0B19: to=<a@b.example>, relay=b[192.0.2.9]:25, delay=1, delays=0/0/0/1, dsn=4.0.0, status=deferred (${fill('host (in reply to ', n)})`,
  ],
  [
    'delays without an end',
    'smtp',
    (n) => `62DEF9B0B19: to=<a@b.example>, relay=b[192.0.2.9]:25, delay=1, delays=${fill('0/', n)}, status=sent (ok)`,
  ],
  ['a sentence without an end', 'smtp', (n) => `62DEF9B0B19: ${fill('lost connection with ', n)}`],
  ['a note of postscreen', 'postscreen', (n) => `PREGREET 1 after 0 ${fill('from ', n)}`],
  ['a reject of postscreen', 'postscreen', (n) => `NOQUEUE: reject: RCPT${fill(' from ', n)}`],
  ['peers of tlsproxy', 'tlsproxy', (n) => `TLS handshake failed for service=smtpd${fill(' peer=', n)}`],
  ['a repeated message', 'smtpd', (n) => `message repeated 2 times: [${fill(' message repeated 2 times: [', n)}`],
]

describe('no line blows up', () => {
  it('and the count would show it: work on a line is at least its length where all of it is read', () => {
    const counters = fill(' ehlo=1', 7000)
    expect(work('smtpd', `disconnect from ${PEER}${counters}`, '')).toBeGreaterThan(counters.length)
    const text = new CountedText('a'.repeat(1000))
    for (let at = 0; at < 1000; at++) text.indexOf('b', at)
    expect(text.looked).toBeGreaterThan(500_000 - 1000)
  })

  it.each(LONG_LINES)('twice the length is at most twice the work: %s', (_what, program, message) => {
    const short = work(program, message(16_000), '')
    const long = work(program, message(32_000), '')
    expect(long).toBeLessThanOrEqual(2 * short + 200)
  })

  it.each(LONG_LINES)('what stands behind a line in its block is no work: %s', (_what, program, message) => {
    const behind = fill('Nov 25 03:46:36 mx1 x: y\n', 100_000)
    expect(work(program, message(500), behind)).toBe(work(program, message(500), ''))
  })
})
