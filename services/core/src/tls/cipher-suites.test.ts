import { getCiphers } from 'node:tls'
import type { TlsVersion } from '@tlsrep/schemas'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CIPHER_SUITE_ROWS } from './cipher-suites.generated.ts'
import { findCipherSuite } from './cipher-suites.ts'

// Names as real MTAs logged them.
const LOGGED: readonly (readonly [raw: string, version: TlsVersion, name: string | undefined])[] = [
  // Postfix, Sendmail, OpenSMTPD and Haraka with OpenSSL
  ['TLS_AES_256_GCM_SHA384', 'TLSv1_3', 'TLS_AES_256_GCM_SHA384'],
  ['TLS_AES_128_GCM_SHA256', 'TLSv1_3', 'TLS_AES_128_GCM_SHA256'],
  ['TLS_CHACHA20_POLY1305_SHA256', 'TLSv1_3', 'TLS_CHACHA20_POLY1305_SHA256'],
  ['ECDHE-RSA-AES256-GCM-SHA384', 'TLSv1_2', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  ['ECDHE-RSA-AES128-GCM-SHA256', 'TLSv1_2', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
  ['ECDHE-RSA-CHACHA20-POLY1305', 'TLSv1_2', 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256'],
  ['ECDHE-RSA-AES256-SHA384', 'TLSv1_2', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384'],
  ['ECDHE-RSA-AES256-SHA', 'TLSv1_0', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
  ['ECDHE-RSA-AES128-SHA', 'TLSv1_2', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA'],
  ['DHE-RSA-AES256-GCM-SHA384', 'TLSv1_2', 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384'],
  ['DHE-RSA-AES128-SHA256', 'TLSv1_2', 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA256'],
  ['AES256-GCM-SHA384', 'TLSv1_2', 'TLS_RSA_WITH_AES_256_GCM_SHA384'],
  ['AES128-CCM', 'TLSv1_2', 'TLS_RSA_WITH_AES_128_CCM'],
  ['AES128-SHA', 'TLSv1_2', 'TLS_RSA_WITH_AES_128_CBC_SHA'],
  ['CAMELLIA256-SHA', 'TLSv1_2', 'TLS_RSA_WITH_CAMELLIA_256_CBC_SHA'],
  ['AECDH-AES256-SHA', 'TLSv1_2', 'TLS_ECDH_anon_WITH_AES_256_CBC_SHA'],
  ['ADH-AES256-GCM-SHA384', 'TLSv1_2', 'TLS_DH_anon_WITH_AES_256_GCM_SHA384'],
  ['ADH-AES256-SHA', 'TLSv1_0', 'TLS_DH_anon_WITH_AES_256_CBC_SHA'],
  ['(NONE)', 'TLSv1_2', undefined],
  // Exim with GnuTLS
  ['ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM', 'TLSv1_3', 'TLS_AES_256_GCM_SHA384'],
  ['ECDHE_SECP256R1__RSA_PSS_RSAE_SHA256__AES_256_GCM', 'TLSv1_3', 'TLS_AES_256_GCM_SHA384'],
  ['ECDHE_SECP256R1__ECDSA_SECP256R1_SHA256__AES_256_GCM', 'TLSv1_3', 'TLS_AES_256_GCM_SHA384'],
  ['ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM', 'TLSv1_2', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  ['ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_128_GCM', 'TLSv1_2', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
  ['ECDHE_X25519__RSA_PSS_RSAE_SHA256__CHACHA20_POLY1305', 'TLSv1_2', 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256'],
  ['ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_128_CBC__SHA1', 'TLSv1_2', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA'],
  ['ECDHE_X25519__RSA_PSS_RSAE_SHA512__ARCFOUR_128__SHA1', 'TLSv1_2', 'TLS_ECDHE_RSA_WITH_RC4_128_SHA'],
  ['ECDHE_X25519__RSA_PSS_RSAE_SHA512__3DES_CBC__SHA1', 'TLSv1_2', 'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA'],
  ['ECDHE_X25519__RSA_SHA1__AES_256_CBC__SHA1', 'TLSv1_0', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
  ['ECDHE_X25519__RSA_SHA1__3DES_CBC__SHA1', 'TLSv1_0', 'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA'],
  ['RSA__AES_256_GCM', 'TLSv1_2', 'TLS_RSA_WITH_AES_256_GCM_SHA384'],
  ['RSA__AES_128_CCM', 'TLSv1_2', 'TLS_RSA_WITH_AES_128_CCM'],
  ['RSA__AES_128_CBC__SHA1', 'TLSv1_2', 'TLS_RSA_WITH_AES_128_CBC_SHA'],
  ['DHE_CUSTOM2048__RSA_PSS_RSAE_SHA256__AES_256_GCM', 'TLSv1_2', 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384'],
  // no signature: RSA, ECDSA or PSK could have signed
  ['ECDHE_X25519__AES_256_CBC__SHA1', 'TLSv1_0', undefined],
  ['DHE_RSA_AES_256_GCM_SHA384', 'TLSv1_2', 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384'],
  // Stalwart with rustls
  ['TLS13_AES_256_GCM_SHA384', 'TLSv1_3', 'TLS_AES_256_GCM_SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'TLSv1_2', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
  // Exchange with Schannel: algorithms, not suites
  ['CALG_AES_256', 'TLSv1_2', undefined],
  ['CALG_AES_128', 'TLSv1_2', undefined],
  ['CALG_ECDH_EPHEM', 'TLSv1_2', undefined],
  // HELO text that poses as an X= field
  ['fake', 'TLSv1_3', undefined],
  ['a', 'TLSv1_3', undefined],
]

const OLD: readonly (readonly [raw: string, code: number])[] = [
  ['EDH-RSA-DES-CBC3-SHA', 0x0016],
  ['DHE-RSA-DES-CBC3-SHA', 0x0016],
  ['DES-CBC3-SHA', 0x000a],
  ['EXP-RC4-MD5', 0x0003],
  ['EXP-EDH-RSA-DES-CBC-SHA', 0x0014],
  ['EXP1024-RC4-SHA', 0x0064],
  ['RC4-MD5', 0x0004],
  ['IDEA-CBC-SHA', 0x0007],
  ['DHE-RSA-SEED-SHA', 0x009a],
  ['ECDHE-RSA-RC4-SHA', 0xc011],
  ['GOST2012-GOST8912-GOST8912', 0xc102],
  ['AEAD-AES256-GCM-SHA384', 0x1302],
  ['ECDHE_RSA_AES_256_GCM_SHA384', 0xc030],
  ['TLS_ECDHE_RSA_AES_256_GCM_SHA384', 0xc030],
  ['ECDHE-RSA:AES-256-GCM:SHA384', 0xc030],
  ['RSA_ARCFOUR_MD5', 0x0004],
  ['TLS_ANON_DH_3DES_EDE_CBC_SHA1', 0x001b],
  ['ECDHE_RSA_SECP256R1__AES_256_GCM', 0xc030],
  ['DHE_RSA_2048__AES_256_CBC__SHA256', 0x006b],
  ['DHE_PSK_FFDHE2048__AES_256_CCM_8', 0xc0ab],
  ['SSL_RSA_WITH_RC4_128_MD5', 0x0004],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384_P256', 0xc028],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305', 0xcca8],
  ['(TLS1.2)-(ECDHE-SECP384R1)-(RSA-SHA512)-(AES-128-GCM)', 0xc02f],
]

describe('findCipherSuite', () => {
  test.each(LOGGED)('%s under %s', (raw, version, name) => {
    expect(findCipherSuite(raw, version)?.name).toBe(name)
  })

  test.each(OLD)('%s', (raw, code) => {
    const version = raw === 'DHE_PSK_FFDHE2048__AES_256_CCM_8' ? 'TLSv1_2' : undefined
    expect(findCipherSuite(raw, version)?.code).toBe(code)
  })

  test('gives the facts and nothing else', () => {
    expect(findCipherSuite('DES-CBC3-SHA')).toEqual({
      code: 0x000a,
      name: 'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
      bits: 112,
      forwardSecrecy: false,
      aead: false,
    })
  })

  test('every row is found by each of its names, in any case', () => {
    for (const { code, name, openssl, gnutls } of CIPHER_SUITE_ROWS) {
      for (const spelled of [name, ...openssl, ...gnutls]) {
        expect([spelled, findCipherSuite(spelled)?.code]).toEqual([spelled, code])
        expect([spelled, findCipherSuite(spelled.toLowerCase())?.code]).toEqual([spelled, code])
      }
    }
  })

  test('no name stands in two rows', () => {
    const names = CIPHER_SUITE_ROWS.flatMap(({ name, openssl, gnutls }) => [...new Set([name, ...openssl, ...gnutls])])
    expect(new Set(names).size).toBe(names.length)
  })

  test('knows every suite of the running Node', () => {
    expect(getCiphers().filter((name) => findCipherSuite(name) === undefined)).toEqual([])
  })

  test('a description that fits TLS 1.2 and 1.3 needs the version', () => {
    const raw = 'ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM'
    expect(findCipherSuite(raw)).toBeUndefined()
    expect(findCipherSuite(raw, 'TLSv1_1')).toBeUndefined()
    expect(findCipherSuite('RSA__AES_256_GCM')?.code).toBe(0x009d)
    expect(findCipherSuite('RSA__AES_256_GCM', 'TLSv1_3')).toBeUndefined()
    expect(findCipherSuite('ECDHE_X25519__RSA_SHA256__AES_256_GCM')?.code).toBe(0xc030)
    expect(findCipherSuite('DHE_CUSTOM2048__RSA_PSS_RSAE_SHA256__AES_256_GCM')?.code).toBe(0x009f)
    expect(findCipherSuite('ECDHE_PSK_X25519__AES_256_GCM', 'TLSv1_3')?.code).toBe(0x1302)
    expect(findCipherSuite('HYBRID_X25519_MLKEM768__RSA_PSS_RSAE_SHA256__AES_256_GCM')?.code).toBe(0x1302)
  })

  test('a description of a suite that does not exist is none', () => {
    expect(findCipherSuite('ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_128_CCM', 'TLSv1_2')).toBeUndefined()
    expect(findCipherSuite('DHE_FFDHE2048__ECDSA_SHA256__AES_256_GCM', 'TLSv1_2')).toBeUndefined()
    expect(findCipherSuite('RSA__ROT13__SHA1', 'TLSv1_0')).toBeUndefined()
  })

  test('the ciphers of SSL 2.0 have no code point, though they share names', () => {
    expect(findCipherSuite('RC4-MD5', 'SSLv3')?.code).toBe(0x0004)
    expect(findCipherSuite('RC4-MD5', 'SSLv2')).toBeUndefined()
    expect(findCipherSuite('DES-CBC3-MD5')).toBeUndefined()
  })

  test('answers the same, the memory full or empty', () => {
    const before = findCipherSuite('EXP-RC4-MD5')
    for (let i = 0; i < 5000; i += 1) expect(findCipherSuite(`NO-SUCH-${i}`)).toBeUndefined()
    expect(findCipherSuite('EXP-RC4-MD5')).toBe(before)
  })

  test('any text is answered, and a long one unknown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (raw) => {
        const suite = findCipherSuite(raw, 'TLSv1_2')
        return suite === undefined || raw.length <= 96
      }),
    )
    expect(findCipherSuite('_'.repeat(1_000_000))).toBeUndefined()
  })

  test('pieces of descriptions in any order never throw', () => {
    const piece = fc.constantFrom(
      'ECDHE',
      '_',
      '__',
      'X25519',
      'RSA',
      'SHA1',
      'AES_256_GCM',
      '(',
      ')-(',
      ')',
      'TLS',
      '-',
    )
    fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => void findCipherSuite(pieces.join(''))))
  })
})
