import type { UnknownNames } from '@tlsrep/core'
import type { LogLine } from '../../framing/framing.ts'
import { endsWith, says, words } from '../../framing/line-bytes.ts'
import { ownText } from '../../own-text.ts'
import { indexWithin, lastIndexWithin } from '../../within.ts'
import type { LineClass } from '../parser.ts'
import { CountersReader } from './counters.ts'
import { libraryFailure, SAME_BREATH_MS, statedFailure } from './failure.ts'
import type { Service } from './host.ts'
import { type Namaddr, scanNamaddr } from './namaddr.ts'
import type { SessionTable } from './session-table.ts'
import { MAIL_STAGES, RATE_LIMITS, SENTENCE_MAX, sentence } from './smtpd-sentences.ts'
import type { InboundSession } from './smtpd-session.ts'
import { SmtpdSessions } from './smtpd-sessions.ts'
import { queueId, rejectTail, skipQueueId } from './text.ts'
import { readSummaryHead, type SummaryHead, type SummaryReader } from './tls-summary.ts'

const CONNECT = words('connect from ')
const DISCONNECT = words('disconnect from ')
const FAILED = words('SSL_accept error from ')
const WARNING = words('warning: ')
const CLIENT = words('client=')
const LIBRARY = words('TLS library problem: ')
const ILLEGAL_ADDRESS = words('Illegal address syntax from ')
const IN_MAIL = words(' in MAIL command')
const SASL = words(', sasl_method=')
const ABORT = words('abort: TLS')
const REJECT = words('reject: ')
const MILTER_REJECT = words('milter-reject: ')
const SUBJECT = words(': subject_CN=')
const REUSING = words(': Reusing old session')
const COLON = words(': ')
const MAIL = words('MAIL')
const NOQUEUE = words('NOQUEUE')
const STARTTLS = words('STARTTLS')
const BDAT = words('BDAT')
export interface SmtpdOutput {
  emit(session: InboundSession): void
  /** A session of smtpd begins: postscreen may have handed this connection over. */
  connected(service: Service, ip: string, port: number): void
}

/** Reads the lines of smtpd and joins them to sessions (src/smtpd/smtpd.c). */
export class SmtpdReader {
  readonly #summaries: SummaryReader
  readonly #unknown: UnknownNames
  readonly #output: SmtpdOutput
  readonly #sessions: SmtpdSessions
  readonly #peer: Namaddr
  readonly #counters = new CountersReader()
  readonly #head: SummaryHead = { certificate: null, inbound: true, reused: false, peer: 0 }

  constructor(table: SessionTable, summaries: SummaryReader, unknown: UnknownNames, output: SmtpdOutput) {
    this.#sessions = new SmtpdSessions(table, (session) => output.emit(session))
    this.#peer = this.#sessions.peer
    this.#summaries = summaries
    this.#unknown = unknown
    this.#output = output
  }

