import type { TlsVersion } from '@tlsrep/schemas'
import { rememberAnswers } from './name-cache.ts'

/**
 * How good a facet of a negotiation is, best first. The levels are those of NCSC-NL's guidelines as Internet.nl applies them to mail;
 * what that list calls insufficient and nobody should speak at all is split off as forbidden.
 */
export const GRADES = ['good', 'sufficient', 'phase_out', 'insufficient', 'forbidden'] as const
export type Grade = (typeof GRADES)[number]

/** What of a cipher suite is judged, each by itself: a suite can be AEAD and have no forward secrecy. */
export interface CipherFacets {
  encryption: Grade
  /** The MAC, or the tag of an AEAD. */
  integrity: Grade
  /** Key exchange and who signs it; `anonymous` is for the policy to judge: opportunistic SMTP authenticates nobody anyway. */
  key_exchange: Grade | 'anonymous'
}

export function worseOf(a: Grade, b: Grade): Grade {
  return GRADES.indexOf(a) < GRADES.indexOf(b) ? b : a
}

const VERSION_GRADES: Record<TlsVersion, Grade> = {
  // RFC 9325 section 3.1.1: MUST NOT negotiate SSL 2, SSL 3, TLS 1.0, TLS 1.1; MUST support 1.2; MUST prefer 1.3.
  SSLv2: 'forbidden',
  SSLv3: 'forbidden',
  TLSv1_0: 'insufficient',
  TLSv1_1: 'insufficient',
  TLSv1_2: 'sufficient',
  TLSv1_3: 'good',
}

export function versionGrade(version: TlsVersion): Grade {
  return VERSION_GRADES[version]
}

/**
 * Facets of a suite by its IANA name. The worst of them, with anonymous key exchange taken as forbidden, is Internet.nl's level of the
 * suite. Undefined for what is no suite's name.
 */
export const cipherFacets: (name: string) => CipherFacets | undefined = rememberAnswers((name) => {
  if (!name.startsWith('TLS_') || name.endsWith('_SCSV')) return undefined
  return { encryption: encryptionGrade(name), integrity: integrityGrade(name), key_exchange: keyExchange(name) }
})

/** Before TLS 1.3 a suite names its key exchange, `TLS_X_WITH_Y`; since then only the cipher. */
function isTls13(name: string): boolean {
  return !name.includes('_WITH_')
}

function encryptionGrade(name: string): Grade {
  // The last: TLS 1.3 for integrity alone (RFC 9150).
  if (/_NULL_|_EXPORT|_RC4_|_RC2_|_DES_CBC|^TLS_SHA(256|384)_/.test(name)) return 'forbidden'
  // Blocks of 64 bits: Sweet32, CVE-2016-2183.
  if (/_3DES_|_IDEA_/.test(name)) return 'insufficient'
  if (isTls13(name) && /_AES_256_GCM|_CHACHA20_/.test(name)) return 'good'
  return isTls13(name) || /_AES_\d+_[GC]CM|_CHACHA20_/.test(name) ? 'sufficient' : 'phase_out'
}

function integrityGrade(name: string): Grade {
  if (name.endsWith('_MD5')) return 'forbidden'
  return name.endsWith('_SHA') || name.includes('_CCM_8') ? 'insufficient' : 'good'
}

function keyExchange(name: string): Grade | 'anonymous' {
  if (isTls13(name)) return 'good'
  if (name.includes('_anon_')) return 'anonymous'
  if (/_PSK_|_SRP_|_DSS_|KRB5/.test(name)) return 'insufficient'
  if (name.startsWith('TLS_ECDHE_')) return 'sufficient'
  return name.startsWith('TLS_DHE_') ? 'phase_out' : 'insufficient'
}
