import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFramer } from './frame-line.ts'
import { lineText } from './line-bytes.ts'
import { DECEMBER_2026, type Frame, frame, frameOf, lineOf } from './test-support.ts'

const LINES = [
  'Nov 25 03:41:55 mx1 postfix/smtpd[2303]: EE2429B0ADE: client=unknown[192.0.2.149]',
  '<22>Oct  5 23:45:10 mailrouter postfix/smtpd[14020]: [ID 197553 mail.info] connect from unknown[192.0.2.149]',
  '2026-11-25T03:43:27.087058+00:00 mx1 postfix/smtpd[5168]: SSL_accept error from unknown[192.0.2.131]: -1',
  '<22>2026-11-25T03:43:27+0100 mx1 dovecot: imap-login: Login',
  '<22>1 2026-01-12T00:42:53.123456Z host postfix/smtpd 14020 - [x y="z\\]"][z] \u00ef\u00bb\u00bftext',
  '2025 Oct  5 23:45:10.125 mx1 postfix/smtpd[5168]: text',
]

function read(text: string, offset = 1) {
  return frameOf(createFramer(DECEMBER_2026), text, offset)
}

function framed(text: string): Frame {
  const answer = read(text)
  if (typeof answer === 'string') throw new Error(`${answer}: ${text}`)
  return answer
}

describe('a cut line', () => {
  it.each(LINES)('has no frame or a consistent one: %s', (text) => {
    const whole = framed(text)
    for (let length = 0; length < text.length; length++) {
      const cut = read(text.slice(0, length))
      if (typeof cut === 'string') continue
      expect(cut).toMatchObject({ time: whole.time, host: whole.host })
      expect(text.slice(0, length).endsWith(cut.message)).toBe(true)
      if (cut.program !== '') expect(cut).toMatchObject({ program: whole.program, pid: whole.pid })
    }
  })

  it.each(LINES)('never gets anything from the lines around it: %s', (text) => {
    for (let length = 0; length <= text.length; length++) {
      const cut = text.slice(0, length)
      const alone = { ...lineOf(cut), ...lineText(cut), start: 0, end: cut.length }
      const answer = createFramer(DECEMBER_2026).frame(alone)
      expect(answer === true ? frame(alone) : answer).toEqual(read(cut))
    }
  })
})

describe('what is not text', () => {
  it('is empty when there is nothing or only blanks', () => {
    for (const text of ['', '\r', ' ', '\t  ']) expect(read(text)).toBe('empty')
  })

  it('is binary with a NUL, or with mostly control characters', () => {
    expect(read('Nov 25 03:41:55\u0000 mx1')).toBe('binary')
    expect(read('\u0001\u0002\u0003a')).toBe('binary')
    expect(read('\u001b[31mred\u001b[0m')).toBe('no_framing')
    expect(read('\u00fc\u0084\u0096\u009c')).toBe('no_framing')
  })

  it('is not asked for when the line has a frame', () => {
    expect(read('Nov 25 03:41:55 mx1 p[1]: \u0000\u0001')).toMatchObject({ message: '\u0000\u0001' })
  })

  it('is binary when it is UTF-16', () => {
    const text = Buffer.from(LINES[0] ?? '', 'utf16le').toString('latin1')
    expect(read(text)).toBe('binary')
    expect(read(`\u00ff\u00fe${text}`, 0)).toBe('binary')
  })
})

describe('a line', () => {
  it('loses a byte order mark at the beginning of a source, and only there', () => {
    const text = `\u00ef\u00bb\u00bf${LINES[0]}`
    const line = lineOf(text, 0)
    expect(createFramer(DECEMBER_2026).frame(line)).toBe(true)
    expect(line.text.slice(line.start, line.end)).toBe(LINES[0])
    expect(frame(line)).toEqual(framed(LINES[0] ?? ''))
    expect(read(text, 1)).toBe('no_framing')
    expect(read('\u00ef\u00bb\u00bf', 0)).toBe('empty')
  })

  it('loses one carriage return at its end', () => {
    for (const text of LINES) expect(read(`${text}\r`)).toEqual(read(text))
    expect(read(`${LINES[0]}\r\r`)).toMatchObject({ message: 'EE2429B0ADE: client=unknown[192.0.2.149]\r' })
  })

  it('keeps bytes of any encoding in host and message', () => {
    const host = 'm\u00fcnchen-\u00c3\u00bc'
    const message = 'connect from \u00ff\u00fe[192.0.2.1]'
    expect(read(`Nov 25 03:41:55 ${host} p[1]: ${message}`)).toMatchObject({ host, program: 'p', message })
  })

  it('is read from its beginning only, whatever the message looks like', () => {
    for (const [index, text] of LINES.entries()) {
      const forged = LINES[(index + 1) % LINES.length] ?? ''
      const whole = framed(text)
      expect(read(`${text}${forged}`)).toEqual({ ...whole, message: whole.message + forged })
    }
  })

  it('may be a mebibyte long', () => {
    const long = 'x'.repeat(1 << 20)
    expect(read(`Nov 25 03:41:55 mx1 p[1]: ${long}`)).toMatchObject({ pid: 1, message: long })
    expect(read(`Nov 25 03:41:55 mx1 ${long}`)).toBe('no_framing')
    expect(read(`Nov 25 03:41:55 ${long}`)).toBe('no_framing')
    expect(read(`<22>1 2026-01-12T00:42:53Z h p 1 - [x y="${long}"] m`)).toMatchObject({ pid: 1, message: 'm' })
    expect(read(`<22>1 2026-01-12T00:42:53Z h p 1 - [x y="${long}`)).toBe('no_framing')
    expect(read(long)).toBe('no_framing')
  })
})

