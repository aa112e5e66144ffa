import type { TlsVersion } from '@tlsrep/schemas'
import { noonOf } from './decay.ts'
import type { EvidenceRow } from './evidence-row.ts'

/** A day in the middle of nowhere, for tests: 2026-11-25. */
export const TODAY = 20_782
export const NOON = noonOf(TODAY)

/** A row with nothing special about it: `sessions` of one mail each, negotiated with TLS 1.3. */
export function tls(
  sessions: number,
  day = TODAY,
  version: TlsVersion = 'TLSv1_3',
  cipher: string | null = null,
): EvidenceRow {
  return {
    day,
    direction: 'inbound',
    listener: 'mx',
    outcome: 'negotiated',
    fault: 'none',
    tls_version: version,
    cipher,
    downgrade: null,
    excused: false,
    sessions,
    mails_accepted: sessions,
    mails_rejected: 0,
    mails_plaintext: 0,
  }
}

export function plaintext(sessions: number, day = TODAY): EvidenceRow {
  return {
    ...tls(sessions, day),
    outcome: 'plaintext',
    fault: 'peer',
    tls_version: null,
    cipher: null,
    mails_plaintext: sessions,
  }
}

/** Pairs of a failed handshake and mail in clear. */
export function pairs(count: number, day = TODAY): EvidenceRow {
  return { ...plaintext(count, day), downgrade: 'D2' }
}
