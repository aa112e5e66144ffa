import type { UnknownNames } from '@tlsrep/core'
import type { LogLine } from '../../framing/framing.ts'
import { says, words } from '../../framing/line-bytes.ts'
import { indexWithin } from '../../within.ts'
import type { LineClass } from '../parser.ts'
import { certificateState, worse } from './certificate-state.ts'
import { createDelivery, readDelivery } from './delivery.ts'
import { libraryFailure, SAME_BREATH_MS, statedFailure } from './failure.ts'
import type { Instance, Service } from './host.ts'
import { createNamaddr, isPeerOf, type Namaddr, scanNamaddr } from './namaddr.ts'
import { readEnding } from './outbound-outcome.ts'
import { OutboundSession } from './outbound-session.ts'
import { PeerAddress } from './peer-address.ts'
import { peerName } from './peer-name.ts'
import { Peers } from './peers.ts'
import { ProcessTable } from './process-table.ts'
import type { SessionTable } from './session-table.ts'
import { SmtpProcess } from './smtp-process.ts'
import { peerOfSentence } from './smtp-sentences.ts'
import type { Failure } from './smtpd-session.ts'
import { queueId, skipQueueId } from './text.ts'
import { readSummaryHead, type SummaryHead, type SummaryReader } from './tls-summary.ts'

/** How long further recipients of a delivery are looked for. */
const FORGOTTEN_AFTER_MS = 3_600_000
const TLSRPT = words('TLSRPT: ')
const UNVERIFIED = words('certificate verification failed for ')
const LIBRARY = words('TLS library problem: ')
const FAILED = words('SSL_connect error to ')
const WARNING = words('warning: ')
const SERVER = words('server ')
const TO = words('to=<')
const COLON = words(': ')
const PROXY_DOWN = words('connect to private/tlsproxy')
const MATCHED_DANE = words(': Matched DANE ')
const CANNOT_START = words('Cannot start TLS')
const NOT_VERIFIED = words('Server certificate not ')

/** Reads the lines of smtp and lmtp (src/smtp) and joins them to connections: by pid, and by the relay's address. */
export class SmtpReader {
  readonly #table: SessionTable
  readonly #summaries: SummaryReader
  readonly #unknown: UnknownNames
  readonly #emit: (session: OutboundSession) => void
  readonly #processes = new ProcessTable(() => new SmtpProcess())
  readonly peers = new Peers()
  readonly #peer = createNamaddr()
  readonly #address = new PeerAddress()
  readonly #delivery = createDelivery()
  readonly #head: SummaryHead = { certificate: null, inbound: false, reused: false, peer: 0 }

  constructor(
    table: SessionTable,
    summaries: SummaryReader,
    unknown: UnknownNames,
    emit: (session: OutboundSession) => void,
  ) {
    this.#table = table
    this.#summaries = summaries
    this.#unknown = unknown
    this.#emit = emit
  }

