import { UnknownNames } from '@tlsrep/core'
import type { TlsNegotiation } from '@tlsrep/schemas'
import type { LogLine } from '../../framing/framing.ts'
import { says, words } from '../../framing/line-bytes.ts'
import { unwrapRepeated } from '../../framing/repeated.ts'
import { lastIndexWithin } from '../../within.ts'
import type { Emit, Learned, LineClass, LinePlace, Parser, ParserOptions } from '../parser.ts'
import { inboundEvent } from './event.ts'
import { HostState, Instance, Listener, Service } from './host.ts'
import { learnedOf, restoreHosts } from './learned.ts'
import { defaultListenerName } from './listener-name.ts'
import { type OutboundSession, outboundEvent } from './outbound-session.ts'
import { PostscreenReader } from './postscreen.ts'
import { SessionTable } from './session-table.ts'
import { SmtpReader } from './smtp.ts'
import { SmtpdReader } from './smtpd.ts'
import type { InboundSession } from './smtpd-session.ts'
import { addressDomain, queueId, skipQueueId } from './text.ts'
import { SummaryReader } from './tls-summary.ts'
import { TlsproxyReader } from './tlsproxy.ts'

/** Postfix's daemons (postfix(1)); a program is ours when it is one of them behind a syslog_name. */
const DAEMONS = new Set(
  'anvil bounce cleanup defer discard dnsblog error flush lmtp local master nqmgr oqmgr pickup pipe postalias postdrop postfix-script postlogd postmap postqueue postscreen postsuper proxymap proxywrite qmgr qmqpd scache sendmail showq smtp smtpd spawn tlsmgr tlsproxy trace trivial-rewrite verify virtual'.split(
    ' ',
  ),
)

const REPEATED = words('message repeated ')
const FROM = words('from=<')

/** What has fallen silent is looked for in every new minute of log time: at the same lines, wherever reading began. */
const SWEEP_MS = 60_000
const STEP_BACK_MINUTES = 60
const HOSTS_MAX = 65_536
const SOURCES_MAX = 10_000

/**
 * The Postfix parser, versions 2.x to 3.12: smtpd, postscreen, tlsproxy, smtp, lmtp and qmgr.
 * Other daemons say nothing about TLS.
 */
export class PostfixParser implements Parser {
  readonly mta = 'postfix' as const
  readonly #options: ParserOptions
  readonly #emit: Emit
  readonly #hosts = new Map<string, HostState>()
  readonly #table: SessionTable
  readonly #smtpd: SmtpdReader
  readonly #postscreen: PostscreenReader
  readonly #smtp: SmtpReader
  readonly #tlsproxy: TlsproxyReader
  #source: string | null = null
  readonly #sources = new Map<string, number>()
  #sourcesSeen = 0
  #lastHost: HostState | null = null
  #lastService: Service | null = null
  #newest = Number.NEGATIVE_INFINITY
  #silentHostsHour = Number.NEGATIVE_INFINITY

