import { expect, test } from 'vitest'
import { parseGnuTlsComposite } from './gnutls-composite.ts'

test('an AEAD under TLS 1.3, as Exim and as GnuTLS write it', () => {
  const parts = {
    keyExchange: 'ECDHE',
    group: 'X25519',
    signature: 'RSA_PSS_RSAE_SHA256',
    cipher: 'AES_256_GCM',
    forwardSecrecy: true,
    aead: true,
  }
  expect(parseGnuTlsComposite('ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM')).toEqual(parts)
  expect(parseGnuTlsComposite('(TLS1.3)-(ECDHE-X25519)-(RSA-PSS-RSAE-SHA256)-(AES-256-GCM)')).toEqual(parts)
})

test('a block cipher names its MAC, and TLS 1.0 may leave out the signature', () => {
  expect(parseGnuTlsComposite('ECDHE_X25519__AES_256_CBC__SHA1')).toEqual({
    keyExchange: 'ECDHE',
    group: 'X25519',
    cipher: 'AES_256_CBC',
    mac: 'SHA1',
    forwardSecrecy: true,
    aead: false,
  })
})

test('RSA key transport has neither group nor forward secrecy', () => {
  expect(parseGnuTlsComposite('RSA__AES_256_GCM')).toEqual({
    keyExchange: 'RSA',
    cipher: 'AES_256_GCM',
    forwardSecrecy: false,
    aead: true,
  })
})

test('a group without a name has a size', () => {
  expect(parseGnuTlsComposite('DHE_CUSTOM2048__RSA_PSS_RSAE_SHA256__AES_256_GCM')).toEqual({
    keyExchange: 'DHE',
    dhBits: 2048,
    signature: 'RSA_PSS_RSAE_SHA256',
    cipher: 'AES_256_GCM',
    forwardSecrecy: true,
    aead: true,
  })
  expect(parseGnuTlsComposite('DHE_RSA_1024__AES_256_CBC__SHA1')).toMatchObject({
    keyExchange: 'DHE_RSA',
    dhBits: 1024,
  })
  expect(parseGnuTlsComposite('DHE_CUSTOM__RSA_SHA256__AES_256_GCM')).not.toHaveProperty('dhBits')
  expect(parseGnuTlsComposite('ECDHE_PSK_X25519__AES_256_GCM')).toMatchObject({
    keyExchange: 'ECDHE_PSK',
    group: 'X25519',
  })
})

test.each([
  '',
  '__',
  'TLS_AES_256_GCM_SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE_X25519____AES_256_GCM',
  'ECDHE_X25519__RSA_SHA1__X__AES_256_CBC__SHA1',
  'ECDHE_X25519__AES_256_GCM__SHA1',
  'ECDHE_X25519__AES_256_CBC',
  'ECDHE_X25519__SHA1',
  'RSA_X25519__AES_256_GCM',
  'KRB5__AES_256_GCM',
  '(AES-256-GCM)',
  '(TLS1.3)-(AES-256-GCM)',
  '(TLS1.3)-(ECDHE-X25519)-(AES-256-GCM',
  `ECDHE_X25519__${'A'.repeat(90)}_GCM`,
])('%j is no description', (raw) => {
  expect(parseGnuTlsComposite(raw)).toBeUndefined()
})