  read(line: LogLine, service: Service): LineClass {
    const { bytes, message, end } = line
    if (says(bytes, message, CONNECT)) return this.#connect(line, service)
    if (says(bytes, message, DISCONNECT)) return this.#disconnect(line, service)
    if (says(bytes, message, FAILED)) return this.#failed(line, service)
    if (says(bytes, message, WARNING)) return this.#warning(line, service)
    if (readSummaryHead(bytes, message, this.#head)) return this.#established(line, service)
    const afterId = skipQueueId(bytes, message, end)
    if (afterId > 0 && says(bytes, afterId, CLIENT)) return this.#client(line, service, afterId)
    return this.#said(line, service, afterId > 0 ? afterId : message)
  }

  sweep(service: Service): void {
    this.#sessions.sweep(service)
  }

  forget(service: Service): void {
    this.#sessions.forget(service)
  }

  #connect(line: LogLine, service: Service): LineClass {
    const { bytes, message, end } = line
    if (!scanNamaddr(bytes, message + CONNECT.length, end, this.#peer)) return 'dead_unparsed'
    if (!this.#sessions.hasAddress(line)) return 'ignored_other'
    const process = this.#sessions.processes.of(service, line.pid)
    const { open } = process
    if (open !== null) {
      const again = open.endOffset === open.opening.offset && process.openings.isLast(line, service, open.key)
      if (again && !open.headless) return 'ignored_duplicate'
      this.#sessions.setAside(process, open, bytes)
    }
    const session = this.#sessions.open(line, service, process, false)
    this.#output.connected(service, session.ip, session.port)
    return 'joined'
  }

  #disconnect(line: LogLine, service: Service): LineClass {
    const { bytes, message, end } = line
    if (!scanNamaddr(bytes, message + DISCONNECT.length, end, this.#peer)) return 'dead_unparsed'
    if (!this.#sessions.hasAddress(line)) return 'ignored_other'
    const process = this.#sessions.processes.of(service, line.pid)
    let session = this.#sessions.owner(process, bytes)
    if (session === null) {
      if (this.#sessions.isClosed(process, bytes) && process.closedAt === line.time) return 'ignored_duplicate'
      service.instance.host.noteHeadless(line.time, process.seen)
      if (process.open !== null) this.#sessions.setAside(process, process.open, bytes)
      session = this.#sessions.open(line, service, process, true)
    }
    this.#sessions.join(session, line)
    const counters = this.#counters.read(line, this.#peer.end, end)
    if (typeof counters === 'object') {
      service.countersSeen = true
      session.counters = counters
      if (counters.xclient) this.#sessions.mergeProxied(process, session)
    } else if (counters === 'cut' || service.countersSeen) {
      // The line lost its tail on the way: what the counters would have said is not known.
      session.cutOff = true
    }
    process.closedIp = session.ip
    process.closedAt = line.time
    session.close()
    return 'joined'
  }

  #established(line: LogLine, service: Service): LineClass {
    const { bytes, end } = line
    const { certificate, inbound, peer } = this.#head
    if (!inbound) return 'ignored_other'
    if (!scanNamaddr(bytes, peer, end, this.#peer)) return 'dead_unparsed'
    const summary = this.#summaries.read(line, this.#peer.end, end)
    if (summary === undefined) return 'dead_unparsed'
    service.summariesSeen = true
    const session = this.#sessions.ownerOrHeadless(line, service)
    if (session === null) return 'ignored_orphan'
    if (session.established !== null) return 'ignored_duplicate'
    session.established = summary.facts
    session.establishedAt = line.time
    session.certificate = certificate
    session.sni = summary.sni
    if (!service.implicitOnly) service.listener.show(line.time)
    return 'joined'
  }

  #failed(line: LogLine, service: Service): LineClass {
    const { text, bytes, message, end } = line
    if (!scanNamaddr(bytes, message + FAILED.length, end, this.#peer)) return 'dead_unparsed'
    const session = this.#sessions.ownerOrHeadless(line, service)
    if (session === null) return 'ignored_orphan'
    const stated = says(bytes, this.#peer.end, COLON) ? this.#peer.end + 2 : this.#peer.end
    session.failure = statedFailure(text, stated, end, 'inbound', this.#unknown)
    session.failedAt = line.time
    return 'joined'
  }

  #warning(line: LogLine, service: Service): LineClass {
    const { text, bytes, message, end } = line
    const at = message + WARNING.length
    const session = this.#sessions.processes.find(service, line.pid)?.open ?? null
    if (says(bytes, at, LIBRARY)) return this.#library(line, session, at + LIBRARY.length)
    if (says(bytes, at, ILLEGAL_ADDRESS)) {
      if (!this.#sessions.names(session, bytes, at + ILLEGAL_ADDRESS.length, end)) return 'ignored_orphan'
      if (says(bytes, this.#peer.end, IN_MAIL) && session !== null) session.mailRefused = true
      return this.#sessions.joined(session, line)
    }
    for (const limit of RATE_LIMITS) {
      if (!says(bytes, at, limit)) continue
      const from = indexWithin(text, ' from ', at, end)
      if (from < 0 || !this.#sessions.names(session, bytes, from + ' from '.length, end)) return 'ignored_orphan'
      if (session !== null) session.rateLimited = true
      return this.#sessions.joined(session, line)
    }
    return this.#sessions.names(session, bytes, at, end) ? this.#sessions.joined(session, line) : 'ignored_other'
  }

  #library(line: LogLine, session: InboundSession | null, from: number): LineClass {
    if (session === null || session.failure === null) return 'ignored_orphan'
    if (Math.abs(line.time - session.failedAt) > SAME_BREATH_MS) return 'ignored_orphan'
    const found = libraryFailure(line.text, from, line.end, 'inbound', this.#unknown)
    const { failure } = session
    if (failure.byPlace || found === undefined) {
      if (!failure.byPlace && found === undefined) session.failure = { ...failure, reason: 'other' }
    } else session.failure = found
    return this.#sessions.joined(session, line)
  }

  #client(line: LogLine, service: Service, afterId: number): LineClass {
    const { text, bytes, message, end } = line
    if (!scanNamaddr(bytes, afterId + CLIENT.length, end, this.#peer)) return 'dead_unparsed'
    const session = this.#sessions.ownerOrHeadless(line, service)
    if (session === null) return 'ignored_orphan'
    if (says(bytes, this.#peer.end, SASL)) session.authenticated = true
    const id = queueId(text, message, afterId)
    if (session.queueIds.at(-1) === id && id !== 'NOQUEUE') return 'ignored_duplicate'
    if (id !== 'NOQUEUE') session.addQueueId(id)
    if (this.#isUnderTls(session, line)) session.mailsAfter++
    else session.mailsBefore++
    return 'joined'
  }

  /** Stamps with fractions tell the order of lines that were put out of order on their way. */
  #isUnderTls(session: InboundSession, line: LogLine): boolean {
    return session.established !== null && line.time >= session.establishedAt
  }

  /** Everything else: `<what> after <where> from <namaddr>`, `<action>: <stage> from <namaddr>: …`, notes on a peer. */
  #said(line: LogLine, service: Service, at: number): LineClass {
    const { text, bytes, end } = line
    const from = indexWithin(text, ' from ', at, Math.min(end, at + SENTENCE_MAX))
    if (from > 0 && scanNamaddr(bytes, from + ' from '.length, end, this.#peer)) {
      const { ending, action } = sentence(line, at, from)
      if (ending) return this.#ended(line, service, from)
      if (action > 0) return this.#refused(line, service, at, action)
    }
    const session = this.#sessions.processes.find(service, line.pid)?.open ?? null
    if (session === null || !this.#sessions.names(session, bytes, at, end)) return 'ignored_noise'
    return this.#note(line, session)
  }

  #ended(line: LogLine, service: Service, from: number): LineClass {
    const session = this.#sessions.ownerOrHeadless(line, service)
    if (session === null) return 'ignored_orphan'
    // The word alone is not enough: it stands there too when STARTTLS was answered with an error.
    const begun = session.established !== null || session.failure !== null
    if (begun && endsWith(line.bytes, from, STARTTLS)) service.listener.show(line.time)
    if (endsWith(line.bytes, from, BDAT) || indexWithin(line.text, 'BDAT (', line.message, from) > 0)
      session.lostInBdat = true
    return 'joined'
  }

  #refused(line: LogLine, service: Service, at: number, stage: number): LineClass {
    const { bytes, end, message } = line
    const session = this.#sessions.ownerOrHeadless(line, service)
    if (session === null) return 'ignored_orphan'
    if (says(bytes, at, ABORT)) {
      session.clientCertificateRequired = true
      return 'joined'
    }
    const refusal = says(bytes, at, REJECT) || says(bytes, at, MILTER_REJECT)
    if (refusal && says(bytes, stage, MAIL)) session.mailRefused = true
    if (says(bytes, message, NOQUEUE) && MAIL_STAGES.some((word) => says(bytes, stage, word))) {
      if (this.#isUnderTls(session, line)) session.rejectsAfter++
      else session.rejectsBefore++
    }
    if (session.helo === null || session.senderDomain === null) {
      const tail = rejectTail(line, this.#peer.end, end)
      session.helo ??= tail.helo
      session.senderDomain ??= tail.senderDomain
    }
    return 'joined'
  }

  /** `<namaddr>: …` at TLS loglevel 2: noise, but for the certificate and the resumption. */
  #note(line: LogLine, session: InboundSession): LineClass {
    const { text, bytes, end } = line
    const at = this.#peer.end
    if (says(bytes, at, SUBJECT)) {
      const mark = lastIndexWithin(text, ', cert fingerprint=', at, end)
      const stop = indexWithin(text, ',', mark + 2, end)
      if (mark > 0) session.fingerprint = ownText(text, mark + ', cert fingerprint='.length, stop < 0 ? end : stop)
      return this.#sessions.joined(session, line)
    }
    if (says(bytes, at, REUSING)) {
      session.resumed = true
      return this.#sessions.joined(session, line)
    }
    return 'ignored_noise'
  }
}
