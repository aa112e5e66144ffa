import { describe, expect, it } from 'vitest'
import { createFramer } from './frame-line.ts'
import { DECEMBER_2026, type Frame, frameOf, timeOf } from './test-support.ts'

function read(text: string) {
  return frameOf(createFramer(DECEMBER_2026), text)
}

describe('rfc3164', () => {
  it.each<[string, Frame]>([
    [
      'Nov 25 03:41:55 mx1 postfix/smtpd[2297]: SSL_accept error from unknown[2001:db8:48:c522::9dd0]: -1',
      {
        time: '2026-11-25T03:41:55.000Z',
        host: 'mx1',
        program: 'postfix/smtpd',
        pid: 2297,
        message: 'SSL_accept error from unknown[2001:db8:48:c522::9dd0]: -1',
      },
    ],
    [
      'Nov 25 03:46:34 mx1 postfix/master[1]: daemon started -- version 3.10.13, configuration /etc/postfix',
      {
        time: '2026-11-25T03:46:34.000Z',
        host: 'mx1',
        program: 'postfix/master',
        pid: 1,
        message: 'daemon started -- version 3.10.13, configuration /etc/postfix',
      },
    ],
    [
      '<22>Oct  5 23:45:10 host postfix/smtpd[14020]: connect from unknown[192.0.2.149]',
      {
        time: '2026-10-05T23:45:10.000Z',
        host: 'host',
        program: 'postfix/smtpd',
        pid: 14020,
        message: 'connect from unknown[192.0.2.149]',
      },
    ],
    [
      'Oct  5 23:45:10 mailrouter postfix/smtpd[14020]: [ID 197553 mail.info] connect from unknown[192.0.2.149]',
      {
        time: '2026-10-05T23:45:10.000Z',
        host: 'mailrouter',
        program: 'postfix/smtpd',
        pid: 14020,
        message: 'connect from unknown[192.0.2.149]',
      },
    ],
    [
      'Sep  7 18:38:01 mail postfix/submission/smtpd[5384]: disconnect from unknown[192.0.2.7]',
      {
        time: '2026-09-07T18:38:01.000Z',
        host: 'mail',
        program: 'postfix/submission/smtpd',
        pid: 5384,
        message: 'disconnect from unknown[192.0.2.7]',
      },
    ],
  ])('reads %s', (text, expected) => {
    expect(read(text)).toEqual(expected)
  })

  it.each([
    ['Sep  7 18:38:01', '2026-09-07T18:38:01.000Z'],
    ['Sep 07 18:38:01', '2026-09-07T18:38:01.000Z'],
    ['Sep 7 18:38:01', '2026-09-07T18:38:01.000Z'],
    ['Oct  5 2025 23:45:10', '2025-10-05T23:45:10.000Z'],
    ['Oct 05 2025 23:45:10', '2025-10-05T23:45:10.000Z'],
    ['2025 Oct  5 23:45:10', '2025-10-05T23:45:10.000Z'],
    ['2024 Feb 29 23:45:10', '2024-02-29T23:45:10.000Z'],
    ['Nov 25 03:46:34.5', '2026-11-25T03:46:34.500Z'],
    ['Nov 25 03:46:34.123456', '2026-11-25T03:46:34.123Z'],
    ['Jun 30 23:59:60', '2026-07-01T00:00:00.000Z'],
  ])('reads the stamp %s with and without a priority', (stamp, time) => {
    const rest = { host: 'mail', program: 'postfix/smtpd', pid: 5, message: 'm' }
    expect(read(`${stamp} mail postfix/smtpd[5]: m`)).toEqual({ time, ...rest })
    expect(read(`<22>${stamp} mail postfix/smtpd[5]: m`)).toEqual({ time, ...rest })
  })

  it.each([
    'Nov 31 03:46:34',
    'Nov 00 03:46:34',
    'Feb 30 03:46:34',
    'Nov 25 24:00:00',
    'Nov 25 03:60:34',
    'Nov 25 03:46:61',
    'Feb 29 2025 03:46:34',
    '2025 Feb 29 03:46:34',
    'Nov 25 1969 03:46:34',
  ])('calls %s a bad stamp', (stamp) => {
    expect(read(`${stamp} mail postfix/smtpd[5]: m`)).toBe('bad_stamp')
  })

  it.each([
    'nov 25 03:46:34 mail postfix/smtpd[5]: m',
    'Nov25 03:46:34  mail postfix/smtpd[5]: m',
    'Nov 25  03:46:34 mail postfix/smtpd[5]: m',
    'Nov 25 3:46:34 mail postfix/smtpd[5]: m',
    'Nov 25 03:46:34. mail postfix/smtpd[5]: m',
    'Nov 25 03:46:34.1234567890 mail postfix/smtpd[5]: m',
    'Nov 25 03:46:34  postfix/smtpd[5]: m',
    'Nov 25 03:46:34mail postfix/smtpd[5]: m',
    '<>Nov 25 03:46:34 mail postfix/smtpd[5]: m',
    '<192>Nov 25 03:46:34 mail postfix/smtpd[5]: m',
    '<0022>Nov 25 03:46:34 mail postfix/smtpd[5]: m',
    '<2x>Nov 25 03:46:34 mail postfix/smtpd[5]: m',
    '<22Nov 25 03:46:34 mail postfix/smtpd[5]: m',
    '2025-Oct-05 23:45:10 mail postfix/smtpd[5]: m',
    ' Suggested action: use keep_environment.',
    'Using iconv-lite only. To support rare encodings: npm install iconv',
  ])('is not the framing of %s', (text) => {
    expect(read(text)).toBe('no_framing')
  })

  it.each<[string, Pick<Frame, 'program' | 'pid' | 'message'>]>([
    ['dovecot: imap-login: Login', { program: 'dovecot', pid: -1, message: 'imap-login: Login' }],
    ['kernel: [12.5] up', { program: 'kernel', pid: -1, message: '[12.5] up' }],
    ['sshd(pam_unix)[77]: x', { program: 'sshd(pam_unix)', pid: 77, message: 'x' }],
    ['postfix-mx1/smtpd[4294967295]: x', { program: 'postfix-mx1/smtpd', pid: 4294967295, message: 'x' }],
    ['Mail::Filter[3]: x', { program: 'Mail::Filter', pid: 3, message: 'x' }],
    ['app[main]: x', { program: 'app', pid: -1, message: 'x' }],
    ['app[]: x', { program: 'app', pid: -1, message: 'x' }],
    ['app[12345678901]: x', { program: 'app', pid: -1, message: 'x' }],
    ['app[1]:', { program: 'app', pid: 1, message: '' }],
    ['app[1]:  x', { program: 'app', pid: 1, message: ' x' }],
    ['app[1]:x', { program: '', pid: -1, message: 'app[1]:x' }],
    ['app[1] x', { program: '', pid: -1, message: 'app[1] x' }],
    ['app[1', { program: '', pid: -1, message: 'app[1' }],
    ['[1]: x', { program: '', pid: -1, message: '[1]: x' }],
    [': x', { program: '', pid: -1, message: ': x' }],
    ['last message repeated 3 times', { program: '', pid: -1, message: 'last message repeated 3 times' }],
    ['-- MARK --', { program: '', pid: -1, message: '-- MARK --' }],
    ['2001:db8::1 said: hello', { program: '', pid: -1, message: '2001:db8::1 said: hello' }],
    ['', { program: '', pid: -1, message: '' }],
  ])('reads the tag of %s', (tail, expected) => {
    expect(read(`Nov 25 03:46:34 mail ${tail}`)).toMatchObject({ host: 'mail', ...expected })
  })

  it.each([
    ['[ID 1 mail.info] x', 'x'],
    ['[ID 1234567890 local7.debug] ', ''],
    ['[ID mail.info] x', '[ID mail.info] x'],
    ['[ID 1 mail info] x', '[ID 1 mail info] x'],
    ['[ID 1 mail.info]x', '[ID 1 mail.info]x'],
    ['[ID 12345678901234567 mail.info] x', '[ID 12345678901234567 mail.info] x'],
    ['[ID 1 mail.', '[ID 1 mail.'],
    ['[I', '[I'],
  ])('takes a Solaris message id off %s only when it is whole', (message, rest) => {
    expect(read(`Oct  5 23:45:10 h postfix/smtpd[1]: ${message}`)).toMatchObject({ pid: 1, message: rest })
  })

  it('reads what libc writes to the local socket, without a host', () => {
    expect(read('<22>Oct  5 23:45:10 postfix/smtpd[14020]: connect')).toMatchObject({
      host: '',
      program: 'postfix/smtpd',
      pid: 14020,
      message: 'connect',
    })
  })

  it('takes no name of more than 255 characters', () => {
    const name = 'n'.repeat(255)
    expect(read(`Oct  5 23:45:10 ${name} ${name}[1]: m`)).toMatchObject({ host: name, program: name, pid: 1 })
    expect(read(`Oct  5 23:45:10 ${name}n p[1]: m`)).toBe('no_framing')
    expect(read(`Oct  5 23:45:10 h ${name}n[1]: m`)).toBe('no_framing')
  })
})

describe('a head that is none, between two lines that begin alike', () => {
  const line = 'Nov 25 03:41:55 mx1 postfix/smtpd[2297]: connect from unknown[192.0.2.1]'
  it.each([
    'Nov 99 03:00:00 mx1 postfix/smtpd[1]: no month has this day',
    'Jan 12 25:00:00 mx1 postfix/smtpd[1]: no clock shows this',
    'Mar  7 03:00:00 ',
    'Mar  7 03:00:00x',
  ])('does not change the time of the second: %j', (none) => {
    const framer = createFramer(DECEMBER_2026)
    expect(timeOf(framer, line)).toBe('2026-11-25T03:41:55.000Z')
    timeOf(framer, none)
    // As for a log that is being written: times that were worked out have to be worked out again.
    framer.receivedAt(DECEMBER_2026.notAfter + 1000)
    expect(timeOf(framer, line)).toBe('2026-11-25T03:41:55.000Z')
  })
})
