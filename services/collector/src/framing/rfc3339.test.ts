import { describe, expect, it } from 'vitest'
import { createFramer } from './frame-line.ts'
import { DECEMBER_2026, type Frame, frameOf, timeOf } from './test-support.ts'

function read(text: string) {
  return frameOf(createFramer(DECEMBER_2026), text)
}

describe('rfc3339', () => {
  it.each<[string, Frame]>([
    [
      '2026-11-25T03:43:27.087058+00:00 mx1 postfix/smtpd[5168]: SSL_accept error from unknown[192.0.2.131]: -1',
      {
        time: '2026-11-25T03:43:27.087Z',
        host: 'mx1',
        program: 'postfix/smtpd',
        pid: 5168,
        message: 'SSL_accept error from unknown[192.0.2.131]: -1',
      },
    ],
    [
      '2026-11-25T03:53:24.752215+00:00 mx1 sm-mta[1246]: STARTTLS=server, Diffie-Hellman init, key=2048 bit (I)',
      {
        time: '2026-11-25T03:53:24.752Z',
        host: 'mx1',
        program: 'sm-mta',
        pid: 1246,
        message: 'STARTTLS=server, Diffie-Hellman init, key=2048 bit (I)',
      },
    ],
    [
      '2026-11-25T03:46:33.570380+00:00 mx1 smtpd[1215]: 4014991a2102d347 smtp connected address=[2001:db8:82:22b2::e178] host=<unknown>',
      {
        time: '2026-11-25T03:46:33.570Z',
        host: 'mx1',
        program: 'smtpd',
        pid: 1215,
        message: '4014991a2102d347 smtp connected address=[2001:db8:82:22b2::e178] host=<unknown>',
      },
    ],
  ])('reads %s', (text, expected) => {
    expect(read(text)).toEqual(expected)
  })

  it.each([
    ['2026-11-25T03:43:25Z', '2026-11-25T03:43:25.000Z'],
    ['2026-11-25t03:43:25z', '2026-11-25T03:43:25.000Z'],
    ['2026-11-25T03:43:25.1Z', '2026-11-25T03:43:25.100Z'],
    ['2026-11-25T03:43:25.12Z', '2026-11-25T03:43:25.120Z'],
    ['2026-11-25T03:43:25.123Z', '2026-11-25T03:43:25.123Z'],
    ['2026-11-25T03:43:25.123999999Z', '2026-11-25T03:43:25.123Z'],
    ['2026-11-25T03:43:25+01:00', '2026-11-25T02:43:25.000Z'],
    ['2026-11-25T03:43:25-0530', '2026-11-25T09:13:25.000Z'],
    ['2026-11-25T03:43:25.5+05:45', '2026-11-24T21:58:25.500Z'],
    ['2026-11-25T03:43:25-00:00', '2026-11-25T03:43:25.000Z'],
    ['2026-12-31T23:59:60Z', '2027-01-01T00:00:00.000Z'],
    ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00.000Z'],
    ['1970-01-01T00:00:00+01:00', '1969-12-31T23:00:00.000Z'],
  ])('reads the stamp %s with and without a priority', (stamp, time) => {
    expect(read(`${stamp} h p[1]: m`)).toEqual({ time, host: 'h', program: 'p', pid: 1, message: 'm' })
    expect(read(`<0>${stamp} h p[1]: m`)).toEqual({ time, host: 'h', program: 'p', pid: 1, message: 'm' })
  })

  it.each([
    '2026-13-25T03:43:25Z',
    '2026-11-31T03:43:25Z',
    '2025-02-29T03:43:25Z',
    '2026-11-25T24:43:25Z',
    '2026-11-25T03:60:25Z',
    '2026-11-25T03:43:61Z',
    '2026-11-25T03:43:25+24:00',
    '2026-11-25T03:43:25+01:60',
    '1969-11-25T03:43:25Z',
  ])('calls %s a bad stamp, each time again', (stamp) => {
    const framer = createFramer(DECEMBER_2026)
    expect(frameOf(framer, `${stamp} h p[1]: m`)).toBe('bad_stamp')
    expect(frameOf(framer, `${stamp} h p[1]: m`)).toBe('bad_stamp')
    expect(frameOf(framer, 'no stamp at all')).toBe('no_framing')
  })

  it.each([
    '2026-11-25T03:43:25.Z h p[1]: m',
    '2026-11-25T03:43:25.1234567890Z h p[1]: m',
    '2026-11-25T03:43:25,5Z h p[1]: m',
    '2026-11-25T03:43:25Zh p[1]: m',
    '2026-11-25T03:43:25+1:00 h p[1]: m',
    '2026-11-25T03:43:25+01 h p[1]: m',
    '2026-11-25T03:43:25X h p[1]: m',
    '2026-11-25T03:43 h p[1]: m with some more text',
    '2026/11/25T03:43:25Z h p[1]: m',
    '2026-11-25 03:56:07 Warning: purging the environment.',
    '2026-11-25T03:53:21.350Z',
    '2026-11-25T03:53:21.350Z [INFO] [-] [core] Starting up Haraka',
  ])('is not the framing of %s', (text) => {
    expect(read(text)).toBe('no_framing')
  })

  it('does not keep one line’s offset for another', () => {
    const framer = createFramer(DECEMBER_2026)
    const stamps = ['+01:00', '+01:00', 'Z', '+01:00', '-0100', '-01:00', '-01:00', '+0100']
    const hours = stamps.map((offset) => timeOf(framer, `2026-11-25T12:00:00${offset} h p[1]: m`).slice(11, 13))
    expect(hours).toEqual(['11', '11', '12', '11', '13', '13', '13', '11'])
  })

  it('takes a stamp without a zone for the host’s local time', () => {
    const framer = createFramer({ ...DECEMBER_2026, zone: 'Asia/Kathmandu', hostZones: new Map([['B', 'UTC']]) })
    expect(timeOf(framer, '2026-11-25T12:00:00 a p[1]: m')).toBe('2026-11-25T06:15:00.000Z')
    expect(timeOf(framer, '2026-11-25T12:00:00.250 b p[1]: m')).toBe('2026-11-25T12:00:00.250Z')
    expect(timeOf(framer, '2026-11-25T12:00:00Z a p[1]: m')).toBe('2026-11-25T12:00:00.000Z')
  })
})
