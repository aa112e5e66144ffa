import type { UnknownNames } from '@tlsrep/core'
import type { Direction } from '@tlsrep/schemas'
import type { LogLine } from '../../framing/framing.ts'
import { says, words } from '../../framing/line-bytes.ts'
import { ownText, ownUtf8 } from '../../own-text.ts'
import { indexWithin } from '../../within.ts'
import type { LineClass } from '../parser.ts'
import { libraryFailure, SAME_BREATH_MS } from './failure.ts'
import type { Service } from './host.ts'
import { createNamaddr, scanNamaddr } from './namaddr.ts'
import type { PostscreenReader } from './postscreen.ts'
import { ProcessTable } from './process-table.ts'
import type { SmtpReader } from './smtp.ts'
import type { Failure } from './smtpd-session.ts'
import { readSummaryHead, type SummaryHead, type SummaryReader } from './tls-summary.ts'

/** A tlsproxy process: it serves many peers at once, so its pid joins nothing but a library problem with the failure behind it. */
interface Process {
  /** Words of the first library problem since the last other line; whose they are shows at the line behind. */
  words: string
  wordsAt: number
}

const PEER_LOST: Failure = {
  reason: 'connection_lost',
  fault: 'unknown',
  words: 'TLS handshake failed',
  byPlace: false,
}
const TIMED_OUT: Failure = {
  reason: 'timeout',
  fault: 'unknown',
  words: 'ciphertext read/write timeout',
  byPlace: false,
}
const WORDS_MAX = 512
const FAILED = words('TLS handshake failed for service=')
const CONNECT_FROM = words('CONNECT from ')
const DISCONNECT = words('DISCONNECT ')
const WARNING = words('warning: ')
const CONNECT_TO = words('CONNECT to ')
const FOR_SMTPD = words('smtpd ')
const LIBRARY = 'TLS library problem: '
const TIMEOUT = 'ciphertext read/write timeout for '
const EXPLANATIONS = [LIBRARY, TIMEOUT].map(words)

/**
 * Reads the lines of tlsproxy (src/tlsproxy/tlsproxy.c), which does TLS for postscreen and, with connection reuse, for smtp. Its lines
 * never open a session. A library problem names no peer and stands before `TLS handshake failed`, of the same process.
 */
export class TlsproxyReader {
  readonly #postscreen: PostscreenReader
  readonly #smtp: SmtpReader
  readonly #summaries: SummaryReader
  readonly #unknown: UnknownNames
  readonly #processes = new ProcessTable((): Process => ({ words: '', wordsAt: 0 }))
  readonly #peer = createNamaddr()
  readonly #head: SummaryHead = { certificate: null, inbound: true, reused: false, peer: 0 }

  constructor(postscreen: PostscreenReader, smtp: SmtpReader, summaries: SummaryReader, unknown: UnknownNames) {
    this.#postscreen = postscreen
    this.#smtp = smtp
    this.#summaries = summaries
    this.#unknown = unknown
  }

  /** tlsproxy processes come and go; what one said last is of no use a breath later. */
  sweep(service: Service): void {
    const { clock } = service.instance.host
    this.#processes.sweep(service, ({ wordsAt }) => Math.abs(clock - wordsAt) > SAME_BREATH_MS)
  }

  forget(service: Service): void {
    this.#processes.forget(service)
  }

  read(line: LogLine, service: Service): LineClass {
    const { bytes, message } = line
    const process = this.#processes.of(service, line.pid)
    if (says(bytes, message, WARNING)) return this.#warning(line, process, message + WARNING.length)
    const said = Math.abs(line.time - process.wordsAt) <= SAME_BREATH_MS ? process.words : ''
    process.words = ''
    if (says(bytes, message, CONNECT_FROM)) return this.#proxied(line, service, CONNECT_FROM.length, 'begun')
    if (says(bytes, message, CONNECT_TO)) {
      this.#smtp.proxyAnswers(service.instance)
      return 'joined'
    }
    if (says(bytes, message, DISCONNECT)) return this.#proxied(line, service, DISCONNECT.length, 'ended')
    if (says(bytes, message, FAILED)) return this.#failed(line, service, said)
    if (readSummaryHead(bytes, message, this.#head)) return this.#established(line, service)
    return 'ignored_noise'
  }

  #warning(line: LogLine, process: Process, at: number): LineClass {
    const { text, bytes, end } = line
    for (const opening of EXPLANATIONS) {
      if (!says(bytes, at, opening)) continue
      if (process.words === '') process.words = ownUtf8(text, at, Math.min(end, at + WORDS_MAX))
      process.wordsAt = line.time
      return 'joined'
    }
    return 'ignored_other'
  }

  #proxied(line: LogLine, service: Service, lead: number, what: 'begun' | 'ended'): LineClass {
    if (!scanNamaddr(line.bytes, line.message + lead, line.end, this.#peer)) return 'dead_unparsed'
    const ip = this.#ip(line.text)
    const { port } = this.#peer
    const known =
      what === 'begun'
        ? this.#postscreen.tlsBegun(line, service.instance, ip, port)
        : this.#postscreen.proxied(line, service.instance, ip, port)
    // Outbound, and where postscreen's own DISCONNECT came first.
    return known || what === 'ended' ? 'joined' : 'ignored_orphan'
  }

  #failed(line: LogLine, service: Service, words: string): LineClass {
    const { text, bytes, message, end } = line
    const at = indexWithin(text, ' peer=', message, end)
    if (at < 0 || !scanNamaddr(bytes, at + ' peer='.length, end, this.#peer)) return 'dead_unparsed'
    const ip = this.#ip(text)
    const inbound = says(bytes, message + FAILED.length, FOR_SMTPD)
    const failure = this.#failure(words, inbound ? 'inbound' : 'outbound')
    if (!inbound) {
      this.#smtp.proxyFailed(service.instance, ip, this.#peer.port, failure, line.time)
      return 'joined'
    }
    return this.#postscreen.failed(line, service.instance, ip, this.#peer.port, failure) ? 'joined' : 'ignored_orphan'
  }

  #failure(words: string, direction: Direction): Failure {
    if (words.startsWith(TIMEOUT)) return TIMED_OUT
    if (words === '') return PEER_LOST
    return (
      libraryFailure(words, LIBRARY.length, words.length, direction, this.#unknown) ?? {
        ...PEER_LOST,
        reason: 'other',
        words,
      }
    )
  }

  #established(line: LogLine, service: Service): LineClass {
    const { text, bytes, end } = line
    // smtp writes its own summary line for the connections that it asked for.
    if (!this.#head.inbound) return 'joined'
    if (!scanNamaddr(bytes, this.#head.peer, end, this.#peer)) return 'dead_unparsed'
    const summary = this.#summaries.read(line, this.#peer.end, end)
    if (summary === undefined) return 'dead_unparsed'
    const ip = this.#ip(text)
    return this.#postscreen.established(line, service.instance, ip, this.#peer.port, this.#head, summary)
      ? 'joined'
      : 'ignored_orphan'
  }

  #ip(text: string): string {
    return ownText(text, this.#peer.ipStart, this.#peer.ipEnd)
  }
}
