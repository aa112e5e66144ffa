import type { TlsVersion } from '@tlsrep/schemas'
import { CIPHER_SUITE_ROWS } from './cipher-suites.generated.ts'
import { type GnuTlsComposite, parseGnuTlsComposite } from './gnutls-composite.ts'
import { rememberAnswers } from './name-cache.ts'

/** A cipher suite of the TLS registry, with the facts that its IANA name states. */
export type CipherSuite = {
  readonly code: number
  readonly name: string
  /** Effective secret bits: 112 for 3DES, 40 for an EXPORT suite. */
  readonly bits: number
  readonly forwardSecrecy: boolean
  readonly aead: boolean
}

/** What a name may mean: one suite whatever the version, or one up to TLS 1.2 and another in TLS 1.3. */
type Meaning = {
  readonly stated?: CipherSuite | undefined
  readonly before13?: CipherSuite | undefined
  readonly in13?: CipherSuite | undefined
}

const byName = new Map<string, CipherSuite>()
const byFolded = new Map<string, CipherSuite>()
const ambiguous = new Set<string>()
const byParts = new Map<string, CipherSuite>()

for (const { openssl, gnutls, ...suite } of CIPHER_SUITE_ROWS) {
  Object.freeze(suite)
  for (const name of [suite.name, ...openssl, ...gnutls]) addName(name, suite)
  addParts(suite)
}

function addName(name: string, suite: CipherSuite): void {
  byName.set(name, suite)
  const folded = fold(name)
  const other = byFolded.get(folded)
  if (other !== undefined && other !== suite) ambiguous.add(folded)
  byFolded.set(folded, suite)
}

/** Key exchange and cipher as GnuTLS's descriptions name them; AEAD suites without their PRF hash. */
function addParts(suite: CipherSuite): void {
  const [exchange, cipher] = suite.name.slice('TLS_'.length).split('_WITH_')
  const both = cipher ?? exchange ?? ''
  const hash = suite.aead ? both.lastIndexOf('_SHA') : -1
  const spelled = hash === -1 ? both : both.slice(0, hash)
  // IANA's own inconsistency: RFC 6655 has PSK_DHE where all else has DHE_PSK.
  const named = exchange === 'PSK_DHE' ? 'DHE_PSK' : exchange
  byParts.set(cipher === undefined ? `1.3 ${spelled}` : `${named} ${spelled}`, suite)
}

/**
 * One spelling for names that differ in case, in `-`, `:` and `_`, or in what a library adds: `TLS13_` of rustls, `SSL_`
 * of Java, the curve that Schannel appends (`…_SHA384_P256`), the hash that Go leaves out of ChaCha20-Poly1305.
 */
function fold(name: string): string {
  let folded = name.trim().toUpperCase().replaceAll('-', '_').replaceAll(':', '_')
  if (folded.startsWith('TLS13_')) folded = `TLS_${folded.slice('TLS13_'.length)}`
  else if (folded.startsWith('SSL_')) folded = `TLS_${folded.slice('SSL_'.length)}`
  if (!folded.includes('_WITH_')) return folded
  const curve = ['_P256', '_P384', '_P521'].find((ending) => folded.endsWith(ending))
  if (curve !== undefined) folded = folded.slice(0, -curve.length)
  return folded.endsWith('_CHACHA20_POLY1305') ? `${folded}_SHA256` : folded
}

const findMeaning = rememberAnswers<Meaning>((raw) => {
  const stated = byName.get(raw) ?? findFolded(raw)
  if (stated !== undefined) return { stated }
  const composite = parseGnuTlsComposite(raw)
  return composite === undefined ? undefined : { before13: findBefore13(composite), in13: findIn13(composite) }
})

function findFolded(raw: string): CipherSuite | undefined {
  const folded = fold(raw)
  return ambiguous.has(folded) ? undefined : byFolded.get(folded)
}