describe('a framer', () => {
  it('finds the framing of each line and counts by framing', () => {
    const framer = createFramer(DECEMBER_2026)
    for (const text of [...LINES, 'x', ...LINES]) frameOf(framer, text)
    expect(framer.counts).toEqual({ rfc3164: 6, rfc3339: 4, rfc5424: 2 })
  })

  it('reads a mixed file like each line by itself', () => {
    const framer = createFramer(DECEMBER_2026)
    for (const text of [...LINES, ...LINES.toReversed(), ...LINES]) expect(frameOf(framer, text)).toEqual(read(text))
  })

  it('gives the same string object for the same name', () => {
    const framer = createFramer(DECEMBER_2026)
    const first = lineOf('Nov 25 03:41:55 mx1.example.org postfix/submission/smtpd[1]: a')
    const second = lineOf('<22>1 2026-11-25T03:41:55Z mx1.example.org postfix/submission/smtpd 1 - - b')
    expect([framer.frame(first), framer.frame(second)]).toEqual([true, true])
    expect(Object.is(first.host, second.host) && Object.is(first.program, second.program)).toBe(true)
  })

  it('never throws, and answers by the text alone', () => {
    const piece = fc.constantFrom(
      '<22>',
      '1 ',
      'Nov 25 03:41:55',
      ' ',
      '2026-11-25T03:41:55',
      'Z',
      '+01:00',
      '.5',
      'mx1',
      'p[1]:',
      '[',
      ']',
      '"',
      '\\',
      '-',
      '=',
      '\u0000',
      '\r',
      '\u00ef\u00bb\u00bf',
    )
    const text = fc
      .array(fc.oneof(piece, fc.string({ unit: 'binary-ascii', maxLength: 5 })))
      .map((parts) => parts.join(''))
    const framer = createFramer(DECEMBER_2026)
    fc.assert(
      fc.property(text, (line) => {
        expect(frameOf(framer, line)).toEqual(read(line))
      }),
    )
  })
})

describe('the same session text', () => {
  const two = (value: number) => String(value).padStart(2, '0')
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
  const name = fc.stringMatching(/^[a-z][a-z0-9./-]{0,30}$/)
  const message = fc.string({ unit: 'binary-ascii', maxLength: 80 }).filter((text) => !/^ |^\[ID |\r$/.test(text))
  const second = fc.integer({ min: Date.UTC(2026, 0, 1) / 1000, max: Date.UTC(2026, 10, 30) / 1000 })

  it('says the same in every framing', () => {
    const framer = createFramer(DECEMBER_2026)
    fc.assert(
      fc.property(name, name, fc.nat(4194304), message, second, (host, program, pid, text, at) => {
        const date = new Date(at * 1000)
        const iso = date.toISOString().slice(0, 19)
        const clock = iso.slice(11)
        const month = months[date.getUTCMonth()]
        const day = date.getUTCDate()
        const tail = `${host} ${program}[${pid}]: ${text}`
        const expected = { time: `${iso}.000Z`, host, program, pid, message: text }
        for (const line of [
          `${month} ${String(day).padStart(2)} ${clock} ${tail}`,
          `<22>${month} ${two(day)} ${clock} ${tail}`,
          `${month} ${day} 2026 ${clock} ${tail}`,
          `2026 ${month} ${two(day)} ${clock} ${tail}`,
          `${iso}Z ${tail}`,
          `<22>${iso}.000000+00:00 ${tail}`,
          `<22>1 ${iso}Z ${host} ${program} ${pid} - - ${text}`,
          `<22>1 ${iso}.000-00:00 ${host} ${program} ${pid} ID [a b="\\]"] \u00ef\u00bb\u00bf${text}`,
        ]) {
          expect(frameOf(framer, line)).toEqual(expected)
        }
      }),
    )
  })
})
