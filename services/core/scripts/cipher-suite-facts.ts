/**
 * What a cipher suite's IANA name says about it, as rules. The name is the one source: OpenSSL's own columns are only
 * compared with what these rules say (see openssl-listing.ts), never copied.
 */
export type SuiteFacts = { bits: number; forwardSecrecy: boolean; aead: boolean }

/** Key exchange and cipher as the name spells them; TLS 1.3 names (RFC 8446 B.4) have no key exchange. */
export type NameParts = { keyExchange: string | undefined; cipher: string }

export function splitName(name: string): NameParts {
  const at = name.indexOf('_WITH_')
  if (at === -1) return { keyExchange: undefined, cipher: name.slice('TLS_'.length) }
  return { keyExchange: name.slice('TLS_'.length, at), cipher: name.slice(at + '_WITH_'.length) }
}

// First match wins. 3DES counts 112 (RFC 9325 §4.1 and OpenSSL since 1.1.0), not its 168 key bits.
const BITS: readonly (readonly [start: string, bits: number])[] = [
  ['NULL', 0],
  ['SHA', 0],
  ['DES40', 40],
  ['RC4_40', 40],
  ['RC2_CBC_40', 40],
  ['RC4_56', 56],
  ['RC2_CBC_56', 56],
  ['DES_CBC', 56],
  ['3DES_EDE', 112],
  ['AES_128', 128],
  ['CAMELLIA_128', 128],
  ['ARIA_128', 128],
  ['AEGIS_128L', 128],
  ['RC4_128', 128],
  ['SEED', 128],
  ['IDEA', 128],
  ['SM4', 128],
  ['AES_256', 256],
  ['CAMELLIA_256', 256],
  ['ARIA_256', 256],
  ['AEGIS_256', 256],
  ['CHACHA20', 256],
  ['28147', 256],
  ['KUZNYECHIK', 256],
  ['MAGMA', 256],
]

const AEAD_MODES: readonly string[] = ['GCM', 'CCM', 'POLY1305', 'AEGIS', 'MGM']

// SRP's exchange is ephemeral on both sides (RFC 5054 §2.5). GOST's VKO wraps to a certified key, so it is not here;
// only its MGM suites are TLS 1.3's (RFC 9367), where every exchange but bare PSK is ephemeral.
const EPHEMERAL: readonly string[] = ['DHE_', 'ECDHE_', 'DH_anon', 'ECDH_anon', 'PSK_DHE', 'SRP_']

/** Bits, forward secrecy and AEAD of a suite by its IANA name. Throws on a cipher that no rule knows. */
export function deriveFacts(name: string): SuiteFacts {
  const { keyExchange, cipher } = splitName(name)
  const rule = BITS.find(([start]) => cipher.startsWith(start))
  if (rule === undefined) throw new Error(`no rule gives the bits of ${name}`)
  const ephemeral = keyExchange === undefined || EPHEMERAL.some((start) => keyExchange.startsWith(start))
  return {
    bits: rule[1],
    forwardSecrecy: ephemeral || cipher.includes('_MGM_'),
    aead: AEAD_MODES.some((mode) => cipher.includes(mode)),
  }
}

const GNUTLS_KEY_EXCHANGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['RSA', ['RSA']],
  ['RSA_EXPORT', ['RSA_EXPORT']],
  ['DHE_RSA', ['DHE_RSA']],
  ['DHE_DSS', ['DHE_DSS']],
  ['ECDHE_RSA', ['ECDHE_RSA']],
  ['ECDHE_ECDSA', ['ECDHE_ECDSA']],
  ['DH_anon', ['DH_ANON', 'ANON_DH']],
  ['ECDH_anon', ['ECDH_ANON', 'ANON_ECDH']],
  ['PSK', ['PSK']],
  ['DHE_PSK', ['DHE_PSK']],
  ['PSK_DHE', ['DHE_PSK']],
  ['RSA_PSK', ['RSA_PSK']],
  ['ECDHE_PSK', ['ECDHE_PSK']],
  ['SRP_SHA', ['SRP_SHA']],
  ['SRP_SHA_RSA', ['SRP_SHA_RSA']],
  ['SRP_SHA_DSS', ['SRP_SHA_DSS']],
  ['GOSTR341112_256', ['GOSTR341112_256']],
])

const GNUTLS_CIPHERS: readonly string[] = ['NULL', 'RC4_', '3DES', 'AES_', 'CAMELLIA_', 'CHACHA20', '28147']

/** GnuTLS says ARCFOUR for RC4 (2.x without the 128), SHA1 for SHA, and leaves out the hash of ChaCha20-Poly1305. */
function gnutlsCiphers(cipher: string): readonly string[] {
  if (cipher.startsWith('CHACHA20')) return ['CHACHA20_POLY1305']
  const spelled = cipher.endsWith('_SHA') ? `${cipher}1` : cipher
  if (!spelled.startsWith('RC4_')) return [spelled]
  const arcfour = spelled.replace('RC4_', 'ARCFOUR_')
  return [arcfour, arcfour.replace('ARCFOUR_128_', 'ARCFOUR_')]
}

/**
 * Names that GnuTLS has given the suite (lib/algorithms/ciphersuites.c, 2.x to 3.8): with `TLS_`, as its own listing
 * prints them, and without, as Exim logged them up to 4.92. Empty where GnuTLS has no such suite.
 */
export function gnutlsNames(name: string): string[] {
  const { keyExchange, cipher } = splitName(name)
  if (!GNUTLS_CIPHERS.some((start) => cipher.startsWith(start))) return []
  if (keyExchange === undefined) return [name]
  const exchanges = GNUTLS_KEY_EXCHANGES.get(keyExchange) ?? []
  const bare = exchanges.flatMap((exchange) => gnutlsCiphers(cipher).map((spelled) => `${exchange}_${spelled}`))
  return [...new Set(bare)].flatMap((spelled) => [`TLS_${spelled}`, spelled])
}
