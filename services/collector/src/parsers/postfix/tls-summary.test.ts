import { UnknownNames } from '@tlsrep/core'
import { describe, expect, it } from 'vitest'
import { lineText } from '../../framing/line-bytes.ts'
import type { TlsFacts } from '../tls-facts.ts'
import { createNamaddr, scanNamaddr } from './namaddr.ts'
import { readSummaryHead, type Summary, type SummaryHead, SummaryReader } from './tls-summary.ts'

interface Read {
  head: SummaryHead
  summary: Summary | undefined
  unknown: UnknownNames
}

function read(message: string): Read | undefined {
  const line = lineText(message)
  const head: SummaryHead = { certificate: null, inbound: true, reused: false, peer: 0 }
  if (!readSummaryHead(line.bytes, 0, head)) return undefined
  const peer = createNamaddr()
  if (!scanNamaddr(line.bytes, head.peer, message.length, peer)) return undefined
  const unknown = new UnknownNames()
  return { head, summary: new SummaryReader(unknown).read(line, peer.end, message.length), unknown }
}

const TLS13 = 'TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)'

describe('a TLS summary line', () => {
  it.each([
    ['Anonymous TLS connection established from a[192.0.2.1]: ', 'none', true, false],
    ['Untrusted TLS connection established from a[192.0.2.1]: ', 'untrusted', true, false],
    ['Trusted TLS connection established from a[192.0.2.1]: ', 'trusted', true, false],
    ['Verified TLS connection established to a[192.0.2.1]:25: ', 'verified', false, false],
    ['TLS connection established from a[192.0.2.1]: ', null, true, false],
    ['Untrusted TLS connection reused to a[192.0.2.1]:25: ', 'untrusted', false, true],
    ['Anonymous TLS connection reused from a[192.0.2.1]: ', 'none', true, true],
  ] as const)('begins with %s', (words, certificate, inbound, reused) => {
    expect(read(`${words}${TLS13}`)?.head).toMatchObject({ certificate, inbound, reused })
  })

  it.each([
    'setting up TLS connection from a[192.0.2.1]',
    'x TLS connection established from a[192.0.2.1]: TLSv1.3',
    'Anonymous TLS connection closed from a[192.0.2.1]',
    'Verified Trusted TLS connection established from a[192.0.2.1]',
    'TLS connection established',
    '',
  ])('begins no other way: %s', (message) => {
    expect(read(message)).toBeUndefined()
  })

  it.each<[string, string, Partial<TlsFacts>]>([
    [
      '2.3, no trust word',
      'TLS connection established from a[192.0.2.1]: TLSv1 with cipher DHE-RSA-AES256-SHA (256/256 bits)',
      { tls_version: 'TLSv1_0', cipher: 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA', resumed: null, aead: false },
    ],
    [
      'TLS 1.2',
      'Trusted TLS connection established from mail.outbound.protection.outlook.com[1.1.1.1]: TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)',
      {
        tls_version: 'TLSv1_2',
        cipher: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
        cipher_raw: 'ECDHE-RSA-AES256-GCM-SHA384',
        cipher_code: 0xc030,
        secret_bits: 256,
        key_exchange_group: null,
        server_signature: null,
        forward_secrecy: true,
        aead: true,
        post_quantum: false,
        resumed: null,
      },
    ],
    [
      '3.4 and up',
      `Anonymous TLS connection established from julie.example.com[10.163.89.202]: ${TLS13} key-exchange X25519 server-signature RSA-PSS (4096 bits) server-digest SHA256`,
      { key_exchange_group: 'x25519', server_signature: 'RSA-PSS/SHA256', resumed: false, post_quantum: false },
    ],
    [
      '3.5 with OpenSSL 1.1.1',
      `Untrusted TLS connection established to gmail-smtp-in.l.google.com[74.125.128.27]:25: ${TLS13} key-exchange X25519 server-signature ECDSA (P-256) server-digest SHA256`,
      { key_exchange_group: 'x25519', server_signature: 'ECDSA/SHA256', resumed: false },
    ],
    [
      '3.5 with P-256',
      `Anonymous TLS connection established from a[192.0.2.1]: ${TLS13} key-exchange ECDHE (P-256) server-signature RSA-PSS (2048 bits) server-digest SHA256`,
      { key_exchange_group: 'secp256r1' },
    ],
    [
      '3.7 with P-256',
      `Anonymous TLS connection established from a[192.0.2.1]: ${TLS13} key-exchange ECDHE (prime256v1) server-signature RSA-PSS (2048 bits) server-digest SHA256`,
      { key_exchange_group: 'secp256r1' },
    ],
    [
      '3.10',
      'Anonymous TLS connection established from a[192.0.2.1]: TLSv1.3 with cipher TLS_CHACHA20_POLY1305_SHA256 (256/256 bits) key-exchange secp256r1 server-signature RSA-PSS (2048 bits) server-digest SHA512',
      { cipher: 'TLS_CHACHA20_POLY1305_SHA256', key_exchange_group: 'secp256r1', server_signature: 'RSA-PSS/SHA512' },
    ],
    [
      '3.11',
      `Anonymous TLS connection established from a[192.0.2.1]: ${TLS13} key-exchange X25519MLKEM768 server-signature RSA-PSS (2048 bits) server-digest SHA256`,
      { key_exchange_group: 'X25519MLKEM768', post_quantum: true, resumed: false },
    ],
    [
      'DHE of a size',
      `Anonymous TLS connection established from a[192.0.2.1]: ${TLS13} key-exchange DHE (2048 bits) server-signature RSA-PSS (2048 bits) server-digest SHA256`,
      { key_exchange_group: null, resumed: false },
    ],
    [
      'a raw public key of a curve',
      `Anonymous TLS connection established from a[192.0.2.1]: ${TLS13} key-exchange x25519 server-signature ECDSA (prime256v1 raw public key) server-digest SHA256`,
      { server_signature: 'ECDSA/SHA256', resumed: false },
    ],
    [
      'a raw public key of a size',
      `Anonymous TLS connection established from a[192.0.2.1]: ${TLS13} key-exchange x25519 server-signature RSA-PSS (2048 bit raw public key) server-digest SHA256`,
      { server_signature: 'RSA-PSS/SHA256', resumed: false },
    ],
    [
      'a client certificate',
      `Trusted TLS connection established from a[192.0.2.1]: ${TLS13} key-exchange x25519 server-signature ECDSA (prime256v1) server-digest SHA256 client-signature RSA-PSS (2048 bits) client-digest SHA512`,
      { server_signature: 'ECDSA/SHA256', resumed: false },
    ],
    [
      'anonymous Diffie-Hellman',
      'Anonymous TLS connection established to mail4.gotanet.se[212.3.0.44]:25: TLSv1 with cipher ADH-AES256-SHA (256/256 bits)',
      { tls_version: 'TLSv1_0', cipher: 'TLS_DH_anon_WITH_AES_256_CBC_SHA' },
    ],
    [
      'fewer bits in use than the algorithm has',
      'Anonymous TLS connection established from a[192.0.2.1]: TLSv1.2 with cipher AES128-SHA (128/256 bits)',
      { secret_bits: 128, forward_secrecy: false },
    ],
  ])('of %s', (_version, message, facts) => {
    const result = read(message)
    expect(result?.summary?.facts).toMatchObject(facts)
    expect(result?.unknown.report()).toEqual([])
  })

  it.each([
    ['3.10, 3.11: the line ends after the key exchange', `${TLS13} key-exchange x25519`, true],
    ['3.11', `${TLS13} key-exchange X25519MLKEM768`, true],
    ['3.5, 3.7: no digest', `${TLS13} key-exchange X25519 server-signature RSA-PSS (2048 bits)`, true],
    ['a signature that has no digest says nothing', `${TLS13} key-exchange x25519 server-signature ED25519`, null],
    ['no tail at all says nothing', TLS13, null],
    ['TLS 1.2 leaves no sign', 'TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)', null],
  ])('tells a resumed session: %s', (_what, tail, resumed) => {
    expect(read(`Anonymous TLS connection established from a[192.0.2.1]: ${tail}`)?.summary?.facts.resumed).toBe(
      resumed,
    )
  })

  it('names the SNI that the client asked for', () => {
    expect(
      read(`Anonymous TLS connection established from a[192.0.2.1] to mx1.example.org: ${TLS13}`)?.summary,
    ).toMatchObject({
      sni: 'mx1.example.org',
      facts: { tls_version: 'TLSv1_3' },
    })
    expect(read(`Anonymous TLS connection established from a[192.0.2.1]: ${TLS13}`)?.summary?.sni).toBe(null)
  })

  it('keeps what no table knows as it was logged, and counts it', () => {
    const result = read(
      'Anonymous TLS connection established from a[192.0.2.1]: TLSv1.4 with cipher TLS_NEW (512/512 bits) key-exchange x448x',
    )
    expect(result?.summary?.facts).toMatchObject({
      tls_version: null,
      cipher: null,
      cipher_raw: 'TLS_NEW',
      secret_bits: 512,
      forward_secrecy: null,
      post_quantum: null,
    })
    expect(
      result?.unknown
        .report()
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['cipher', 'group', 'version'])
  })

  it.each([
    ': TLSv1.3',
    ': TLSv1.3 with cipher TLS_AES_256_GCM_SHA384',
    ': TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bit',
    ' TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)',
    ' to mx1.example.org',
    ` to ${'x'.repeat(300)}: ${TLS13}`,
    '',
  ])('is none when its end is missing: “%.60s”', (tail) => {
    expect(read(`Anonymous TLS connection established from a[192.0.2.1]${tail}`)?.summary).toBeUndefined()
  })

  it('gives the same answer for a tail that it has read before', () => {
    const reader = new SummaryReader(new UnknownNames())
    const tails = Array.from({ length: 40 }, (_, n) => `: TLSv1.2 with cipher AES128-SHA (${n}/256 bits)`)
    for (const tail of [...tails, ...tails]) {
      const bits = Number(/\((\d+)/.exec(tail)?.[1])
      expect(reader.read(lineText(tail), 0, tail.length)?.facts.secret_bits).toBe(bits)
    }
  })
})
