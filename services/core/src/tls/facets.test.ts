import { describe, expect, it } from 'vitest'
import { readOpenSsl } from '../../scripts/openssl-listing.ts'
import { CIPHER_SUITE_ROWS } from './cipher-suites.generated.ts'
import { cipherFacets, type Grade, versionGrade, worseOf } from './facets.ts'

/** The level that Internet.nl gives a suite: the worst facet, anonymous key exchange forbidden. */
function level(name: string): Grade | undefined {
  const facets = cipherFacets(name)
  if (facets === undefined) return undefined
  const exchange = facets.key_exchange === 'anonymous' ? 'forbidden' : facets.key_exchange
  return [facets.encryption, facets.integrity, exchange].reduce(worseOf)
}

const openssl = readOpenSsl()

describe('cipherFacets', () => {
  it.each([
    ['TLS_AES_256_GCM_SHA384', 'good'],
    ['TLS_CHACHA20_POLY1305_SHA256', 'good'],
    ['TLS_AES_128_GCM_SHA256', 'sufficient'],
    ['TLS_AES_128_CCM_8_SHA256', 'insufficient'],
    ['TLS_SHA256_SHA256', 'forbidden'],
    ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'sufficient'],
    ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'sufficient'],
    ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 'phase_out'],
    ['TLS_DHE_RSA_WITH_AES_256_GCM_SHA384', 'phase_out'],
    ['TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384', 'phase_out'],
    ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'insufficient'],
    ['TLS_RSA_WITH_AES_128_GCM_SHA256', 'insufficient'],
    ['TLS_RSA_WITH_3DES_EDE_CBC_SHA', 'insufficient'],
    ['TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384', 'insufficient'],
    ['TLS_RSA_WITH_RC4_128_SHA', 'forbidden'],
    ['TLS_RSA_WITH_DES_CBC_SHA', 'forbidden'],
    ['TLS_RSA_EXPORT_WITH_DES40_CBC_SHA', 'forbidden'],
    ['TLS_ECDHE_RSA_WITH_NULL_SHA', 'forbidden'],
    ['TLS_ECDH_anon_WITH_AES_256_CBC_SHA', 'forbidden'],
  ] as const)('takes %s for %s', (name, expected) => {
    expect(level(name)).toBe(expected)
  })

  it('knows every suite that a log can name', () => {
    expect(CIPHER_SUITE_ROWS.filter(({ name }) => cipherFacets(name) === undefined)).toEqual([])
  })

  it.each(['', 'unknown', 'AES256-SHA', 'TLS_FALLBACK_SCSV'])('says nothing of “%s”', (name) => {
    expect(cipherFacets(name)).toBeUndefined()
  })

  it.runIf(openssl?.version.startsWith('OpenSSL 3.0'))('sorts the suites of OpenSSL 3.0 as Internet.nl does', () => {
    // The two that OpenSSL lists only when asked by name are not among the 158 that were compared.
    const names = openssl?.suites.map(({ name }) => name).filter((name) => !name.startsWith('TLS_AES_128_CCM'))
    const counts = Object.fromEntries(
      Object.entries(Object.groupBy(names ?? [], (name) => level(name) ?? 'none')).map(([key, of]) => [
        key,
        of?.length,
      ]),
    )
    expect(counts).toEqual({ good: 2, sufficient: 9, phase_out: 23, insufficient: 94, forbidden: 30 })
  })
})

describe('versionGrade', () => {
  it('follows RFC 9325 section 3.1.1', () => {
    expect(versionGrade('TLSv1_3')).toBe('good')
    expect(versionGrade('TLSv1_2')).toBe('sufficient')
    expect(versionGrade('TLSv1_1')).toBe('insufficient')
    expect(versionGrade('TLSv1_0')).toBe('insufficient')
    expect(versionGrade('SSLv3')).toBe('forbidden')
    expect(versionGrade('SSLv2')).toBe('forbidden')
  })
})
