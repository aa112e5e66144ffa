import { describe, expect, it } from 'vitest'
import { isLossNotice, speaksOfLoss } from './loss-notice.ts'

const says = (message: string): boolean => isLossNotice(message, 0, message.length)

describe('isLossNotice', () => {
  it.each([
    'imuxsock[pid 29156]: begin to drop messages due to rate-limiting',
    'imuxsock lost 253 messages from pid 1532 due to rate-limiting',
    'imjournal: 61 messages lost due to rate-limiting (20000 allowed within 600 seconds)',
    'imjournal: begin to drop messages due to rate-limiting',
    'Forwarding to syslog missed 12 messages.',
    'Suppressed 7124 messages from postfix@-.service',
    'Suppressed 64 messages from init.scope',
  ])('knows that lines were lost: %s', (message) => {
    expect(says(message)).toBe(true)
  })

  it.each([
    'Suppressed 7124 messages from /system.slice/named.service',
    '[origin software="rsyslogd" swVersion="8.2302.0"] start',
    'Journal started',
    'x'.repeat(100_000),
  ])('takes nothing else for loss: %.60s', (message) => {
    expect(says(message)).toBe(false)
  })

  it('listens to syslog daemons alone, as others may write these words', () => {
    expect(['rsyslogd', 'rsyslogd-2177', 'systemd-journald'].every(speaksOfLoss)).toBe(true)
    expect(['postfix/smtpd', 'sshd', 'rsyslogd-x', ''].some(speaksOfLoss)).toBe(false)
  })
})
