import { rememberAnswers } from './name-cache.ts'

/** A named group of TLS: IANA's "TLS Supported Groups" registry. */
export type NamedGroup = {
  readonly name: string
  readonly code: number
  /** ML-KEM or Kyber takes part, alone or beside a curve. */
  readonly postQuantum: boolean
}

// Code, IANA name, then what OpenSSL (old and new), GnuTLS, Go, Schannel and BoringSSL call it.
const CURVES: readonly (readonly [code: number, name: string, ...aliases: string[]])[] = [
  [1, 'sect163k1', 'K-163'],
  [2, 'sect163r1'],
  [3, 'sect163r2', 'B-163'],
  [4, 'sect193r1'],
  [5, 'sect193r2'],
  [6, 'sect233k1', 'K-233'],
  [7, 'sect233r1', 'B-233'],
  [8, 'sect239k1'],
  [9, 'sect283k1', 'K-283'],
  [10, 'sect283r1', 'B-283'],
  [11, 'sect409k1', 'K-409'],
  [12, 'sect409r1', 'B-409'],
  [13, 'sect571k1', 'K-571'],
  [14, 'sect571r1', 'B-571'],
  [15, 'secp160k1'],
  [16, 'secp160r1'],
  [17, 'secp160r2'],
  [18, 'secp192k1'],
  [19, 'secp192r1', 'prime192v1', 'P-192'],
  [20, 'secp224k1'],
  [21, 'secp224r1', 'P-224'],
  [22, 'secp256k1'],
  [23, 'secp256r1', 'prime256v1', 'P-256', 'CurveP256', 'NistP256'],
  [24, 'secp384r1', 'P-384', 'CurveP384', 'NistP384'],
  [25, 'secp521r1', 'P-521', 'CurveP521', 'NistP521'],
  [26, 'brainpoolP256r1'],
  [27, 'brainpoolP384r1'],
  [28, 'brainpoolP512r1'],
  [29, 'x25519', 'curve25519'],
  [30, 'x448', 'curve448'],
  [31, 'brainpoolP256r1tls13'],
  [32, 'brainpoolP384r1tls13'],
  [33, 'brainpoolP512r1tls13'],
  [34, 'GC256A'],
  [35, 'GC256B'],
  [36, 'GC256C'],
  [37, 'GC256D'],
  [38, 'GC512A'],
  [39, 'GC512B'],
  [40, 'GC512C'],
  [41, 'curveSM2'],
  [256, 'ffdhe2048'],
  [257, 'ffdhe3072'],
  [258, 'ffdhe4096'],
  [259, 'ffdhe6144'],
  [260, 'ffdhe8192'],
]

const POST_QUANTUM: typeof CURVES = [
  [0x0200, 'MLKEM512', 'ML-KEM-512'],
  [0x0201, 'MLKEM768', 'ML-KEM-768'],
  [0x0202, 'MLKEM1024', 'ML-KEM-1024'],
  [0x11eb, 'SecP256r1MLKEM768', 'SECP256R1-MLKEM768'],
  [0x11ec, 'X25519MLKEM768', 'X25519-MLKEM768'],
  [0x11ed, 'SecP384r1MLKEM1024', 'SECP384R1-MLKEM1024'],
  [0x11ee, 'curveSM2MLKEM768'],
  [0x6399, 'X25519Kyber768Draft00', 'X25519-KYBER768'],
  [0x639a, 'SecP256r1Kyber768Draft00'],
]

const groups = new Map<string, NamedGroup>()
addGroups(CURVES, false)
addGroups(POST_QUANTUM, true)

function addGroups(rows: typeof CURVES, postQuantum: boolean): void {
  for (const [code, name, ...aliases] of rows) {
    const group: NamedGroup = Object.freeze({ name, code, postQuantum })
    for (const spelled of [name, ...aliases]) groups.set(spelled.toUpperCase(), group)
  }
}

const ECDHE_OPEN = 'ECDHE ('

/**
 * The group that a log's word names, in any case: `X25519`, `P-256`, `prime256v1`, `SECP256R1`, and Postfix's
 * `ECDHE (prime256v1)`, whole or only what stands in the parentheses. `DHE (2048 bits)` and GnuTLS's `CUSTOM2048` are
 * sizes, not groups, and undefined.
 */
export const findGroup: (raw: string) => NamedGroup | undefined = rememberAnswers((raw) => {
  const name = raw.trim().toUpperCase()
  const inner = name.startsWith(ECDHE_OPEN) && name.endsWith(')') ? name.slice(ECDHE_OPEN.length, -1) : name
  // Exim writes `_` where GnuTLS has `-`; no IANA name of a group holds either.
  return groups.get(inner) ?? groups.get(inner.replaceAll('_', '-'))
})
