import { RecentMap } from './recent-map.ts'
import type { OpenSession, SessionHost } from './session-table.ts'

/** STARTTLS that was shown longer ago than this says nothing about now. */
export const SHOWN_FOR_MS = 86_400_000

/** Queue ids are used again only after their message is gone; beyond this many, the oldest are forgotten. */
const SENDERS_MAX = 32_768

/** One of our doors: all services that a configuration calls by one name. */
export class Listener {
  readonly name: string
  /** Log time at which it last showed STARTTLS to anybody; -Infinity: never. */
  shownAt = Number.NEGATIVE_INFINITY
  /** Whether it ever accepted a MAIL command in clear; one that never did refuses them all (530). */
  acceptedClear = false

  constructor(name: string) {
    this.name = name
  }

  show(at: number): void {
    if (at > this.shownAt) this.shownAt = at
  }

  /** Whether it had shown STARTTLS in the 24 h before `at`. */
  hadShown(at: number): boolean {
    return at - this.shownAt <= SHOWN_FOR_MS
  }
}

/** Who reads the lines of a daemon; `other` says nothing about TLS. */
export type Role = 'smtpd' | 'postscreen' | 'tlsproxy' | 'smtp' | 'qmgr' | 'other'

const ROLES: ReadonlyMap<string, Role> = new Map([
  ['smtpd', 'smtpd'],
  ['postscreen', 'postscreen'],
  ['tlsproxy', 'tlsproxy'],
  ['smtp', 'smtp'],
  ['lmtp', 'smtp'],
  ['qmgr', 'qmgr'],
  ['oqmgr', 'qmgr'],
  ['nqmgr', 'qmgr'],
])

/** What is known of one syslog program on one host: `postfix/submission/smtpd`. */
export class Service {
  readonly program: string
  readonly role: Role
  readonly instance: Instance
  readonly listener: Listener
  /** Host and program, as event ids begin with them. */
  readonly idHead: string
  /** The name says that TLS is due from the first byte; what the counters show overrules it. */
  readonly implicitByName: boolean
  /** A session with TLS but without a STARTTLS command was seen: some port behind this name is wrappermode. */
  implicitSeen = false
  /** A STARTTLS command that led to a handshake was seen: some port behind this name is not wrappermode. */
  starttlsSeen = false
  /** TLS summary lines are logged here (smtpd_tls_loglevel, smtp_tls_loglevel at least 1). */
  summariesSeen = false
  /** `disconnect` has counters here (Postfix 3.0 and up). */
  countersSeen = false
  /** Outbound: delivery lines have `tls=` here (Postfix 3.11 and up). */
  tlsFeatureSeen = false

  constructor(program: string, daemon: string, instance: Instance, listener: Listener) {
    this.program = program
    this.role = ROLES.get(daemon) ?? 'other'
    this.instance = instance
    this.listener = listener
    this.idHead = `${instance.host.name}\0${program}\0`
    this.implicitByName = /\/(?:smtps|submissions|ssmtp|465)\//.test(program)
  }

  get implicitOnly(): boolean {
    return !this.starttlsSeen && (this.implicitByName || this.implicitSeen)
  }
}

/** The services of one Postfix instance (multi_instance_name) share a queue: one set of queue ids, one qmgr. */
export class Instance {
  readonly name: string
  readonly host: HostState
  /** Envelope sender domain by queue id, from qmgr. */
  readonly senders = new RecentMap<string, string>(SENDERS_MAX)

  constructor(name: string, host: HostState) {
    this.name = name
    this.host = host
  }
}

/** Loss shown by the log makes what is known by absence doubtful for this long. */
const LOSS_FOR_MS = 3_600_000

/** Sessions that were open when a log begins lack their beginning without any loss. */
const HEADLESS_GRACE_MS = 1_800_000

/** One host of the log: its clock, its services, its open sessions. */
export class HostState implements SessionHost {
  readonly name: string
  /** Log time of its newest line, as logged: it may step back. */
  clock: number
  /** Log time of its first line. */
  firstAt: number
  lossAt = Number.NEGATIVE_INFINITY
  silentMost: OpenSession | null = null
  silentLeast: OpenSession | null = null
  /** The minute of log time in which it was last swept. */
  sweptMinute = Number.NEGATIVE_INFINITY
  readonly services = new Map<string, Service>()
  readonly instances = new Map<string, Instance>()
  readonly listeners = new Map<string, Listener>()

  constructor(name: string, at: number) {
    this.name = name
    this.clock = at
    this.firstAt = at
  }

  lostAround(at: number): boolean {
    return Math.abs(at - this.lossAt) <= LOSS_FOR_MS
  }

  /** An end without its beginning: loss, unless the log had only begun and nothing of that process was seen before. */
  noteHeadless(at: number, processSeen: boolean): void {
    if (processSeen || at - this.firstAt > HEADLESS_GRACE_MS) this.lossAt = at
  }
}