  constructor(options: ParserOptions, emit: Emit) {
    this.#options = options
    this.#emit = emit
    const unknown = options.unknownNames ?? new UnknownNames()
    const summaries = new SummaryReader(unknown)
    this.#table = new SessionTable(options.maxOpenSessions, this.#hosts)
    const emitInbound = (session: InboundSession) => this.#send(inboundEvent(session, options.collector))
    this.#postscreen = new PostscreenReader(this.#table, emitInbound)
    this.#smtpd = new SmtpdReader(this.#table, summaries, unknown, {
      emit: emitInbound,
      connected: (service, ip, port) => this.#postscreen.handOver(service.instance, ip, port),
    })
    const emitOutbound = (session: OutboundSession) => this.#send(outboundEvent(session, options.collector))
    this.#smtp = new SmtpReader(this.#table, summaries, unknown, emitOutbound)
    this.#tlsproxy = new TlsproxyReader(this.#postscreen, this.#smtp, summaries, unknown)
  }

  get sessions() {
    return this.#table.counts
  }

  claims(program: string): boolean {
    if (program === 'postfix') return true
    const slash = program.lastIndexOf('/')
    return slash > 0 && DAEMONS.has(program.slice(slash + 1))
  }

  read(line: LogLine): LineClass {
    if (line.source !== this.#source) this.#enterSource(line.source)
    const host = this.#host(line.host, line.time)
    this.#tick(host, line.time)
    const service = this.#service(host, line.program)
    if (says(line.bytes, line.message, REPEATED)) unwrapRepeated(line)
    switch (service.role) {
      case 'smtpd':
        return this.#smtpd.read(line, service)
      case 'qmgr':
        return this.#queued(line, service)
      case 'smtp':
        return this.#smtp.read(line, service)
      case 'postscreen':
        return this.#postscreen.read(line, service)
      case 'tlsproxy':
        return this.#tlsproxy.read(line, service)
      case 'other':
        return 'ignored_other'
    }
  }

  noteLoss(hostName: string, time: number): void {
    const host = this.#hosts.get(hostName)
    if (host !== undefined) host.lossAt = time
  }

  finish(): void {
    this.#table.cutAll()
  }

  oldestOpen(): LinePlace | null {
    const rank = this.#sources
    return this.#table.oldest((a, b) => {
      if (a.source === b.source) return a.offset < b.offset
      return (rank.get(a.source) ?? 0) < (rank.get(b.source) ?? 0)
    })
  }

  learned(): Learned {
    return learnedOf(this.#hosts.values(), (instance, count) => this.#smtp.peers.shownLately(instance, count))
  }

  restore(learned: Learned): void {
    restoreHosts(learned, {
      host: (name, at) => this.#host(name, at),
      service: (host, program) => this.#service(host, program),
      shown: (instance, ip, at) => this.#smtp.peers.shown(instance, ip, at),
    })
  }

  /** `<queue id>: from=<sender>, size=<n>, nrcpt=<n> (queue active)`: the envelope sender, as qmgr read it. */
  #queued(line: LogLine, service: Service): LineClass {
    const { text, bytes, message, end } = line
    const afterId = skipQueueId(bytes, message, end)
    if (afterId < 0 || !says(bytes, afterId, FROM)) return 'ignored_other'
    const close = lastIndexWithin(text, '>, size=', afterId, end)
    if (close < 0) return 'ignored_other'
    const domain = addressDomain(line, afterId + FROM.length, close)
    if (domain !== undefined) service.instance.senders.set(queueId(text, message, afterId), domain)
    return 'joined'
  }

  /** Ranks sources by when they came, for `oldestOpen`. One that no open session needs any more will not be asked for. */
  #enterSource(source: string): void {
    this.#source = source
    if (this.#sources.has(source)) return
    if (this.#sources.size >= SOURCES_MAX) this.#sources.delete(this.#sources.keys().next().value ?? '')
    this.#sources.set(source, this.#sourcesSeen++)
  }

  #send(event: TlsNegotiation): void {
    this.#table.counts.emitted++
    this.#emit(event)
  }

  #tick(host: HostState, time: number): void {
    host.clock = time
    if (time > this.#newest) this.#newest = time
    const minute = Math.floor(time / SWEEP_MS)
    // Stamps that step to and fro over a minute's edge must not cost a sweep each; a clock set back begins anew.
    if (minute <= host.sweptMinute && minute > host.sweptMinute - STEP_BACK_MINUTES) return
    host.sweptMinute = minute
    this.#table.expire(host)
    for (const service of host.services.values()) {
      if (service.role === 'smtpd') this.#smtpd.sweep(service)
      else if (service.role === 'tlsproxy') this.#tlsproxy.sweep(service)
      else if (service.role === 'smtp') this.#smtp.sweep(service)
    }
    const hour = Math.floor(this.#newest / 3_600_000)
    if (this.#hosts.size > 1 && hour > this.#silentHostsHour) {
      this.#silentHostsHour = hour
      this.#table.expireSilentHosts(this.#newest)
    }
  }

  #host(name: string, time: number): HostState {
    const last = this.#lastHost
    if (last !== null && last.name === name) return last
    let host = this.#hosts.get(name)
    if (host === undefined) {
      this.#makeRoom()
      host = new HostState(name, time)
      this.#hosts.set(name, host)
    }
    this.#lastHost = host
    this.#lastService = null
    return host
  }

  /** Host names come from the log: their number is bounded, and the one known longest goes. */
  #makeRoom(): void {
    if (this.#hosts.size < HOSTS_MAX) return
    for (const [name, host] of this.#hosts) {
      while (host.silentMost !== null) host.silentMost.cut()
      for (const service of host.services.values()) this.#forget(service)
      this.#hosts.delete(name)
      return
    }
  }

  #forget(service: Service): void {
    this.#smtpd.forget(service)
    this.#smtp.forget(service)
    this.#tlsproxy.forget(service)
    this.#postscreen.forget(service.instance)
  }

  #service(host: HostState, program: string): Service {
    const last = this.#lastService
    if (last !== null && last.program === program) return last
    let service = host.services.get(program)
    if (service === undefined) {
      service = this.#newService(host, program)
      host.services.set(program, service)
    }
    this.#lastService = service
    return service
  }

  #newService(host: HostState, program: string): Service {
    const instanceName = program.slice(0, Math.max(0, program.indexOf('/')))
    let instance = host.instances.get(instanceName)
    if (instance === undefined) {
      instance = new Instance(instanceName, host)
      host.instances.set(instanceName, instance)
    }
    const name = this.#options.listenerName(host.name, program) ?? defaultListenerName(program)
    let listener = host.listeners.get(name)
    if (listener === undefined) {
      listener = new Listener(name)
      host.listeners.set(name, listener)
    }
    return new Service(program, program.slice(program.lastIndexOf('/') + 1), instance, listener)
  }
}

/** Makes a Postfix parser; see `Parser`. */
export function createPostfixParser(options: ParserOptions, emit: Emit): Parser {
  return new PostfixParser(options, emit)
}
