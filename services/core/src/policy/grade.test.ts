import { describe, expect, it } from 'vitest'
import { grade } from './grade.ts'
import { defaultPolicy, parsePolicy } from './parse-policy.ts'

const policy = defaultPolicy()

describe('grade', () => {
  it('is the worst facet, and costs what the heaviest costs, never their sum', () => {
    const found = grade('TLSv1_0', 'TLS_RSA_WITH_3DES_EDE_CBC_SHA', policy)
    expect(found.grade).toBe('insufficient')
    expect(found.heaviest).toEqual({ facet: 'tls_version', grade: 'insufficient', weight: 400 })
    expect(found.facets).toHaveLength(4)
  })

  it.each([
    ['TLSv1_3', 'TLS_AES_128_GCM_SHA256'],
    ['TLSv1_2', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
    ['TLSv1_2', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
    ['TLSv1_2', 'TLS_ECDH_anon_WITH_AES_256_CBC_SHA'],
    ['TLSv1_2', 'TLS_DH_anon_WITH_AES_256_GCM_SHA384'],
    ['TLSv1_2', null],
  ] as const)('lets %s with %s cost nothing', (version, cipher) => {
    expect(grade(version, cipher, policy).heaviest).toBeNull()
  })

  it('guesses nothing where the log names nothing', () => {
    expect(grade(null, null, policy)).toEqual({ grade: 'unknown', facets: [], heaviest: null })
    expect(grade(null, 'no suite', policy).grade).toBe('unknown')
  })

  it('judges the facets that are known', () => {
    expect(grade(null, 'TLS_RSA_WITH_RC4_128_SHA', policy).heaviest).toMatchObject({ facet: 'encryption', weight: 600 })
    expect(grade('SSLv2', null, policy)).toMatchObject({ grade: 'forbidden', heaviest: { weight: 700 } })
  })

  it('forbids anonymous key exchange where the policy says so', () => {
    const strict = parsePolicy('grades: { anonymous_key_exchange: forbidden }', 'strict.yaml')
    if (!strict.ok) throw new Error('not a policy')
    const found = grade('TLSv1_2', 'TLS_ECDH_anon_WITH_AES_256_CBC_SHA', strict.policy)
    expect(found.grade).toBe('forbidden')
    expect(found.heaviest).toEqual({ facet: 'key_exchange', grade: 'forbidden', weight: 600 })
  })
})
