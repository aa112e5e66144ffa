import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findGroup } from './groups.ts'
import { ownCopy, rememberAnswers } from './name-cache.ts'
import { findSignature } from './signatures.ts'
import { findTlsVersion } from './versions.ts'

const hostile = fc.string({ unit: 'binary', maxLength: 300 })

describe('findGroup', () => {
  test.each([
    ['X25519', 'x25519', 0x001d],
    ['x25519', 'x25519', 0x001d],
    ['P-256', 'secp256r1', 0x0017],
    ['prime256v1', 'secp256r1', 0x0017],
    ['secp256r1', 'secp256r1', 0x0017],
    ['SECP256R1', 'secp256r1', 0x0017],
    ['ECDHE (P-256)', 'secp256r1', 0x0017],
    ['ECDHE (prime256v1)', 'secp256r1', 0x0017],
    ['P-384', 'secp384r1', 0x0018],
    ['secp521r1', 'secp521r1', 0x0019],
    ['X448', 'x448', 0x001e],
    ['brainpoolP256r1', 'brainpoolP256r1', 0x001a],
    ['BRAINPOOLP512R1TLS13', 'brainpoolP512r1tls13', 0x0021],
    ['ffdhe2048', 'ffdhe2048', 0x0100],
    ['FFDHE8192', 'ffdhe8192', 0x0104],
  ])('%s', (raw, name, code) => {
    expect(findGroup(raw)).toEqual({ name, code, postQuantum: false })
  })

  test.each([
    ['X25519MLKEM768', 'X25519MLKEM768', 0x11ec],
    ['X25519_MLKEM768', 'X25519MLKEM768', 0x11ec],
    ['SecP256r1MLKEM768', 'SecP256r1MLKEM768', 0x11eb],
    ['secp384r1mlkem1024', 'SecP384r1MLKEM1024', 0x11ed],
    ['curveSM2MLKEM768', 'curveSM2MLKEM768', 0x11ee],
    ['X25519Kyber768Draft00', 'X25519Kyber768Draft00', 0x6399],
    ['MLKEM512', 'MLKEM512', 0x0200],
    ['MLKEM768', 'MLKEM768', 0x0201],
    ['MLKEM1024', 'MLKEM1024', 0x0202],
  ])('%s is post-quantum', (raw, name, code) => {
    expect(findGroup(raw)).toEqual({ name, code, postQuantum: true })
  })

  test.each(['DHE (2048 bits)', 'DHE', 'ECDHE', 'ECDHE ()', 'CUSTOM2048', '2048', '', 'x25519_kyber768x'])(
    '%j names no group',
    (raw) => expect(findGroup(raw)).toBeUndefined(),
  )

  test('any text is answered', () => {
    fc.assert(fc.property(hostile, (raw) => findGroup(raw) === undefined || raw.length <= 96))
  })
})

