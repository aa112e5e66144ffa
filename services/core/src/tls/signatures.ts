import { MAX_NAME_LENGTH, rememberAnswers } from './name-cache.ts'

/** What a name says: the key's algorithm, and the digest where the name has one. */
type Signature = { readonly algorithm: string; readonly digest: string | undefined; readonly digestless: boolean }

const DIGESTS: readonly string[] = ['MD5', 'SHA1', 'SHA224', 'SHA256', 'SHA384', 'SHA512', 'SM3']

// Scheme names that carry a digest, as `prefix_DIGEST`. Sources: IANA's SignatureScheme registry (rsa_pss_rsae_sha256,
// ecdsa_secp256r1_sha256), GnuTLS lib/algorithms/sign.c (RSA-PSS-RSAE-SHA256, ECDSA-SHA256) and rustls
// (ECDSA_NISTP256_SHA256). The curve and the kind of RSA key are facts about the certificate, not the signature.
const SCHEMES: readonly (readonly [algorithm: string, ...prefixes: string[]])[] = [
  ['RSA', 'RSA', 'RSA_PKCS1'],
  ['RSA-PSS', 'RSA_PSS', 'RSA_PSS_RSAE', 'RSA_PSS_PSS'],
  ['DSA', 'DSA'],
  [
    'ECDSA',
    'ECDSA',
    'ECDSA_SECP256R1',
    'ECDSA_SECP384R1',
    'ECDSA_SECP521R1',
    'ECDSA_NISTP256',
    'ECDSA_NISTP384',
    'ECDSA_NISTP521',
    'ECDSA_BRAINPOOLP256R1TLS13',
    'ECDSA_BRAINPOOLP384R1TLS13',
    'ECDSA_BRAINPOOLP512R1TLS13',
  ],
  ['SM2', 'SM2SIG'],
]

// These sign with a hash of their own: no digest belongs to them.
const DIGESTLESS: readonly (readonly [algorithm: string, ...names: string[]])[] = [
  ['Ed25519', 'ED25519', 'EDDSA_ED25519'],
  ['Ed448', 'ED448', 'EDDSA_ED448'],
  ['ML-DSA-44', 'ML_DSA_44', 'MLDSA44'],
  ['ML-DSA-65', 'ML_DSA_65', 'MLDSA65'],
  ['ML-DSA-87', 'ML_DSA_87', 'MLDSA87'],
]

// What Postfix prints as server-signature beside a digest of its own, and EVP_PKEY_get0_type_name's spellings.
const BARE: readonly (readonly [algorithm: string, ...names: string[]])[] = [
  ['RSA', 'RSA', 'RSAENCRYPTION'],
  ['RSA-PSS', 'RSA_PSS', 'RSASSA_PSS', 'RSASSAPSS'],
  ['ECDSA', 'ECDSA', 'EC'],
  ['DSA', 'DSA'],
]

const signatures = new Map<string, Signature>()
for (const [algorithm, ...prefixes] of SCHEMES) {
  for (const digest of DIGESTS) {
    for (const prefix of prefixes) signatures.set(`${prefix}_${digest}`, { algorithm, digest, digestless: false })
  }
}
for (const [algorithm, ...names] of DIGESTLESS) {
  for (const name of names) signatures.set(name, { algorithm, digest: undefined, digestless: true })
}
for (const [algorithm, ...names] of BARE) {
  for (const name of names) signatures.set(name, { algorithm, digest: undefined, digestless: false })
}

const digests = new Map(DIGESTS.map((digest) => [digest, digest]))
for (const size of ['224', '256', '384', '512'])
  digests.set(`SHA2-${size}`, `SHA${size}`).set(`SHA-${size}`, `SHA${size}`)
digests.set('SHA-1', 'SHA1')

/**
 * The handshake signature as key algorithm and digest, `RSA-PSS/SHA256`; without a digest where the algorithm has its
 * own (`Ed25519`, `ML-DSA-65`) or the log leaves it out (`RSA-PSS`: Postfix 3.5 and 3.7 on resumption). Undefined when
 * either word is unknown, or when a digest is given that the name contradicts.
 */
export function findSignature(algorithm: string, digest?: string): string | undefined {
  if (digest === undefined) return findWhole(algorithm)
  if (algorithm.length > MAX_NAME_LENGTH || digest.length > MAX_NAME_LENGTH) return undefined
  return findPair(digest)?.(algorithm)
}

const findWhole = rememberAnswers((algorithm) => compose(algorithm, undefined))

// One memory per digest, so that a repeated pair needs no joined key.
const findPair = rememberAnswers((digest) => {
  const known = digests.get(digest.trim().toUpperCase())
  return known === undefined
    ? rememberAnswers(digestlessOnly)
    : rememberAnswers((algorithm) => compose(algorithm, known))
})

function compose(algorithm: string, digest: string | undefined): string | undefined {
  const found = lookUp(algorithm)
  if (found === undefined) return undefined
  if (found.digestless) return found.algorithm
  if (found.digest !== undefined && digest !== undefined && found.digest !== digest) return undefined
  const signed = found.digest ?? digest
  return signed === undefined ? found.algorithm : `${found.algorithm}/${signed}`
}

function digestlessOnly(algorithm: string): string | undefined {
  const found = lookUp(algorithm)
  return found?.digestless ? found.algorithm : undefined
}

function lookUp(algorithm: string): Signature | undefined {
  return signatures.get(algorithm.trim().toUpperCase().replaceAll('-', '_'))
}
