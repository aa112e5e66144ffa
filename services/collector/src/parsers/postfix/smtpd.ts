import type { UnknownNames } from '@tlsrep/core'
import type { LogLine } from '../../framing/framing.ts'
import { ownText } from '../../own-text.ts'
import { indexWithin, lastIndexWithin, says } from '../../within.ts'
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
    const { text, message, end } = line
    if (says(text, message, 'connect from ')) return this.#connect(line, service)
    if (says(text, message, 'disconnect from ')) return this.#disconnect(line, service)
    if (says(text, message, 'SSL_accept error from ')) return this.#failed(line, service)
    if (says(text, message, 'warning: ')) return this.#warning(line, service)
    if (readSummaryHead(text, message, this.#head)) return this.#established(line, service)
    const afterId = skipQueueId(text, message, end)
    if (afterId > 0 && says(text, afterId, 'client=')) return this.#client(line, service, afterId)
    return this.#said(line, service, afterId > 0 ? afterId : message)
  }

  sweep(service: Service): void {
    this.#sessions.sweep(service)
  }

  forget(service: Service): void {
    this.#sessions.forget(service)
  }

  #connect(line: LogLine, service: Service): LineClass {
    const { text, message, end } = line
    if (!scanNamaddr(text, message + 'connect from '.length, end, this.#peer)) return 'dead_unparsed'
    if (!this.#sessions.hasAddress(text)) return 'ignored_other'
    const process = this.#sessions.processes.of(service, line.pid)
    const { open } = process
    if (open !== null) {
      const again = open.endOffset === open.opening.offset && process.openings.isLast(line, service, open.key)
      if (again && !open.headless) return 'ignored_duplicate'
      this.#sessions.setAside(process, open, text)
    }
    const session = this.#sessions.open(line, service, process, false)
    this.#output.connected(service, session.ip, session.port)
    return 'joined'
  }

  #disconnect(line: LogLine, service: Service): LineClass {
    const { text, message, end } = line
    if (!scanNamaddr(text, message + 'disconnect from '.length, end, this.#peer)) return 'dead_unparsed'
    if (!this.#sessions.hasAddress(text)) return 'ignored_other'
    const process = this.#sessions.processes.of(service, line.pid)
    let session = this.#sessions.owner(process, text)
    if (session === null) {
      if (this.#sessions.isClosed(process, text) && process.closedAt === line.time) return 'ignored_duplicate'
      service.instance.host.noteHeadless(line.time, process.seen)
      if (process.open !== null) this.#sessions.setAside(process, process.open, text)
      session = this.#sessions.open(line, service, process, true)
    }
    this.#sessions.join(session, line)
    const counters = this.#counters.read(text, this.#peer.end, end)
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
    const { text, end } = line
    const { certificate, inbound, peer } = this.#head
    if (!inbound) return 'ignored_other'
    if (!scanNamaddr(text, peer, end, this.#peer)) return 'dead_unparsed'
    const summary = this.#summaries.read(text, this.#peer.end, end)
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
    const { text, message, end } = line
    if (!scanNamaddr(text, message + 'SSL_accept error from '.length, end, this.#peer)) return 'dead_unparsed'
    const session = this.#sessions.ownerOrHeadless(line, service)
    if (session === null) return 'ignored_orphan'
    const words = says(text, this.#peer.end, ': ') ? this.#peer.end + 2 : this.#peer.end
    session.failure = statedFailure(text, words, end, 'inbound', this.#unknown)
    session.failedAt = line.time
    return 'joined'
  }

  #warning(line: LogLine, service: Service): LineClass {
    const { text, message, end } = line
    const at = message + 'warning: '.length
    const session = this.#sessions.processes.find(service, line.pid)?.open ?? null
    if (says(text, at, 'TLS library problem: '))
      return this.#library(line, session, at + 'TLS library problem: '.length)
    if (says(text, at, 'Illegal address syntax from ')) {
      if (!this.#sessions.names(session, text, at + 'Illegal address syntax from '.length, end)) return 'ignored_orphan'
      if (says(text, this.#peer.end, ' in MAIL command') && session !== null) session.mailRefused = true
      return this.#sessions.joined(session, line)
    }
    for (const words of RATE_LIMITS) {
      if (!says(text, at, words)) continue
      const from = indexWithin(text, ' from ', at, end)
      if (from < 0 || !this.#sessions.names(session, text, from + ' from '.length, end)) return 'ignored_orphan'
      if (session !== null) session.rateLimited = true
      return this.#sessions.joined(session, line)
    }
    return this.#sessions.names(session, text, at, end) ? this.#sessions.joined(session, line) : 'ignored_other'
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
    const { text, message, end } = line
    if (!scanNamaddr(text, afterId + 'client='.length, end, this.#peer)) return 'dead_unparsed'
    const session = this.#sessions.ownerOrHeadless(line, service)
    if (session === null) return 'ignored_orphan'
    if (says(text, this.#peer.end, ', sasl_method=')) session.authenticated = true
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
    const { text, end } = line
    const from = indexWithin(text, ' from ', at, Math.min(end, at + SENTENCE_MAX))
    if (from > 0 && scanNamaddr(text, from + ' from '.length, end, this.#peer)) {
      const { ending, action } = sentence(text, at, from)
      if (ending) return this.#ended(line, service, from)
      if (action > 0) return this.#refused(line, service, at, action)
    }
    const session = this.#sessions.processes.find(service, line.pid)?.open ?? null
    if (session === null || !this.#sessions.names(session, text, at, end)) return 'ignored_noise'
    return this.#note(line, session)
  }

  #ended(line: LogLine, service: Service, from: number): LineClass {
    const session = this.#sessions.ownerOrHeadless(line, service)
    if (session === null) return 'ignored_orphan'
    // The word alone is not enough: it stands there too when STARTTLS was answered with an error.
    const begun = session.established !== null || session.failure !== null
    if (begun && says(line.text, from - 8, 'STARTTLS')) service.listener.show(line.time)
    if (says(line.text, from - 4, 'BDAT') || indexWithin(line.text, 'BDAT (', line.message, from) > 0)
      session.lostInBdat = true
    return 'joined'
  }

  #refused(line: LogLine, service: Service, at: number, stage: number): LineClass {
    const { text, end, message } = line
    const session = this.#sessions.ownerOrHeadless(line, service)
    if (session === null) return 'ignored_orphan'
    if (says(text, at, 'abort: TLS')) {
      session.clientCertificateRequired = true
      return 'joined'
    }
    const refusal = says(text, at, 'reject: ') || says(text, at, 'milter-reject: ')
    if (refusal && says(text, stage, 'MAIL')) session.mailRefused = true
    if (says(text, message, 'NOQUEUE') && MAIL_STAGES.some((word) => says(text, stage, word))) {
      if (this.#isUnderTls(session, line)) session.rejectsAfter++
      else session.rejectsBefore++
    }
    if (session.helo === null || session.senderDomain === null) {
      const tail = rejectTail(text, this.#peer.end, end)
      session.helo ??= tail.helo
      session.senderDomain ??= tail.senderDomain
    }
    return 'joined'
  }

  /** `<namaddr>: …` at TLS loglevel 2: noise, but for the certificate and the resumption. */
  #note(line: LogLine, session: InboundSession): LineClass {
    const { text, end } = line
    const at = this.#peer.end
    if (says(text, at, ': subject_CN=')) {
      const mark = lastIndexWithin(text, ', cert fingerprint=', at, end)
      const stop = indexWithin(text, ',', mark + 2, end)
      if (mark > 0) session.fingerprint = ownText(text, mark + ', cert fingerprint='.length, stop < 0 ? end : stop)
      return this.#sessions.joined(session, line)
    }
    if (says(text, at, ': Reusing old session')) {
      session.resumed = true
      return this.#sessions.joined(session, line)
    }
    return 'ignored_noise'
  }
}
