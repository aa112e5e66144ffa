import { check } from '@tlsrep/collector/pipeline/reconciliation'
import type { TlsNegotiation } from '@tlsrep/schemas'
import { expect } from 'vitest'
import { type ParsedLog, type ParseLogOptions, parseLog } from './parse-log.ts'

/** Fields of an event that a test speaks about. */
export type Told = Partial<TlsNegotiation>

const DAY = 'Nov 25'
const STAMPED = /^(?:[A-Z][a-z]{2} [ 0-9]\d |\d{4}-)/
const TIMED = /^\d\d:\d\d:\d\d /

/**
 * A log of host mx1 out of lines such as `smtpd[2303]: connect from …`, which get the rest of what syslogd writes; a time of day or a
 * whole stamp may stand before them.
 */
export function logOf(lines: readonly string[]): string {
  return lines.map((line) => `${stamped(line)}\n`).join('')
}

function stamped(line: string): string {
  if (STAMPED.test(line)) return line
  const time = TIMED.test(line) ? line.slice(0, 8) : '03:46:36'
  const said = TIMED.test(line) ? line.slice(9) : line
  return `${DAY} ${time} mx1 ${/^[\w-]+\//.test(said) ? '' : 'postfix/'}${said}`
}

/** Parses and asserts that every line and every session is accounted for. */
export async function parseBalanced(log: string | Uint8Array, options: ParseLogOptions = {}): Promise<ParsedLog> {
  const parsed = await parseLog(log, options)
  expect(check(parsed.account)).toEqual({ lines: true, sessions: true })
  return parsed
}

export async function eventsOf(lines: readonly string[]): Promise<TlsNegotiation[]> {
  return (await parseBalanced(logOf(lines))).events
}

const TLS13 =
  'TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256'

/** A session under STARTTLS with one mail, as Postfix 3.7 logs it at TLS loglevel 1. */
export function tlsSession(pid: number, peer: string, queueId = '0F1E9B0B1A'): string[] {
  return [
    `smtpd[${pid}]: connect from ${peer}`,
    `smtpd[${pid}]: Anonymous TLS connection established from ${peer}: ${TLS13}`,
    `smtpd[${pid}]: ${queueId}: client=${peer}`,
    `smtpd[${pid}]: disconnect from ${peer} ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7`,
  ]
}

/** A session in clear with one mail. */
export function clearSession(pid: number, peer: string, queueId = '0F1E9B0B1B'): string[] {
  return [
    `smtpd[${pid}]: connect from ${peer}`,
    `smtpd[${pid}]: ${queueId}: client=${peer}`,
    `smtpd[${pid}]: disconnect from ${peer} ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5`,
  ]
}

/** The last event; a test without one fails. */
export function lastOf(events: readonly TlsNegotiation[]): TlsNegotiation {
  const event = events.at(-1)
  if (event === undefined) throw new Error('no event')
  return event
}
