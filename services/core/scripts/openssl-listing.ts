import { execFileSync } from 'node:child_process'
import { deriveFacts } from './cipher-suite-facts.ts'

/** One line of `openssl ciphers -V -stdname`. */
export type ListedSuite = {
  code: number
  name: string
  openssl: string
  keyExchange: string
  encryption: string
  mac: string
}

// Without -s, OpenSSL lists what it was built with, whatever the protocol: -tls1, -psk and -srp add nothing. The TLS 1.3
// suites that are off by default must be asked for by name; a name that this OpenSSL lacks is passed over.
const TLS13_SUITES: readonly string[] = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_128_CCM_SHA256',
  'TLS_AES_128_CCM_8_SHA256',
  'TLS_SHA256_SHA256',
  'TLS_SHA384_SHA384',
]

/** Version and suites of the OpenSSL on this machine; undefined where there is none. */
export function readOpenSsl(): { version: string; suites: ListedSuite[] } | undefined {
  try {
    const banner = execFileSync('openssl', ['version'], { encoding: 'utf8' })
    const version = banner.split(' ').slice(0, 2).join(' ').trim()
    const selection = ['-ciphersuites', TLS13_SUITES.join(':'), 'ALL:COMPLEMENTOFALL:@SECLEVEL=0']
    const listing = execFileSync('openssl', ['ciphers', '-V', '-stdname', ...selection], { encoding: 'utf8' })
    return { version, suites: parseListing(listing) }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** `0xC0,0x30 - IANA - OPENSSL TLSv1.2 Kx=ECDH Au=RSA Enc=AESGCM(256) Mac=AEAD`, a line each. */
export function parseListing(listing: string): ListedSuite[] {
  const lines = listing.split('\n').filter((line) => line.trim() !== '')
  return lines.map(parseLine)
}

function parseLine(line: string): ListedSuite {
  const [code = '', , name = '', , openssl = '', ...rest] = line.split(' ').filter((word) => word !== '')
  const column = (key: string) => rest.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1) ?? ''
  const [high = '', low = ''] = code.split(',')
  const listed: ListedSuite = {
    code: Number(high) * 256 + Number(low),
    name,
    openssl,
    keyExchange: column('Kx'),
    encryption: column('Enc'),
    mac: column('Mac'),
  }
  if (!Number.isInteger(listed.code) || !name.startsWith('TLS_') || listed.mac === '') {
    throw new Error(`not a line of openssl ciphers -V -stdname: ${line}`)
  }
  return listed
}

const EPHEMERAL_COLUMN: ReadonlySet<string> = new Set(['any', 'DH', 'ECDH', 'DHEPSK', 'ECDHEPSK', 'SRP'])

/** What OpenSSL's columns say otherwise than the rules on the name; empty where they agree. */
export function disagreements(suite: ListedSuite): string[] {
  const facts = deriveFacts(suite.name)
  const open = suite.encryption.lastIndexOf('(')
  const bits = suite.encryption === 'None' ? 0 : Number(suite.encryption.slice(open + 1, -1))
  // Older OpenSSL prints 168, the key's length, for what its own strength_bits calls 112.
  const strength = suite.encryption.startsWith('3DES') ? 112 : bits
  const found: string[] = []
  if (facts.bits !== strength) found.push(`${suite.name}: bits ${facts.bits}, OpenSSL has Enc=${suite.encryption}`)
  if (facts.forwardSecrecy !== EPHEMERAL_COLUMN.has(suite.keyExchange)) {
    found.push(`${suite.name}: forward secrecy ${facts.forwardSecrecy}, OpenSSL has Kx=${suite.keyExchange}`)
  }
  if (facts.aead !== (suite.mac === 'AEAD')) found.push(`${suite.name}: AEAD ${facts.aead}, Mac=${suite.mac}`)
  return found
}
