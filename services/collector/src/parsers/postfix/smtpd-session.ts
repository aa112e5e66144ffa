import type { FailureReason, Fault, PeerCertificate } from '@tlsrep/schemas'
import type { TlsFacts } from '../tls-facts.ts'
import type { Counters } from './counters.ts'
import type { HostState, Service } from './host.ts'
import type { OpenSession } from './session-table.ts'

/** Where the session's first line was, and who it is. */
export interface Opening {
  /** 16 bytes as latin1: the event id. */
  id: string
  at: number
  source: string
  offset: number
}

/** How a handshake failed, in the words of the log. */
export interface Failure {
  reason: FailureReason
  fault: Fault
  words: string
  /** The words come from a line that names no peer: whose they are is known by its place alone. */
  byPlace: boolean
}

/** A process of smtpd, or postscreen's table: what a session is taken out of when it ends. */
export interface SessionOwner {
  ended(session: InboundSession): void
}

/**
 * What the lines of one inbound session have shown so far; smtpd's own and postscreen's alike. Facts only: what they prove is decided
 * when the session ends.
 */
export class InboundSession implements OpenSession {
  readonly service: Service
  readonly key: string
  opening: Opening
  lastAt: number
  endOffset: number
  silentMore: OpenSession | null = null
  silentLess: OpenSession | null = null
  /** The opening line is missing. */
  headless: boolean
  /** The closing line is missing. */
  cutOff = false
  name: string | null
  ip: string
  port: number
  established: TlsFacts | null = null
  /** Log time of the summary line. */
  establishedAt = 0
  certificate: PeerCertificate | null = null
  fingerprint: string | null = null
  sni: string | null = null
  failure: Failure | null = null
  failedAt = 0
  resumed = false
  /** Messages begun (`client=` lines) before and after the summary line. */
  mailsBefore = 0
  mailsAfter = 0
  /** Rejects of MAIL, RCPT or DATA outside a message, before and after the summary line. */
  rejectsBefore = 0
  rejectsAfter = 0
  /** A MAIL command was refused for its own sake: a reject of MAIL, or an address that is none. */
  mailRefused = false
  rateLimited = false
  clientCertificateRequired = false
  authenticated = false
  lostInBdat = false
  queueIds: string[] = NO_QUEUE_IDS
  helo: string | null = null
  senderDomain: string | null = null
  counters: Readonly<Counters> | null = null
  /** postscreen: tlsproxy was asked for TLS. */
  tlsBegun = false
  /** postscreen spoke SMTP itself: the connection cannot be handed over any more. */
  spoke = false
  /** Who opened it, and must hear of its end. */
  readonly #owner: SessionOwner

  constructor(
    service: Service,
    key: string,
    opening: Opening,
    headless: boolean,
    peer: { name: string | null; ip: string; port: number },
    owner: SessionOwner,
  ) {
    this.service = service
    this.key = key
    this.opening = opening
    this.lastAt = opening.at
    this.endOffset = opening.offset
    this.headless = headless
    this.name = peer.name
    this.ip = peer.ip
    this.port = peer.port
    this.#owner = owner
  }

  get host(): HostState {
    return this.service.instance.host
  }

  get truncated(): boolean {
    return this.headless || this.cutOff
  }

  addQueueId(queueId: string): void {
    if (this.queueIds === NO_QUEUE_IDS) this.queueIds = [queueId]
    else if (this.queueIds.length < QUEUE_IDS_MAX) this.queueIds.push(queueId)
  }

  cut(): void {
    this.cutOff = true
    this.#owner.ended(this)
  }

  close(): void {
    this.#owner.ended(this)
  }
}

const NO_QUEUE_IDS: string[] = []
const QUEUE_IDS_MAX = 100
