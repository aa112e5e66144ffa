import type { TlsNegotiation } from '@tlsrep/schemas'
import { NO_TLS_FACTS } from '../tls-facts.ts'
import { inboundMails, inboundVerdict } from './inbound-outcome.ts'
import { addressOf } from './peer-address.ts'
import type { InboundSession } from './smtpd-session.ts'

/** 16 bytes out of their latin1 text. */
export function idBytes(id: string): Uint8Array {
  const bytes = new Uint8Array(16)
  for (let at = 0; at < 16; at++) bytes[at] = id.charCodeAt(at)
  return bytes
}

/** The event of an inbound session that is over. */
export function inboundEvent(session: InboundSession, collector: string): TlsNegotiation {
  const address = addressOf(session.ip)
  const verdict = inboundVerdict(session)
  const mails = inboundMails(session, verdict)
  const { service, counters, established, failure, opening } = session
  const proxied = counters?.xclient === true
  const facts = (proxied ? null : established) ?? NO_TLS_FACTS
  const shown = service.listener.hadShown(opening.at)
  const begunByCommand = startedTls(session)
  return {
    event_id: idBytes(opening.id),
    observed_at: opening.at,
    ended_at: session.lastAt,
    collector,
    mta: 'postfix',
    host: session.host.name,
    service: service.program,
    listener: service.listener.name,
    direction: 'inbound',
    session_key: session.key,
    peer_ip: address.bytes,
    peer_port: session.port < 0 ? null : session.port,
    sender: address.sender,
    peer_name: session.name,
    helo: session.helo,
    sender_domain: senderDomain(session),
    queue_ids: session.queueIds,
    outcome: verdict.outcome,
    proof: verdict.proof,
    truncated: session.truncated,
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
    resumed: session.resumed ? true : facts.resumed,
    peer_certificate: proxied ? null : session.certificate,
    peer_certificate_fingerprint: proxied ? null : session.fingerprint,
    sni: proxied ? null : session.sni,
    authenticated: session.authenticated || (counters !== null ? counters.authOk > 0 : null),
    starttls_offered: begunByCommand || shown ? true : null,
    starttls_used: counters !== null ? counters.starttlsAll > 0 : session.tlsBegun ? true : null,
    implicit_tls: implicit(session),
    mails_attempted: mails.attempted,
    mails_accepted: mails.accepted,
    mails_rejected:
      mails.attempted === null || mails.accepted === null ? null : Math.max(0, mails.attempted - mails.accepted),
    mails_plaintext: mails.clear,
    failure_reason: verdict.reason,
    error_text: failure?.words ?? null,
    fault: verdict.fault,
    tls_policy: null,
    source_name: opening.source,
    source_offset: opening.offset,
    source_end: session.endOffset,
  }
}

/** Whether a STARTTLS command of this session led to a handshake, good or failed. */
export function startedTls(session: InboundSession): boolean {
  const { counters } = session
  if (session.service.role === 'postscreen') return session.established !== null || session.failure !== null
  if (counters === null) {
    return (session.established !== null || session.failure !== null) && !session.service.implicitOnly
  }
  return counters.starttlsOk > 0 || (counters.starttlsAll > 0 && session.failure !== null)
}

function implicit(session: InboundSession): boolean | null {
  const { counters, service } = session
  if (service.implicitOnly) return true
  if (counters === null) return service.role === 'postscreen' ? false : null
  if (counters.starttlsAll > 0) return false
  if (session.established !== null || (session.failure !== null && counters.commandsAll === 0)) return true
  return service.implicitSeen ? null : false
}

function senderDomain(session: InboundSession): string | null {
  const first = session.queueIds[0]
  const known = first === undefined ? undefined : session.service.instance.senders.get(first)
  return known ?? session.senderDomain
}
