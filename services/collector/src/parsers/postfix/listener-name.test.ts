import { describe, expect, it } from 'vitest'
import { defaultListenerName } from './listener-name.ts'

describe('defaultListenerName', () => {
  it.each([
    ['postfix/smtpd', 'mx'],
    ['postfix/postscreen', 'mx'],
    ['postfix/smtp/smtpd', 'mx'],
    ['postfix/submission/smtpd', 'submission'],
    ['postfix/submissions/smtpd', 'submissions'],
    ['postfix/smtps/smtpd', 'submissions'],
    ['postfix/10025/smtpd', '10025'],
    ['postfix-mx1/smtpd', 'postfix-mx1/mx'],
    ['postfix-mx1/submission/smtpd', 'postfix-mx1/submission'],
    ['postfix-out/smtps/smtpd', 'postfix-out/submissions'],
  ])('%s is %s', (program, name) => {
    expect(defaultListenerName(program)).toBe(name)
  })
})
