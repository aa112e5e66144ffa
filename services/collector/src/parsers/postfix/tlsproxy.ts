import type { UnknownNames } from '@tlsrep/core'
import type { LogLine } from '../../framing/framing.ts'
import { ownText } from '../../own-text.ts'
import { indexWithin } from '../../within.ts'
import type { LineClass } from '../parser.ts'
import { libraryFailure } from './failure.ts'
import type { Service } from './host.ts'
import { createNamaddr, scanNamaddr } from './namaddr.ts'
import type { PostscreenReader } from './postscreen.ts'
import type { SmtpReader } from './smtp.ts'
import type { Failure } from './smtpd-session.ts'
import { readSummaryHead, type SummaryHead, type SummaryReader } from './tls-summary.ts'

/** A tlsproxy process: it serves many peers at once, so its pid joins nothing but a library problem with the failure behind it. */
interface Process {
  library: Failure | null
  libraryAt: number
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
const PROCESSES_MAX = 4096

/**
 * Reads the lines of tlsproxy (src/tlsproxy/tlsproxy.c), which does TLS for postscreen and, with connection reuse, for smtp. Its lines
 * never open a session. A library problem names no peer and stands before `TLS handshake failed`, of the same process.
 */
export class TlsproxyReader {
  readonly #postscreen: PostscreenReader
  readonly #smtp: SmtpReader
  readonly #summaries: SummaryReader
  readonly #unknown: UnknownNames
  readonly #processes = new Map<string, Process>()
  readonly #peer = createNamaddr()
  readonly #head: SummaryHead = { certificate: null, inbound: true, reused: false, peer: 0 }

  constructor(postscreen: PostscreenReader, smtp: SmtpReader, summaries: SummaryReader, unknown: UnknownNames) {
    this.#postscreen = postscreen
    this.#smtp = smtp
    this.#summaries = summaries
    this.#unknown = unknown
  }

  read(line: LogLine, service: Service): LineClass {
    const { text, message, end } = line
    const process = this.#process(line, service)
    if (text.startsWith('warning: ', message)) return this.#warning(line, process, message + 'warning: '.length)
    const { library } = process
    process.library = null
    if (text.startsWith('CONNECT from ', message)) return this.#proxied(line, service, 'CONNECT from ', 'begun')
    if (text.startsWith('CONNECT to ', message)) {
      this.#smtp.proxyAnswers(service.instance)
      return 'joined'
    }
    if (text.startsWith('DISCONNECT ', message)) return this.#proxied(line, service, 'DISCONNECT ', 'ended')
    if (text.startsWith('TLS handshake failed for service=', message)) {
      const near = library !== null && Math.abs(line.time - process.libraryAt) <= 1000
      return this.#failed(line, service, near && library !== null ? library : PEER_LOST)
    }
    if (readSummaryHead(text, message, this.#head)) return this.#established(line, service)
    return 'ignored_noise'
  }

  #warning(line: LogLine, process: Process, at: number): LineClass {
    const { text, end } = line
    const words = 'TLS library problem: '
    if (text.startsWith(words, at)) {
      process.library ??= libraryFailure(text, at + words.length, end, 'inbound', this.#unknown) ?? null
      process.libraryAt = line.time
      return 'joined'
    }
    if (text.startsWith('ciphertext read/write timeout for ', at)) {
      process.library = TIMED_OUT
      process.libraryAt = line.time
      return 'joined'
    }
    return 'ignored_other'
  }

  #proxied(line: LogLine, service: Service, words: string, what: 'begun' | 'ended'): LineClass {
    if (!scanNamaddr(line.text, line.message + words.length, line.end, this.#peer)) return 'dead_unparsed'
    const ip = this.#ip(line.text)
    const { port } = this.#peer
    const known =
      what === 'begun'
        ? this.#postscreen.tlsBegun(line, service.instance, ip, port)
        : this.#postscreen.proxied(line, service.instance, ip, port)
    // Outbound, and where postscreen's own DISCONNECT came first.
    return known || what === 'ended' ? 'joined' : 'ignored_orphan'
  }

  #failed(line: LogLine, service: Service, failure: Failure): LineClass {
    const { text, message, end } = line
    const at = indexWithin(text, ' peer=', message, end)
    if (at < 0 || !scanNamaddr(text, at + ' peer='.length, end, this.#peer)) return 'dead_unparsed'
    const ip = this.#ip(text)
    const inbound = text.startsWith('smtpd ', message + 'TLS handshake failed for service='.length)
    if (!inbound) {
      this.#smtp.proxyFailed(service.instance, ip, this.#peer.port, failure, line.time)
      return 'joined'
    }
    return this.#postscreen.failed(line, service.instance, ip, this.#peer.port, failure) ? 'joined' : 'ignored_orphan'
  }

  #established(line: LogLine, service: Service): LineClass {
    const { text, end } = line
    // smtp writes its own summary line for the connections that it asked for.
    if (!this.#head.inbound) return 'joined'
    if (!scanNamaddr(text, this.#head.peer, end, this.#peer)) return 'dead_unparsed'
    const summary = this.#summaries.read(text, this.#peer.end, end)
    if (summary === undefined) return 'dead_unparsed'
    const ip = this.#ip(text)
    return this.#postscreen.established(line, service.instance, ip, this.#peer.port, this.#head, summary)
      ? 'joined'
      : 'ignored_orphan'
  }

  #ip(text: string): string {
    return ownText(text, this.#peer.ipStart, this.#peer.ipEnd)
  }

  #process(line: LogLine, service: Service): Process {
    const key = `${service.instance.host.name}\0${service.program}\0${line.pid}`
    let process = this.#processes.get(key)
    if (process === undefined) {
      if (this.#processes.size >= PROCESSES_MAX) this.#processes.clear()
      process = { library: null, libraryAt: 0 }
      this.#processes.set(key, process)
    }
    return process
  }
}
