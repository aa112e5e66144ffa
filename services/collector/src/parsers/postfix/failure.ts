import { findFailureReason, openSslReason, type UnknownNames } from '@tlsrep/core'
import type { Direction } from '@tlsrep/schemas'
import { ownUtf8 } from '../../own-text.ts'
import type { Failure } from './smtpd-session.ts'

const WORDS_MAX = 512

/** A library problem is written in the same breath as the error that it explains. */
export const SAME_BREATH_MS = 1_000

/** What is known before, or without, a library problem: the connection ended in the handshake. */
const LOST: Omit<Failure, 'words'> = { reason: 'connection_lost', fault: 'unknown', byPlace: false }

/**
 * The end of `SSL_accept error from <namaddr>: …` or `SSL_connect error to …` (tls_server.c, tls_client.c): `-1` or `0` when the
 * library has more to say in the lines behind, a strerror text, or `lost connection`.
 */
export function statedFailure(
  text: string,
  from: number,
  end: number,
  direction: Direction,
  unknown: UnknownNames,
): Failure {
  const words = cutWords(text, from, end)
  if (words === '-1' || words === '0' || words === '') return { ...LOST, words }
  const found = findFailureReason(words, direction)
  if (found === undefined) unknown.count('reason', words)
  return { reason: found?.reason ?? 'other', fault: found?.fault ?? 'unknown', byPlace: false, words }
}

/**
 * A `TLS library problem` line. One failure may write up to three; the first that is in the list names the reason.
 * @returns undefined when the line has no reason that is known; then it is counted
 */
export function libraryFailure(
  text: string,
  from: number,
  end: number,
  direction: Direction,
  unknown: UnknownNames,
): Failure | undefined {
  const line = cutWords(text, from, end)
  const words = openSslReason(line) ?? line
  const found = findFailureReason(words, direction)
  if (found === undefined) {
    unknown.count('reason', words)
    return undefined
  }
  return { ...found, byPlace: true, words }
}

function cutWords(text: string, from: number, end: number): string {
  return ownUtf8(text, from, Math.min(end, from + WORDS_MAX))
}