/**
 * The cipher suite that a log's word names: IANA, OpenSSL and LibreSSL old and new, GnuTLS in its three spellings,
 * rustls, Go and Java. GnuTLS's session descriptions, which Exim logs, leave out the hash and do not tell TLS 1.2 from
 * 1.3, so they mean a suite only where key exchange, signature, cipher and `version` leave exactly one. Undefined, and
 * never a guess, for all else: Schannel's CALG_ names, which are no suites, and any name under SSL 2.0, whose ciphers
 * share names with later suites (RC4-MD5) but have no code point of IANA's.
 */
export function findCipherSuite(raw: string, version?: TlsVersion): CipherSuite | undefined {
  const meaning = findMeaning(raw)
  if (meaning === undefined || version === 'SSLv2') return undefined
  const { stated, before13, in13 } = meaning
  if (stated !== undefined) return stated
  if (version === 'TLSv1_3') return in13
  if (version !== undefined) return before13?.aead && version !== 'TLSv1_2' ? undefined : before13
  if (before13 !== undefined && in13 !== undefined) return undefined
  return before13 ?? in13
}

const EXCHANGES_BEFORE_13: ReadonlyMap<string, string> = new Map([
  ['ECDHE_RSA', 'ECDHE_RSA'],
  ['ECDHE_ECDSA', 'ECDHE_ECDSA'],
  ['ECDHE_PSK', 'ECDHE_PSK'],
  ['DHE_RSA', 'DHE_RSA'],
  ['DHE_DSS', 'DHE_DSS'],
  ['DHE_PSK', 'DHE_PSK'],
  ['ANON_ECDH', 'ECDH_anon'],
  ['ANON_DH', 'DH_anon'],
  ['RSA', 'RSA'],
  ['RSA_PSK', 'RSA_PSK'],
  ['PSK', 'PSK'],
  ['SRP', 'SRP_SHA'],
  ['SRP_RSA', 'SRP_SHA_RSA'],
  ['SRP_DSS', 'SRP_SHA_DSS'],
])

const CIPHERS: ReadonlyMap<string, string> = new Map([
  ['ARCFOUR_128', 'RC4_128'],
  ['3DES_CBC', '3DES_EDE_CBC'],
])

function findBefore13(composite: GnuTlsComposite): CipherSuite | undefined {
  const exchange = exchangeBefore13(composite)
  if (exchange === undefined) return undefined
  const cipher = CIPHERS.get(composite.cipher) ?? composite.cipher
  if (composite.mac === undefined) return byParts.get(`${exchange} ${cipher}`)
  return byParts.get(`${exchange} ${cipher}_${composite.mac === 'SHA1' ? 'SHA' : composite.mac}`)
}

/** ECDHE and DHE alone do not name the key that signed: the signature must, and under TLS 1.0 it may be missing. */
function exchangeBefore13({ keyExchange, signature }: GnuTlsComposite): string | undefined {
  if (keyExchange !== 'ECDHE' && keyExchange !== 'DHE') return EXCHANGES_BEFORE_13.get(keyExchange)
  if (signature?.startsWith('RSA_')) return `${keyExchange}_RSA`
  if (keyExchange === 'DHE') return signature?.startsWith('DSA_') ? 'DHE_DSS' : undefined
  // Edwards-curve keys use the ECDSA suites (RFC 8422 §2).
  const edwards = signature?.startsWith('EdDSA_') || signature?.startsWith('ECDSA_')
  return edwards ? 'ECDHE_ECDSA' : undefined
}

const EXCHANGES_IN_13: ReadonlySet<string> = new Set(['ECDHE', 'DHE', 'HYBRID', 'ECDHE_PSK', 'DHE_PSK', 'PSK'])

/** TLS 1.3 has AEAD ciphers and named groups only, and no RSA PKCS #1 or DSA signatures (RFC 8446 §4.2.3, §4.2.7). */
function findIn13({ keyExchange, dhBits, signature, cipher, mac }: GnuTlsComposite): CipherSuite | undefined {
  if (!EXCHANGES_IN_13.has(keyExchange) || dhBits !== undefined || mac !== undefined) return undefined
  if (signature?.startsWith('DSA_')) return undefined
  if (signature?.startsWith('RSA_') && !signature.startsWith('RSA_PSS_')) return undefined
  return byParts.get(`1.3 ${cipher}`)
}
