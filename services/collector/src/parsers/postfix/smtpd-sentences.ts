import { indexWithin, says } from '../../within.ts'

/** No verb of smtpd's own stands further from its peer. */
export const SENTENCE_MAX = 64

export const RATE_LIMITS = ['Refusing STARTTLS request', 'New TLS session rate limit exceeded']
export const MAIL_STAGES = ['RCPT', 'MAIL', 'DATA', 'BDAT', 'END-OF-MESSAGE']
const ENDINGS = [
  'lost connection after ',
  'timeout after ',
  'too many errors after ',
  'improper command pipelining after ',
  'SMTP session error after ',
  'bare <LF> received after ',
]

/** What kind of sentence stands between `at` and ` from `; `action` is the index of the SMTP stage behind `<action>: `, or -1. */
export function sentence(text: string, at: number, from: number): { ending: boolean; action: number } {
  for (const words of ENDINGS) if (says(text, at, words)) return { ending: true, action: -1 }
  const colon = indexWithin(text, ': ', at, from)
  return { ending: false, action: colon > 0 ? colon + 2 : -1 }
}
