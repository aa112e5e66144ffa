import { MAX_NAME_LENGTH } from './name-cache.ts'

/**
 * The parts of a GnuTLS session description, each as logged: `findGroup` and `findSignature` give their canonical names,
 * and what those do not know stays raw.
 */
export type GnuTlsComposite = {
  /** GnuTLS's key exchange: ECDHE, DHE, RSA, ANON_ECDH, …; from GnuTLS before 3.6 with the key, ECDHE_RSA. */
  readonly keyExchange: string
  readonly group?: string
  /** Size of a Diffie-Hellman group that has no name (CUSTOM2048; before 3.6, DHE_RSA_2048). */
  readonly dhBits?: number
  readonly signature?: string
  readonly cipher: string
  /** The record MAC; absent where the cipher is an AEAD. */
  readonly mac?: string
  readonly forwardSecrecy: boolean
  readonly aead: boolean
}

// Longest first: a name must not be taken for a shorter one followed by a group.
const KEY_EXCHANGES: readonly (readonly [name: string, ephemeral: boolean])[] = [
  ['ECDHE_ECDSA', true],
  ['ECDHE_RSA', true],
  ['ECDHE_PSK', true],
  ['ANON_ECDH', true],
  ['ANON_DH', true],
  ['DHE_RSA', true],
  ['DHE_DSS', true],
  ['DHE_PSK', true],
  ['HYBRID', true],
  ['ECDHE', true],
  ['DHE', true],
  ['SRP_RSA', true],
  ['SRP_DSS', true],
  ['SRP', true],
  ['RSA_PSK', false],
  ['RSA', false],
  ['PSK', false],
]

const WITHOUT_GROUP: ReadonlySet<string> = new Set(['SRP_RSA', 'SRP_DSS', 'SRP', 'RSA_PSK', 'RSA', 'PSK'])

const MACS: ReadonlySet<string> = new Set(['MD5', 'SHA1', 'SHA256', 'SHA384', 'SHA512'])

const AEAD_ENDINGS: readonly string[] = ['_GCM', '_CCM', '_CCM_8', '_POLY1305']

/**
 * Takes apart what GnuTLS's gnutls_session_get_desc (lib/session.c, lib/state.c) says of a session, either raw,
 * `(TLS1.3)-(ECDHE-X25519)-(RSA-PSS-RSAE-SHA256)-(AES-256-GCM)`, or as Exim writes it (tls-gnu.c),
 * `ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM`: key exchange with group, signature if any, cipher, MAC if any.
 * Undefined for anything of another shape.
 */
export function parseGnuTlsComposite(raw: string): GnuTlsComposite | undefined {
  if (raw.length > MAX_NAME_LENGTH) return undefined
  const segments = splitSegments(raw)
  if (segments === undefined || segments.includes('')) return undefined
  const last = segments.at(-1)
  const mac = last !== undefined && MACS.has(last) ? last : undefined
  const [exchange, ...middle] = mac === undefined ? segments : segments.slice(0, -1)
  const cipher = middle.pop()
  if (exchange === undefined || cipher === undefined || middle.length > 1) return undefined
  const aead = AEAD_ENDINGS.some((ending) => cipher.endsWith(ending))
  const parsed = parseExchange(exchange)
  if (parsed === undefined || aead !== (mac === undefined)) return undefined
  const [signature] = middle
  return {
    ...parsed,
    ...(signature === undefined ? {} : { signature }),
    cipher,
    ...(mac === undefined ? {} : { mac }),
    aead,
  }
}

function splitSegments(raw: string): string[] | undefined {
  if (!raw.startsWith('(')) return raw.includes('__') ? raw.split('__') : undefined
  if (!raw.endsWith(')')) return undefined
  const [version = '', ...rest] = raw.slice(1, -1).split(')-(')
  if (!version.startsWith('TLS') && !version.startsWith('SSL')) return undefined
  return rest.map((segment) => segment.replaceAll('-', '_'))
}

type Exchange = Pick<GnuTlsComposite, 'keyExchange' | 'group' | 'dhBits' | 'forwardSecrecy'>

function parseExchange(segment: string): Exchange | undefined {
  const found = KEY_EXCHANGES.find(([name]) => segment === name || segment.startsWith(`${name}_`))
  if (found === undefined) return undefined
  const [keyExchange, forwardSecrecy] = found
  const group = segment.slice(keyExchange.length + 1)
  if (group === '') return { keyExchange, forwardSecrecy }
  if (WITHOUT_GROUP.has(keyExchange)) return undefined
  const dhBits = unnamedGroupBits(group)
  if (dhBits === undefined) return { keyExchange, group, forwardSecrecy }
  return dhBits === 0 ? { keyExchange, forwardSecrecy } : { keyExchange, dhBits, forwardSecrecy }
}

/** 2048 for `CUSTOM2048` and `2048`, 0 for a bare `CUSTOM`, undefined for the name of a group. */
function unnamedGroupBits(group: string): number | undefined {
  const digits = group.startsWith('CUSTOM') ? group.slice('CUSTOM'.length) : group
  const bits = Number(digits)
  return Number.isInteger(bits) && bits >= 0 && bits < 65_536 ? bits : undefined
}
