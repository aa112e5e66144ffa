import { type LineText, says, words } from '../../framing/line-bytes.ts'
import { indexWithin } from '../../within.ts'

/** No verb of smtpd's own stands further from its peer. */
export const SENTENCE_MAX = 64

export const RATE_LIMITS = ['Refusing STARTTLS request', 'New TLS session rate limit exceeded'].map(words)
export const MAIL_STAGES = ['RCPT', 'MAIL', 'DATA', 'BDAT', 'END-OF-MESSAGE'].map(words)
const ENDINGS = [
  'lost connection after ',
  'timeout after ',
  'too many errors after ',
  'improper command pipelining after ',
  'SMTP session error after ',
  'bare <LF> received after ',
].map(words)

/** What kind of sentence stands between `at` and ` from `; `action` is the index of the SMTP stage behind `<action>: `, or -1. */
export function sentence(line: LineText, at: number, from: number): { ending: boolean; action: number } {
  for (const ending of ENDINGS) if (says(line.bytes, at, ending)) return { ending: true, action: -1 }
  const colon = indexWithin(line.text, ': ', at, from)
  return { ending: false, action: colon > 0 ? colon + 2 : -1 }
}
