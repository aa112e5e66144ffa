import { describe, expect, test } from 'vitest'
import { CIPHER_SUITE_ROWS } from '../src/tls/cipher-suites.generated.ts'
import { deriveFacts, gnutlsNames } from './cipher-suite-facts.ts'
import { supplement } from './cipher-suites.supplement.ts'
import { mergeSources, render, staleness } from './generate-cipher-suites.ts'
import { disagreements, parseListing, readOpenSsl } from './openssl-listing.ts'

const LISTING = `
          0x13,0x02 - TLS_AES_256_GCM_SHA384                        - TLS_AES_256_GCM_SHA384         TLSv1.3 Kx=any      Au=any   Enc=AESGCM(256)            Mac=AEAD
          0xC0,0x28 - TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384         - ECDHE-RSA-AES256-SHA384        TLSv1.2 Kx=ECDH     Au=RSA   Enc=AES(256)               Mac=SHA384
          0x00,0x0A - TLS_RSA_WITH_3DES_EDE_CBC_SHA                 - DES-CBC3-SHA                   SSLv3   Kx=RSA      Au=RSA   Enc=3DES(168)              Mac=SHA1
          0x00,0x01 - TLS_RSA_WITH_NULL_MD5                         - NULL-MD5                       SSLv3   Kx=RSA      Au=RSA   Enc=None                   Mac=MD5
`

const openssl = readOpenSsl()

describe('the rules on IANA names', () => {
  test.each([
    ['TLS_RSA_EXPORT_WITH_RC4_40_MD5', 40, false, false],
    ['TLS_RSA_WITH_DES_CBC_SHA', 56, false, false],
    ['TLS_DHE_DSS_EXPORT1024_WITH_RC4_56_SHA', 56, true, false],
    ['TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA', 112, true, false],
    ['TLS_RSA_WITH_SEED_CBC_SHA', 128, false, false],
    ['TLS_RSA_WITH_AES_128_CCM_8', 128, false, true],
    ['TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384', 256, false, true],
    ['TLS_ECDH_anon_WITH_AES_256_CBC_SHA', 256, true, false],
    ['TLS_PSK_DHE_WITH_AES_256_CCM_8', 256, true, true],
    ['TLS_PSK_WITH_AES_256_GCM_SHA384', 256, false, true],
    ['TLS_GOSTR341001_WITH_28147_CNT_IMIT', 256, false, false],
    ['TLS_GOSTR341112_256_WITH_MAGMA_MGM_S', 256, true, true],
    ['TLS_SHA384_SHA384', 0, true, false],
    ['TLS_SM4_GCM_SM3', 128, true, true],
  ])('%s', (name, bits, forwardSecrecy, aead) => {
    expect(deriveFacts(name)).toEqual({ bits, forwardSecrecy, aead })
  })

  test('a cipher that no rule knows stops the generator', () => {
    expect(() => deriveFacts('TLS_RSA_WITH_ROT13_SHA')).toThrow('TLS_RSA_WITH_ROT13_SHA')
  })

  test('GnuTLS names a suite only where it has it', () => {
    expect(gnutlsNames('TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256')).toEqual([
      'TLS_ECDHE_RSA_CHACHA20_POLY1305',
      'ECDHE_RSA_CHACHA20_POLY1305',
    ])
    expect(gnutlsNames('TLS_DHE_RSA_WITH_SEED_CBC_SHA')).toEqual([])
    expect(gnutlsNames('TLS_ECDH_RSA_WITH_AES_128_CBC_SHA')).toEqual([])
  })
})

describe('the listing of OpenSSL', () => {
  test('is read column by column', () => {
    expect(parseListing(LISTING)[1]).toEqual({
      code: 0xc028,
      name: 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384',
      openssl: 'ECDHE-RSA-AES256-SHA384',
      keyExchange: 'ECDH',
      encryption: 'AES(256)',
      mac: 'SHA384',
    })
    expect(() => parseListing('Error in cipher list')).toThrow('Error in cipher list')
  })

  test('agrees with the rules', () => {
    expect(parseListing(LISTING).flatMap(disagreements)).toEqual([])
  })

  test('is compared in every column that the rules give', () => {
    const [suite] = parseListing(
      '0x00,0x9C - TLS_RSA_WITH_AES_128_GCM_SHA256 - X TLSv1.2 Kx=DH Au=RSA Enc=AES(256) Mac=SHA1',
    )
    expect(suite && disagreements(suite)).toHaveLength(3)
  })

  test.skipIf(openssl === undefined)('of this machine agrees with the rules, row by row, and is in the table', () => {
    const suites = openssl?.suites ?? []
    expect(suites.length).toBeGreaterThan(100)
    expect(suites.flatMap(disagreements)).toEqual([])
    const known = new Map(CIPHER_SUITE_ROWS.map((row) => [row.code, row]))
    for (const { code, name, openssl: spelled } of suites) {
      expect(known.get(code)).toMatchObject({ name })
      expect(known.get(code)?.openssl).toContain(spelled)
    }
  })
})

describe('the sources', () => {
  test('give one row a code point, in order, with the newest name first', () => {
    const rows = mergeSources([{ code: 0x0016, name: 'TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA', openssl: ['NEW-NAME'] }])
    expect(rows.find((row) => row.code === 0x0016)?.openssl).toEqual([
      'NEW-NAME',
      'DHE-RSA-DES-CBC3-SHA',
      'EDH-RSA-DES-CBC3-SHA',
    ])
    expect(rows.map((row) => row.code)).toEqual([...new Set(rows.map((row) => row.code))].sort((a, b) => a - b))
  })

  test('must not contradict each other', () => {
    expect(() => mergeSources([{ code: 0x0016, name: 'TLS_RSA_WITH_NULL_MD5', openssl: [] }])).toThrow('0x16')
  })

  test('the supplement has each code and each name once', () => {
    const names = supplement.flatMap(([code, name, ...spelled]) => [...new Set([`${code}`, name, ...spelled])])
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('the check', () => {
  const listed = parseListing(LISTING).map(({ code, name, openssl: spelled }) => ({ code, name, openssl: [spelled] }))
  const rows = mergeSources(listed)
  const fresh = { text: render('OpenSSL 9', rows), version: 'OpenSSL 9', rows }

  test('passes what the generator wrote, also beside an OpenSSL that lists less', () => {
    expect(staleness(fresh, { version: 'OpenSSL 9', rows })).toEqual([])
    expect(staleness(fresh, { version: 'OpenSSL 10', rows: mergeSources([]) })).toEqual([])
  })

  test('finds an edited file, a missing suite and a missing name', () => {
    expect(staleness({ ...fresh, text: `${fresh.text}\n` }, { version: 'OpenSSL 10', rows })).toHaveLength(1)
    const more = mergeSources([...listed, { code: 0xfff0, name: 'TLS_AES_256_NEW_SHA256', openssl: ['NEW'] }])
    expect(staleness(fresh, { version: 'OpenSSL 10', rows: more })).toHaveLength(1)
    const renamed = mergeSources([...listed, { code: 0x0001, name: 'TLS_RSA_WITH_NULL_MD5', openssl: ['NEW'] }])
    expect(staleness(fresh, { version: 'OpenSSL 10', rows: renamed })).toHaveLength(1)
  })
})
