import type { PeerCertificate } from '@tlsrep/schemas'

const CERTIFICATE_STATES: readonly (readonly [string, PeerCertificate])[] = [
  ['self-signed certificate', 'self_signed'],
  ['self signed certificate', 'self_signed'],
  ['certificate has expired', 'expired'],
  ['not yet valid', 'not_yet_valid'],
  ['revoked', 'revoked'],
  ['hostname mismatch', 'name_mismatch'],
]

/** What a failed check of the peer's certificate found (tls_verify.c). */
export function certificateState(text: string, from: number, end: number): PeerCertificate {
  const words = text.slice(from, Math.min(end, from + 512))
  for (const [part, state] of CERTIFICATE_STATES) if (words.includes(part)) return state
  return 'untrusted'
}

/**
 * The summary's trust word says less than a check said before it: of a failed one, unless the peer was verified after all; of a match
 * with DANE, if it was.
 */
export function worse(checked: PeerCertificate | null, trust: PeerCertificate | null): PeerCertificate | null {
  if (checked === 'dane_verified') return trust === 'verified' ? checked : trust
  return checked === null || trust === 'verified' || trust === 'none' ? trust : checked
}
