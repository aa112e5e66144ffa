import type { PeerCertificate, TlsNegotiation } from '@tlsrep/schemas'
import { NO_TLS_FACTS, type TlsFacts } from '../tls-facts.ts'
import { idBytes } from './event.ts'
import type { HostState, Service } from './host.ts'
import { type Ending, type OutboundFacts, outboundVerdict } from './outbound-outcome.ts'
import { addressOf } from './peer-address.ts'
import type { OpenSession } from './session-table.ts'
import type { Failure, Opening } from './smtpd-session.ts'

/** What the lines of one outbound connection have shown so far. It is over at its first delivery line. */
export class OutboundSession implements OpenSession {
  readonly service: Service
  readonly key: string
  readonly opening: Opening
  readonly name: string
  readonly ip: string
  readonly port: number
  lastAt: number
  endOffset: number
  silentMore: OpenSession | null = null
  silentLess: OpenSession | null = null
  cutOff = false
  established: TlsFacts | null = null
  failure: Failure | null = null
  failedAt = 0
  certificate: PeerCertificate | null = null
  ending: Ending | null = null
  feature: string | null = null
  sent = false
  queueId: string | null = null
  afterFailure = false
  proxyDown = false
  tlsIsLogged = false
  peerHadShown = false
  /** A TLS report line says that the peer did not offer STARTTLS. */
  notOffered = false
  readonly #end: (session: OutboundSession) => void

  constructor(
    service: Service,
    key: string,
    opening: Opening,
    peer: { name: string; ip: string; port: number },
    end: (session: OutboundSession) => void,
  ) {
    this.service = service
    this.key = key
    this.opening = opening
    this.name = peer.name
    this.ip = peer.ip
    this.port = peer.port
    this.lastAt = opening.at
    this.endOffset = opening.offset
    this.#end = end
  }

  get host(): HostState {
    return this.service.instance.host
  }

  close(): void {
    this.#end(this)
  }

  cut(): void {
    this.cutOff = true
    this.#end(this)
  }
}

export function outboundEvent(session: OutboundSession, collector: string): TlsNegotiation {
  const address = addressOf(session.ip)
  const verdict = outboundVerdict(factsOf(session))
  const facts = session.established ?? NO_TLS_FACTS
  const mails = outboundMails(session, verdict.outcome)
  const tls = verdict.outcome === 'negotiated' || session.failure !== null || verdict.reason === 'starttls_refused'
  return {
    event_id: idBytes(session.opening.id),
    observed_at: session.opening.at,
    ended_at: session.lastAt,
    collector,
    mta: 'postfix',
    host: session.host.name,
    service: session.service.program,
    listener: null,
    direction: 'outbound',
    session_key: session.key,
    peer_ip: address.bytes,
    peer_port: session.port < 0 ? null : session.port,
    sender: address.sender,
    peer_name: session.name === '' ? null : session.name,
    helo: null,
    sender_domain: session.queueId === null ? null : (session.service.instance.senders.get(session.queueId) ?? null),
    queue_ids: session.queueId === null ? [] : [session.queueId],
    outcome: verdict.outcome,
    proof: verdict.proof,
    truncated: session.cutOff,
    log_loss: session.host.lostAround(session.lastAt),
    tls_version: facts.tls_version,
    cipher_code: facts.cipher_code,
    cipher: facts.cipher,
    cipher_raw: facts.cipher_raw,
    secret_bits: facts.secret_bits,
    key_exchange_group: facts.key_exchange_group,
    server_signature: facts.server_signature,
    forward_secrecy: facts.forward_secrecy,
    aead: facts.aead,
    post_quantum: facts.post_quantum,
    resumed: facts.resumed,
    peer_certificate: certificate(session),
    peer_certificate_fingerprint: null,
    sni: null,
    authenticated: null,
    starttls_offered: offered(session, verdict.reason, tls),
    starttls_used: tls ? true : verdict.outcome === 'unknown' || verdict.outcome === 'plaintext' ? null : false,
    implicit_tls: null,
    mails_attempted: mails.attempted,
    mails_accepted: mails.accepted,
    mails_rejected: mails.attempted === null || mails.accepted === null ? null : mails.attempted - mails.accepted,
    mails_plaintext: mails.clear,
    failure_reason: verdict.reason,
    error_text: session.failure?.words ?? null,
    fault: verdict.fault,
    tls_policy: session.feature,
    source_name: session.opening.source,
    source_offset: session.opening.offset,
    source_end: session.endOffset,
  }
}

/** What the peer offered in this connection, or within a day before it. */
function offered(session: OutboundSession, reason: TlsNegotiation['failure_reason'], tls: boolean): boolean | null {
  if (session.notOffered || reason === 'tls_required_not_offered') return false
  return tls || session.afterFailure || session.peerHadShown ? true : null
}

function factsOf(session: OutboundSession): OutboundFacts {
  const { failure, ending, feature, afterFailure, proxyDown, tlsIsLogged, peerHadShown } = session
  const established = session.established !== null
  const { cutOff: truncated, notOffered, certificate } = session
  return {
    established,
    failure,
    ending,
    feature,
    afterFailure,
    proxyDown,
    tlsIsLogged,
    peerHadShown,
    notOffered,
    certificateShown: certificate !== null && certificate !== 'none',
    truncated,
  }
}

/** A verified peer under a DANE policy was verified by DANE: Postfix 3.11 names the policy. */
function certificate(session: OutboundSession): PeerCertificate | null {
  const dane = session.feature?.startsWith('dane') === true || session.feature?.startsWith('halfdane') === true
  return session.certificate === 'verified' && dane ? 'dane_verified' : session.certificate
}

function outboundMails(
  session: OutboundSession,
  outcome: TlsNegotiation['outcome'],
): { attempted: number | null; accepted: number | null; clear: number | null } {
  const mail = session.ending?.mail ?? 'unclear'
  if (outcome === 'handshake_failed' || outcome === 'refused_by_us' || outcome === 'probe')
    return { attempted: 0, accepted: 0, clear: 0 }
  if (mail === 'none') return { attempted: 0, accepted: 0, clear: 0 }
  if (mail === 'unclear') return { attempted: null, accepted: null, clear: outcome === 'negotiated' ? 0 : null }
  const accepted = session.sent ? 1 : 0
  if (outcome === 'unknown') return { attempted: 1, accepted, clear: null }
  return { attempted: 1, accepted, clear: outcome === 'negotiated' ? 0 : 1 }
}
