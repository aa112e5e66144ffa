import type { UnknownNames } from '@tlsrep/core'
import type { PeerCertificate } from '@tlsrep/schemas'
import { type LineText, says, type Words, words } from '../../framing/line-bytes.ts'
import { ownText } from '../../own-text.ts'
import { indexWithin } from '../../within.ts'
import { TextMemo } from '../text-memo.ts'
import { type TlsFacts, tlsFacts } from '../tls-facts.ts'

/**
 * The TLS summary line of smtpd, smtp, lmtp and tlsproxy (tls_log_summary, src/tls/tls_misc.c):
 *
 *   <Trust> TLS connection <established|reused> <from|to> <namaddr>[ to <sni>]: <protocol> with cipher <name> (<use>/<alg> bits)
 *     [ key-exchange <kex>[ (<curve>)| (<n> bits)]][ server-signature <alg>[ (...)][ server-digest <digest>]][ client-signature ...]
 *
 * Postfix up to 2.5 has no trust word. The tail is there for TLS 1.3 alone, from Postfix 3.4 on.
 */
export interface SummaryHead {
  certificate: PeerCertificate | null
  inbound: boolean
  reused: boolean
  /** Index at which the namaddr begins. */
  peer: number
}

const TRUST: readonly (readonly [Words, PeerCertificate])[] = [
  [words('Anonymous '), 'none'],
  [words('Untrusted '), 'untrusted'],
  [words('Trusted '), 'trusted'],
  [words('Verified '), 'verified'],
]

const CONNECTION = words('TLS connection ')
const FORMS = [
  { form: words('established from '), inbound: true, reused: false },
  { form: words('established to '), inbound: false, reused: false },
  { form: words('reused to '), inbound: false, reused: true },
  { form: words('reused from '), inbound: true, reused: true },
] as const

/** Reads a summary up to its namaddr; false when the message at `from` is no summary. */
export function readSummaryHead(bytes: DataView, from: number, into: SummaryHead): boolean {
  const connection = readTrust(bytes, from, into)
  if (!says(bytes, connection, CONNECTION)) return false
  const at = connection + CONNECTION.length
  for (const { form, inbound, reused } of FORMS) {
    if (!says(bytes, at, form)) continue
    into.inbound = inbound
    into.reused = reused
    into.peer = at + form.length
    return true
  }
  return false
}

/** @returns the index after the trust word, `from` where there is none */
function readTrust(bytes: DataView, from: number, into: SummaryHead): number {
  for (const [word, certificate] of TRUST) {
    if (!says(bytes, from, word)) continue
    into.certificate = certificate
    return from + word.length
  }
  into.certificate = null
  return from
}

export interface Summary {
  facts: TlsFacts
  sni: string | null
}

/** Versions, ciphers and groups come in a few hundred combinations. */
const KNOWN_TAILS = 1024

const TO = words(' to ')
const COLON = words(': ')

/** RFC 6066 section 3: a server name is a host name. */
const SNI_MAX = 255

/** Reads what follows the namaddr. One reader per parser: it remembers the tails that it has read. */
export class SummaryReader {
  readonly #known = new TextMemo<TlsFacts>(KNOWN_TAILS)
  readonly #unknown: UnknownNames

  constructor(unknown: UnknownNames) {
    this.#unknown = unknown
  }

  /** @returns undefined when the line is cut off or not a summary after all. */
  read(line: LineText, from: number, end: number): Summary | undefined {
    const { text, bytes } = line
    let at = from
    let sni: string | null = null
    if (says(bytes, at, TO)) {
      const nameEnd = indexWithin(text, ': ', at, end)
      if (nameEnd < 0 || nameEnd - at - 4 > SNI_MAX) return undefined
      sni = ownText(text, at + 4, nameEnd)
      at = nameEnd
    }
    if (!says(bytes, at, COLON)) return undefined
    const facts = this.#tail(line, at + 2, end)
    return facts && { facts, sni }
  }

  #tail(line: LineText, from: number, end: number): TlsFacts | undefined {
    const known = this.#known.find(line, from, end)
    if (known !== undefined) return known
    const facts = this.#readTail(ownText(line.text, from, end))
    if (facts !== undefined) this.#known.keep(line, from, end, facts)
    return facts
  }

  #readTail(tail: string): TlsFacts | undefined {
    const cipherAt = tail.indexOf(' with cipher ')
    if (cipherAt < 0) return undefined
    const bitsAt = tail.indexOf(' (', cipherAt)
    const bitsEnd = bitsAt < 0 ? -1 : tail.indexOf(' bits)', bitsAt)
    if (bitsEnd < 0) return undefined
    const bits = Number.parseInt(tail.slice(bitsAt + 2, bitsEnd), 10)
    const rest = tail.slice(bitsEnd + ' bits)'.length)
    const exchange = keyExchange(rest)
    const signature = section(rest, ' server-signature ')
    const digest = section(rest, ' server-digest ')
    const version = tail.slice(0, cipherAt)
    return tlsFacts(
      {
        version,
        cipher: tail.slice(cipherAt + ' with cipher '.length, bitsAt),
        bits: Number.isNaN(bits) ? null : bits,
        group: exchange.group,
        signature: signature === undefined ? null : beforeParenthesis(signature),
        digest: digest ?? null,
        resumed: version === 'TLSv1.3' ? isResumed(exchange.logged, signature, digest) : null,
      },
      this.#unknown,
    )
  }
}

/**
 * A resumed TLS 1.3 session has no server signature to log: Postfix 3.10 and up end the line after the key exchange, 3.5 and 3.7
 * leave away only the digest (seen on real servers). EdDSA and ML-DSA have no digest of their own, so its absence says nothing there.
 */
function isResumed(exchangeLogged: boolean, signature: string | undefined, digest: string | undefined): boolean | null {
  if (!exchangeLogged) return null
  if (signature === undefined) return true
  if (digest !== undefined) return false
  return /^(RSA|ECDSA)/.test(signature) ? true : null
}

/** `key-exchange X25519`, `key-exchange ECDHE (P-256)`, `key-exchange DHE (2048 bits)`; the last has a size and no group. */
function keyExchange(rest: string): { logged: boolean; group: string | null } {
  const value = section(rest, ' key-exchange ')
  if (value === undefined) return { logged: false, group: null }
  const open = value.indexOf(' (')
  if (open < 0) return { logged: true, group: value }
  const close = value.indexOf(')', open)
  const inner = value.slice(open + 2, close < 0 ? undefined : close)
  return { logged: true, group: inner.endsWith(' bits') ? null : inner }
}

const SECTIONS = [' key-exchange ', ' server-signature ', ' server-digest ', ' client-signature ', ' client-digest ']

/** The words behind a section's name up to the next section. */
function section(rest: string, name: string): string | undefined {
  const at = rest.indexOf(name)
  if (at < 0) return undefined
  const from = at + name.length
  let end = rest.length
  for (const other of SECTIONS) {
    const next = rest.indexOf(other, from)
    if (next >= 0 && next < end) end = next
  }
  return rest.slice(from, end)
}

function beforeParenthesis(value: string): string {
  const open = value.indexOf(' (')
  return open < 0 ? value : value.slice(0, open)
}
