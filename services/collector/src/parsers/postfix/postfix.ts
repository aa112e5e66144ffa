import { UnknownNames } from '@tlsrep/core'
import type { TlsNegotiation } from '@tlsrep/schemas'
import type { LogLine } from '../../framing/framing.ts'
import { unwrapRepeated } from '../../framing/repeated.ts'
import { lastIndexWithin, says } from '../../within.ts'
import type { Emit, LineClass, Parser, ParserOptions } from '../parser.ts'
import { inboundEvent } from './event.ts'
import { HostState, Instance, Listener, Service } from './host.ts'
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

/** How often, in log time, what has fallen silent is looked for. */
const SWEEP_MS = 60_000
const HOSTS_MAX = 65_536

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
  #lastHost: HostState | null = null
  #lastService: Service | null = null
  #newest = Number.NEGATIVE_INFINITY
  #silentHostsAt = Number.NEGATIVE_INFINITY

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
    const host = this.#host(line)
    this.#tick(host, line.time)
    const service = this.#service(host, line.program)
    if (says(line.text, line.message, 'message repeated ')) unwrapRepeated(line)
    switch (service.daemon) {
      case 'smtpd':
        return this.#smtpd.read(line, service)
      case 'qmgr':
      case 'oqmgr':
      case 'nqmgr':
        return this.#queued(line, service)
      case 'smtp':
      case 'lmtp':
        return this.#smtp.read(line, service)
      case 'postscreen':
        return this.#postscreen.read(line, service)
      case 'tlsproxy':
        return this.#tlsproxy.read(line, service)
      default:
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

  /** `<queue id>: from=<sender>, size=<n>, nrcpt=<n> (queue active)`: the envelope sender, as qmgr read it. */
  #queued(line: LogLine, service: Service): LineClass {
    const { text, message, end } = line
    const afterId = skipQueueId(text, message, end)
    if (afterId < 0 || !says(text, afterId, 'from=<')) return 'ignored_other'
    const close = lastIndexWithin(text, '>, size=', afterId, end)
    if (close < 0) return 'ignored_other'
    const domain = addressDomain(text, afterId + 'from=<'.length, close)
    if (domain !== undefined) service.instance.senders.set(queueId(text, message, afterId), domain)
    return 'joined'
  }

  #send(event: TlsNegotiation): void {
    this.#table.counts.emitted++
    this.#emit(event)
  }

  #tick(host: HostState, time: number): void {
    host.clock = time
    if (time > this.#newest) this.#newest = time
    if (Math.abs(time - host.sweptAt) < SWEEP_MS) return
    host.sweptAt = time
    this.#table.expire(host)
    for (const service of host.services.values()) {
      if (service.daemon === 'smtpd') this.#smtpd.sweep(service)
      else if (service.daemon === 'tlsproxy') this.#tlsproxy.sweep(service)
      else if (service.daemon === 'smtp' || service.daemon === 'lmtp') this.#smtp.sweep(service)
    }
    if (this.#hosts.size > 1 && this.#newest - this.#silentHostsAt > 3_600_000) {
      this.#silentHostsAt = this.#newest
      this.#table.expireSilentHosts(this.#newest)
    }
  }

  #host(line: LogLine): HostState {
    const last = this.#lastHost
    if (last !== null && last.name === line.host) return last
    let host = this.#hosts.get(line.host)
    if (host === undefined) {
      this.#makeRoom()
      host = new HostState(line.host, line.time)
      this.#hosts.set(line.host, host)
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
