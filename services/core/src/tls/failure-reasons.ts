import type { Direction } from '@tlsrep/schemas'
import { alertName, alertVerdict, GNUTLS_ALERTS } from './alerts.ts'
import { FAILURE_WORDS, type FailureVerdict, verdict } from './failure-words.ts'
import { rememberAnswers } from './name-cache.ts'

export type { FailureVerdict } from './failure-words.ts'

// As long as error_text of the negotiation record may be.
const MAX_WORDS_LENGTH = 512

const findInbound = rememberAnswers((words) => classify(words, 'inbound'), MAX_WORDS_LENGTH)
const findOutbound = rememberAnswers((words) => classify(words, 'outbound'), MAX_WORDS_LENGTH)

/**
 * Why a handshake failed and whose fault that was, from the words that the MTA or its TLS library left: an OpenSSL reason
 * text of any generation (openSslReason gets it out of an error string), a GnuTLS sentence with or without Exim's
 * `rxd alert: `, a strerror text, Node's, rustls's or Schannel's words, Sendmail's `reason=…, SSL_error=n`. Undefined for
 * words that are not known.
 *
 * Fault is `peer` only where the words prove it. What an alert says is the peer's opinion of us, so its fault is
 * `unknown`, but for the peer's own internal error.
 *
 * Case is ignored with one exception: GnuTLS names an alert from the peer as OpenSSL names what it found itself
 * (`Internal error` and `internal error`, `Decryption failed`, `Unexpected message`, …), and only the capital tells which.
 */
export function findFailureReason(words: string, direction: Direction): FailureVerdict | undefined {
  return direction === 'inbound' ? findInbound(words) : findOutbound(words)
}

function classify(raw: string, direction: Direction): FailureVerdict | undefined {
  const words = bare(raw)
  if (GNUTLS_ALERTS.has(words)) return alertVerdict(words)
  const lower = words.toLowerCase()
  if (lower.startsWith(SENDMAIL_REASON)) return classifySendmail(words, direction)
  if (isOpenSmtpdWithoutCipher(lower)) return connectionLost
  const known = FAILURE_WORDS[direction].get(lower)
  if (known !== undefined) return known
  const alert = alertName(lower)
  if (alert !== undefined) return alertVerdict(alert)
  return gnutlsAlertsLower.has(lower) ? alertVerdict(lower) : undefined
}

const gnutlsAlertsLower: ReadonlySet<string> = new Set([...GNUTLS_ALERTS].map((name) => name.toLowerCase()))

/** Without blanks around, quotes that a log's quoting left, and the closing full stop of GnuTLS's sentences. */
function bare(raw: string): string {
  let start = 0
  let end = raw.length
  while (start < end && isEdge(raw.charCodeAt(start))) start += 1
  while (end > start && (isEdge(raw.charCodeAt(end - 1)) || raw[end - 1] === '.')) end -= 1
  return raw.slice(start, end)
}

function isEdge(code: number): boolean {
  return code <= 0x20 || code === 0x22
}

const connectionLost = verdict('connection_lost', 'unknown')
const timeout = verdict('timeout', 'unknown')

const SENDMAIL_REASON = 'reason='
const SENDMAIL_CODE = ', ssl_error='

// SSL_get_error's codes, which alone tell what `reason=unknown` was: want-read and want-write when the time was up,
// a system call (reset or closed), close_notify.
const SSL_ERRORS: ReadonlyMap<number, FailureVerdict> = new Map([
  [2, timeout],
  [3, timeout],
  [5, connectionLost],
  [6, connectionLost],
])

/** Sendmail's `reason=unsupported protocol, SSL_error=1, errno=0, …` (tls.c, 8.15 and later). */
function classifySendmail(words: string, direction: Direction): FailureVerdict | undefined {
  const lower = words.toLowerCase()
  const codeAt = lower.indexOf(SENDMAIL_CODE)
  const reason = words.slice(SENDMAIL_REASON.length, codeAt === -1 ? words.length : codeAt)
  if (reason.toLowerCase().startsWith(SENDMAIL_REASON)) return undefined
  if (reason.toLowerCase() !== 'unknown') return classify(reason, direction)
  return codeAt === -1 ? undefined : SSL_ERRORS.get(Number.parseInt(lower.slice(codeAt + SENDMAIL_CODE.length), 10))
}

/** OpenSMTPD calls a handshake that close_notify ended one of no cipher: `tls ciphers=TLSv1.2:(NONE):0`. */
function isOpenSmtpdWithoutCipher(lower: string): boolean {
  return lower.startsWith('tls ciphers=') && lower.endsWith(':(none):0')
}
