import type { TlsVersion } from '@tlsrep/schemas'
import { rememberAnswers } from './name-cache.ts'

const NUMBERED: readonly (readonly [version: TlsVersion, family: 'TLS' | 'SSL', number: string])[] = [
  ['SSLv2', 'SSL', '2'],
  ['SSLv3', 'SSL', '3'],
  ['TLSv1_0', 'TLS', '1.0'],
  ['TLSv1_1', 'TLS', '1.1'],
  ['TLSv1_2', 'TLS', '1.2'],
  ['TLSv1_3', 'TLS', '1.3'],
]

const spellings = new Map<string, TlsVersion>()
for (const [version, family, number] of NUMBERED) {
  for (const separator of ['', 'V', ' ', ' V', '-']) spellings.set(`${family}${separator}${number}`, version)
  if (family === 'SSL') spellings.set(`SSLV${number}.0`, version).set(`SSL${number}.0`, version)
}
// OpenSSL's name of TLS 1.0 has no minor number; a bare TLS1 could be any of them, and is not here.
spellings.set('TLSV1', 'TLSv1_0')

const SCHANNEL = 'SP_PROT_'

/**
 * The protocol version that a log's word names: OpenSSL's `TLSv1.2`, Exim's `TLS1.2` (before 4.80 `TLS-1.2`), rustls's
 * `TLSv1_2`, Exchange's `SP_PROT_TLS1_2_SERVER` (schannel.h). Undefined for what names no single version: OpenSSL's old
 * family label `TLSv1/SSLv3`, DTLS, `unknown`, `NONE`.
 */
export const findTlsVersion: (raw: string) => TlsVersion | undefined = rememberAnswers((raw) => {
  const name = raw.trim().toUpperCase()
  if (name.startsWith(SCHANNEL)) return findSchannel(name.slice(SCHANNEL.length))
  return spellings.get(name.replaceAll('_', '.'))
})

function findSchannel(name: string): TlsVersion | undefined {
  const side = ['_SERVER', '_CLIENT'].find((ending) => name.endsWith(ending))
  if (side === undefined) return undefined
  const protocol = name.slice(0, -side.length)
  // Schannel's constant for TLS 1.0 exists with and without the minor number.
  if (protocol === 'TLS1') return 'TLSv1_0'
  return spellings.get(protocol.replaceAll('_', '.'))
}