  read(line: LogLine, service: Service): LineClass {
    const { bytes, message, end } = line
    const process = this.#processes.of(service, line.pid)
    process.lastAt = line.time
    if (readSummaryHead(bytes, message, this.#head)) return this.#established(line, service, process)
    if (says(bytes, message, TLSRPT)) return this.#reported(line, process)
    if (says(bytes, message, FAILED)) return this.#failed(line, service, process)
    if (says(bytes, message, WARNING)) return this.#warning(line, service, process, message + WARNING.length)
    const verified = says(bytes, message, SERVER) ? message + SERVER.length : message
    if (says(bytes, verified, UNVERIFIED)) return this.#unverified(line, service, process, verified)
    const afterId = skipQueueId(bytes, message, end)
    if (afterId < 0) return this.#matchedDane(line, service, process)
    if (says(bytes, afterId, TO)) return this.#delivered(line, service, process, afterId)
    return this.#goesOn(line, service, process, afterId)
  }

  /** tlsproxy answers again. */
  proxyAnswers(instance: Instance): void {
    this.peers.proxyDownAt(instance, Number.NEGATIVE_INFINITY)
  }

  /** tlsproxy says that a handshake for one of our connections failed; the connection shows itself at its own line. */
  proxyFailed(instance: Instance, ip: string, port: number, failure: Failure, at: number): void {
    this.peers.shown(instance, ip, at)
    this.peers.failedInProxy(instance, ip, port, failure, at)
  }

  sweep(service: Service): void {
    const { clock } = service.instance.host
    this.#processes.sweep(service, ({ open, lastAt }) => open === null && Math.abs(clock - lastAt) > FORGOTTEN_AFTER_MS)
  }

  forget(service: Service): void {
    this.#processes.forget(service)
    this.peers.forget(service.instance)
  }

  #established(line: LogLine, service: Service, process: SmtpProcess): LineClass {
    const { bytes, end } = line
    if (this.#head.inbound) return 'ignored_other'
    if (!scanNamaddr(bytes, this.#head.peer, end, this.#peer)) return 'dead_unparsed'
    if (!this.#address.take(line, this.#peer)) return 'ignored_other'
    const summary = this.#summaries.read(line, this.#peer.end, end)
    if (summary === undefined) return 'dead_unparsed'
    service.summariesSeen = true
    if (this.#head.reused) return 'joined'
    const { open } = process
    const mine = open !== null && isPeerOf(open, bytes, this.#peer)
    if (mine && open.established === summary.facts && open.lastAt === line.time) return 'ignored_duplicate'
    const session = this.#handshaking(line, service, process)
    session.established = summary.facts
    session.certificate = worse(session.certificate, this.#head.certificate)
    this.peers.shown(service.instance, session.ip, line.time)
    process.failedPeer = ''
    return 'joined'
  }

  /** Postfix 3.10 and up, for domains that ask for TLS reports: what it would report of this connection (tlsrpt_wrapper.c). */
  #reported(line: LogLine, process: SmtpProcess): LineClass {
    const { text, bytes, message, end } = line
    const mark = ', receiving_mx='
    const at = indexWithin(text, mark, message, end)
    if (at < 0 || !scanNamaddr(bytes, at + mark.length, end, this.#peer)) return 'ignored_other'
    if (!this.#address.take(line, this.#peer)) return 'ignored_other'
    const notOffered = indexWithin(text, ', failure_type=starttls_not_supported', this.#peer.end, end) >= 0
    process.notOfferedBy = notOffered ? this.#address.text : ''
    return 'joined'
  }

  #failed(line: LogLine, service: Service, process: SmtpProcess): LineClass {
    const { text, bytes, message, end } = line
    if (!scanNamaddr(bytes, message + FAILED.length, end, this.#peer)) return 'dead_unparsed'
    if (!this.#address.take(line, this.#peer)) return 'ignored_other'
    const { open } = process
    const mine = open !== null && isPeerOf(open, bytes, this.#peer)
    if (mine && open.failure !== null && open.failedAt === line.time && open.endOffset === open.opening.offset)
      return 'ignored_duplicate'
    const session = this.#handshaking(line, service, process)
    const stated = says(bytes, this.#peer.end, COLON) ? this.#peer.end + 2 : this.#peer.end
    session.failure = statedFailure(text, stated, end, 'outbound', this.#unknown)
    session.failedAt = line.time
    this.peers.shown(service.instance, session.ip, line.time)
    process.failedPeer = session.ip
    return 'joined'
  }

  #warning(line: LogLine, service: Service, process: SmtpProcess, at: number): LineClass {
    const { text, bytes, end } = line
    if (says(bytes, at, PROXY_DOWN)) {
      process.proxyDown = true
      this.peers.proxyDownAt(service.instance, line.time)
      return 'joined'
    }
    if (!says(bytes, at, LIBRARY)) return 'ignored_other'
    const session = process.open
    if (session?.failure == null || Math.abs(line.time - session.failedAt) > SAME_BREATH_MS) return 'ignored_orphan'
    if (!session.failure.byPlace) {
      const found = libraryFailure(text, at + LIBRARY.length, end, 'outbound', this.#unknown)
      session.failure = found ?? { ...session.failure, reason: 'other' }
    }
    this.#join(session, line)
    return 'joined'
  }

  /** Said during the handshake, before the summary line: the connection's first line. */
  #unverified(line: LogLine, service: Service, process: SmtpProcess, at: number): LineClass {
    const { text, bytes, end } = line
    if (!scanNamaddr(bytes, at + UNVERIFIED.length, end, this.#peer)) return 'dead_unparsed'
    if (!this.#address.take(line, this.#peer)) return 'ignored_other'
    this.#handshaking(line, service, process).certificate = certificateState(text, this.#peer.end, end)
    return 'joined'
  }

  /** Said during the handshake where `smtp_tls_loglevel` asks for it (tls_dane.c); the summary line says whether the name fits, too. */
  #matchedDane(line: LogLine, service: Service, process: SmtpProcess): LineClass {
    const { bytes, message, end } = line
    if (!scanNamaddr(bytes, message, end, this.#peer) || !says(bytes, this.#peer.end, MATCHED_DANE))
      return 'ignored_noise'
    if (!this.#address.take(line, this.#peer)) return 'ignored_other'
    this.#handshaking(line, service, process).certificate = 'dane_verified'
    return 'joined'
  }

  /** The connection to the peer just scanned whose handshake is under way; this line may be the first of it. */
  #handshaking(line: LogLine, service: Service, process: SmtpProcess): OutboundSession {
    const { open } = process
    const begun =
      open !== null && open.established === null && open.failure === null && isPeerOf(open, line.bytes, this.#peer)
    if (!begun) open?.close()
    const session = begun ? open : this.#open(line, service, process, this.#peer)
    this.#join(session, line)
    return session
  }

  #delivered(line: LogLine, service: Service, process: SmtpProcess, afterId: number): LineClass {
    const { text, bytes, message, end } = line
    const delivery = this.#delivery
    const kind = readDelivery(line, afterId, end, delivery)
    if (kind === 'unreadable') return 'dead_unparsed'
    if (kind === 'no_peer' || !this.#address.take(line, delivery.relay)) return 'ignored_other'
    if (delivery.feature !== null) service.tlsFeatureSeen = true
    const id = queueId(text, message, afterId)
    const ending = readEnding(line, delivery.reply, end, delivery.sent)
    const { open } = process
    const same = open !== null && isPeerOf(open, bytes, delivery.relay)
    const key = `${id} ${this.#address.text} ${delivery.delays}`
    if (!same && (delivery.connectionUse > 1 || process.lastDelivery === key)) {
      process.lastDelivery = key
      return 'joined'
    }
    // After a failed handshake, only the sentence that says so belongs to that connection; the rest is a new one, in clear.
    const goesOn = same && (open.failure === null || ending.stated?.outcome === 'handshake_failed')
    if (!goesOn) open?.close()
    const session = goesOn ? open : this.#open(line, service, process, delivery.relay)
    session.ending = ending
    session.feature = delivery.feature
    session.sent = delivery.sent
    session.queueId = id
    process.lastDelivery = key
    this.#join(session, line)
    this.#finish(session, process, line)
    return 'joined'
  }

  /** `<queue id>: <sentence>` without a recipient: this connection is over, the delivery goes on with another. */
  #goesOn(line: LogLine, service: Service, process: SmtpProcess, afterId: number): LineClass {
    const { text, bytes, message, end } = line
    const ending = readEnding(line, afterId, end, false)
    if (says(bytes, afterId, CANNOT_START) || says(bytes, afterId, NOT_VERIFIED)) {
      const { open } = process
      if (open === null) return process.proxyDown ? 'joined' : 'ignored_orphan'
      open.ending = ending
      open.queueId = queueId(text, message, afterId)
      this.#join(open, line)
      this.#finish(open, process, line)
      return 'joined'
    }
    const peerAt = peerOfSentence(bytes, afterId, end)
    if (peerAt < 0 || !scanNamaddr(bytes, peerAt, end, this.#peer)) return 'ignored_other'
    if (!this.#address.take(line, this.#peer)) return 'ignored_other'
    const { open } = process
    const same = open !== null && isPeerOf(open, bytes, this.#peer)
    if (!same) open?.close()
    const session = same ? open : this.#open(line, service, process, this.#peer)
    session.ending = ending
    session.queueId = queueId(text, message, afterId)
    this.#join(session, line)
    this.#finish(session, process, line)
    if (session.established !== null) process.failedPeer = session.ip
    return 'joined'
  }

  /** Adds what only the surroundings tell, and ends the connection. */
  #finish(session: OutboundSession, process: SmtpProcess, line: LogLine): void {
    const { instance } = session.service
    if (session.failure === null && session.established === null) {
      const inProxy = this.peers.takeFailure(instance, session.ip, session.port, line.time)
      session.proxyDown = process.proxyDown
      if (inProxy !== undefined && session.ending?.stated?.outcome === 'handshake_failed')
        session.failure = { ...inProxy, byPlace: true }
      session.afterFailure = inProxy !== undefined || process.failedPeer === session.ip || process.proxyDown
      session.peerHadShown = this.peers.hadShown(instance, session.ip, session.opening.at)
      session.tlsIsLogged =
        session.service.summariesSeen || this.peers.proxyIsDown(instance, line.time) || session.afterFailure
    }
    session.notOffered = process.notOfferedBy === session.ip
    process.notOfferedBy = ''
    process.proxyDown = false
    session.close()
  }

  /** The peer's address must have been taken. */
  #open(line: LogLine, service: Service, process: SmtpProcess, peer: Namaddr): OutboundSession {
    const key = String(line.pid)
    const id = process.openings.next(line, service, key)
    const session = new OutboundSession(
      service,
      key,
      { id, at: line.time, source: line.source, offset: line.offset },
      {
        name: peerName(line, peer),
        ip: this.#address.text,
        port: peer.port,
      },
      (ended) => {
        if (process.open === ended) process.open = null
        this.#table.remove(ended)
        this.#emit(ended)
      },
    )
    this.#table.add(session)
    process.open = session
    return session
  }

  #join(session: OutboundSession, line: LogLine): void {
    session.endOffset = line.offset
    this.#table.touch(session, line.time)
  }
}