describe('findSignature', () => {
  test.each([
    // Postfix
    ['RSA-PSS', 'SHA256', 'RSA-PSS/SHA256'],
    ['RSA-PSS', 'SHA512', 'RSA-PSS/SHA512'],
    ['ECDSA', 'SHA256', 'ECDSA/SHA256'],
    ['RSA', 'SHA256', 'RSA/SHA256'],
    ['Ed25519', undefined, 'Ed25519'],
    ['ED448', 'UNDEF', 'Ed448'],
    ['ML-DSA-65', undefined, 'ML-DSA-65'],
    ['RSA-PSS', undefined, 'RSA-PSS'],
    ['RSA-PSS', 'SHA2-256', 'RSA-PSS/SHA256'],
    // GnuTLS, as Exim writes it and raw
    ['RSA_PSS_RSAE_SHA256', undefined, 'RSA-PSS/SHA256'],
    ['RSA_PSS_RSAE_SHA512', undefined, 'RSA-PSS/SHA512'],
    ['ECDSA_SECP256R1_SHA256', undefined, 'ECDSA/SHA256'],
    ['RSA_SHA1', undefined, 'RSA/SHA1'],
    ['RSA-PSS-SHA384', undefined, 'RSA-PSS/SHA384'],
    ['EdDSA_Ed25519', undefined, 'Ed25519'],
    ['DSA-SHA1', undefined, 'DSA/SHA1'],
    // IANA, rustls
    ['rsa_pss_rsae_sha256', undefined, 'RSA-PSS/SHA256'],
    ['rsa_pss_pss_sha384', undefined, 'RSA-PSS/SHA384'],
    ['rsa_pkcs1_sha256', undefined, 'RSA/SHA256'],
    ['ecdsa_secp256r1_sha256', undefined, 'ECDSA/SHA256'],
    ['ecdsa_sha1', undefined, 'ECDSA/SHA1'],
    ['ed25519', undefined, 'Ed25519'],
    ['mldsa44', undefined, 'ML-DSA-44'],
    ['ECDSA_NISTP384_SHA384', undefined, 'ECDSA/SHA384'],
    // name and digest say the same, or contradict
    ['rsa_pss_rsae_sha256', 'SHA256', 'RSA-PSS/SHA256'],
    ['rsa_pss_rsae_sha256', 'SHA512', undefined],
    // unknown
    ['RSA-PSS', 'UNDEF', undefined],
    ['GOSTR341012-256', undefined, undefined],
    ['unknown', 'SHA256', undefined],
    ['', '', undefined],
  ])('%s %s', (algorithm, digest, canonical) => {
    expect(findSignature(algorithm, digest)).toBe(canonical)
  })

  test('any text is answered', () => {
    fc.assert(
      fc.property(hostile, fc.option(hostile, { nil: undefined }), (name, digest) => void findSignature(name, digest)),
    )
  })
})

describe('findTlsVersion', () => {
  test.each([
    ['TLSv1', 'TLSv1_0'],
    ['TLSv1.0', 'TLSv1_0'],
    ['TLSv1.1', 'TLSv1_1'],
    ['TLSv1.2', 'TLSv1_2'],
    ['TLSv1.3', 'TLSv1_3'],
    ['TLS1.0', 'TLSv1_0'],
    ['TLS1.3', 'TLSv1_3'],
    ['TLSv1_3', 'TLSv1_3'],
    ['TLS1_2', 'TLSv1_2'],
    ['TLS 1.2', 'TLSv1_2'],
    ['TLS-1.0', 'TLSv1_0'],
    ['tlsv1.2', 'TLSv1_2'],
    ['SSLv3', 'SSLv3'],
    ['SSL3.0', 'SSLv3'],
    ['SSLv2', 'SSLv2'],
    ['SP_PROT_TLS1_2_SERVER', 'TLSv1_2'],
    ['SP_PROT_TLS1_2_CLIENT', 'TLSv1_2'],
    ['SP_PROT_TLS1_0_CLIENT', 'TLSv1_0'],
    ['SP_PROT_TLS1_SERVER', 'TLSv1_0'],
    ['SP_PROT_TLS1_3_SERVER', 'TLSv1_3'],
    ['SP_PROT_SSL3_SERVER', 'SSLv3'],
  ])('%s', (raw, version) => {
    expect(findTlsVersion(raw)).toBe(version)
  })

  test.each([
    'TLSv1/SSLv3',
    'DTLSv1.2',
    'DTLS1.2',
    'SP_PROT_DTLS1_2_SERVER',
    'SP_PROT_TLS1_2',
    'TLS',
    'TLS1',
    'TLSv1.4',
    'NONE',
    '',
  ])('%j names no version', (raw) => expect(findTlsVersion(raw)).toBeUndefined())

  test('any text is answered', () => {
    fc.assert(fc.property(hostile, (raw) => findTlsVersion(raw) === undefined || raw.length <= 96))
  })
})

describe('rememberAnswers', () => {
  test('asks once for a name, known or not, and never for an over-long one', () => {
    const asked: string[] = []
    const find = rememberAnswers((name) => {
      asked.push(name)
      return name === 'a' ? 1 : undefined
    }, 4)
    expect([find('a'), find('b'), find('a'), find('b'), find('12345')]).toEqual([1, undefined, 1, undefined, undefined])
    expect(asked).toEqual(['a', 'b'])
  })

  test('a copy is the same text', () => {
    fc.assert(fc.property(hostile, (text) => ownCopy(text) === text))
    expect(ownCopy('\ud800x')).toBe('\ud800x')
  })
})
