import type { FailureReason, Fault, Outcome, Proof } from '@tlsrep/schemas'
import type { InboundSession } from './smtpd-session.ts'

/** What a session's lines prove. */
export interface Verdict {
  outcome: Outcome
  fault: Fault
  proof: Proof
  reason: FailureReason | null
}

const UNKNOWN: Verdict = { outcome: 'unknown', fault: 'unknown', proof: 'by_absence', reason: null }
const NEGOTIATED: Verdict = { outcome: 'negotiated', fault: 'none', proof: 'stated', reason: null }
const NEGOTIATED_SILENTLY: Verdict = { ...NEGOTIATED, proof: 'by_absence' }
const PROBE: Verdict = { outcome: 'probe', fault: 'none', proof: 'stated', reason: null }
const PROBE_SILENTLY: Verdict = { ...PROBE, proof: 'by_absence' }

/**
 * Decides the outcome of an inbound session. Every branch says what proves it; where nothing does, the answer is `unknown`.
 *
 * `stated` is kept for what holds whatever other lines are lost: the summary line, the failure line, and the counters of `disconnect`,
 * which cover the whole session in one line. A fault that rests on the place of a line (a library problem names no peer) is
 * `by_absence`, since lost lines could have put it there.
 */
export function inboundVerdict(session: InboundSession): Verdict {
  const { counters, established, failure } = session
  if (counters?.xclient) return behindProxy(counters.mailAll)
  if (established !== null) {
    return session.clientCertificateRequired ? { ...NEGOTIATED, reason: 'client_certificate_required' } : NEGOTIATED
  }
  if (failure !== null) return failed(session)
  if (session.service.role === 'postscreen') return endedInPostscreen(session)
  if (counters !== null) return fromCounters(session)
  if (session.truncated) return UNKNOWN
  return beforeCounters(session)
}

/** XCLIENT: a proxy spoke for the client, and the client's own leg is not in this log. */
function behindProxy(mails: number): Verdict {
  return mails > 0 ? UNKNOWN : PROBE_SILENTLY
}

/** OpenSSL's words for an SSL 2.0 hello: no floor of ours refused it, no library speaks it any more. */
const SSLV2_HELLO = 'unknown protocol'

function failed(session: InboundSession): Verdict {
  const { reason, fault, byPlace, words } = session.failure ?? {
    reason: 'other',
    fault: 'unknown',
    byPlace: false,
    words: '',
  }
  if (fault === 'our_floor' && words !== SSLV2_HELLO)
    return { outcome: 'refused_by_us', fault, proof: 'stated', reason }
  if (fault === 'peer' && byPlace) {
    return { outcome: 'handshake_failed', fault: session.truncated ? 'unknown' : fault, proof: 'by_absence', reason }
  }
  return { outcome: 'handshake_failed', fault, proof: 'stated', reason }
}

/** Postfix 3.0 and up, no TLS line in the session. */
function fromCounters(session: InboundSession): Verdict {
  const { service, counters } = session
  if (counters === null) return UNKNOWN
  if (counters.starttlsOk > 0) return NEGOTIATED
  const mails = Math.max(0, counters.mailAll)
  if (service.implicitOnly) return implicitTls(session)
  if (counters.xforward && mails > 0) return { outcome: 'not_offered', fault: 'local', proof: 'stated', reason: null }
  if (mails === 0) return withoutMail(session)
  if (counters.mailOk === 0 && counters.starttlsAll <= 0 && !session.mailRefused) return refusedMail(session)
  // Another port of the same name speaks TLS from the first byte: without a summary line the two look alike.
  if (service.implicitSeen) return service.summariesSeen ? mailInClear(session, 'by_absence') : UNKNOWN
  // Until a STARTTLS command has led to a handshake here, the whole service may still turn out to be wrappermode.
  return mailInClear(session, service.starttlsSeen ? 'stated' : 'by_absence')
}

function withoutMail(session: InboundSession): Verdict {
  const { counters, service } = session
  if (counters !== null && counters.starttlsAll > 0) {
    // STARTTLS did not succeed and no handshake failed: we answered it with an error (501, 454, rate limit, not available).
    const reason = session.rateLimited ? 'rate_limited' : 'starttls_refused'
    return { outcome: 'refused_by_us', fault: 'local', proof: 'by_absence', reason }
  }
  if (service.implicitSeen) return service.summariesSeen ? PROBE_SILENTLY : UNKNOWN
  return PROBE
}

/**
 * Every MAIL was refused and no line says why: our 530 `Must issue a STARTTLS command first` writes none, nor does 503 to a client
 * that never said HELO. The latter is told by its counters.
 */
function refusedMail(session: InboundSession): Verdict {
  if (session.counters === null || session.counters.helloAll === 0) return UNKNOWN
  return { outcome: 'refused_by_us', fault: 'our_floor', proof: 'by_absence', reason: 'starttls_required' }
}

/** Wrappermode: no command gets through without TLS, and a handshake that fails is always logged. */
function implicitTls(session: InboundSession): Verdict {
  const commands = session.counters?.commandsAll ?? 0
  if (commands > 0) return NEGOTIATED_SILENTLY
  return session.service.summariesSeen ? UNKNOWN : NEGOTIATED_SILENTLY
}

/** Postfix before 3.0: only the lines in between tell, and the summary is missing where it would have been logged. */
function beforeCounters(session: InboundSession): Verdict {
  const { service } = session
  if (!service.summariesSeen || service.implicitOnly) return UNKNOWN
  const mail = session.mailsBefore + session.rejectsBefore > 0 || session.mailRefused
  return mail ? mailInClear(session, 'by_absence') : PROBE_SILENTLY
}

/** postscreen logs no MAIL: a transaction shows at its RCPT, and TLS at tlsproxy. */
function endedInPostscreen(session: InboundSession): Verdict {
  if (session.tlsBegun) {
    // From 3.4 on tlsproxy logs every failure; at loglevel 0 it does not log success.
    return session.rejectsAfter > 0 && !session.truncated ? NEGOTIATED_SILENTLY : UNKNOWN
  }
  if (session.rejectsBefore > 0) return mailInClear(session, 'by_absence')
  return session.truncated ? UNKNOWN : PROBE_SILENTLY
}

function mailInClear(session: InboundSession, proof: Proof): Verdict {
  const { listener } = session.service
  if (!listener.hadShown(session.opening.at)) return { outcome: 'not_offered', fault: 'local', proof, reason: null }
  return { outcome: 'plaintext', fault: whoseClearMail(session), proof, reason: null }
}

function whoseClearMail(session: InboundSession): Fault {
  const { counters } = session
  if (session.rateLimited) return 'local'
  // postscreen does not log its error answers to STARTTLS: the mail in clear may have followed one.
  if (session.service.role === 'postscreen') return 'unknown'
  if (counters !== null && counters.starttlsAll > 0) return 'unknown'
  // A listener that never took a MAIL in clear refuses them all: then the refusal is ours, whatever else was wrong with the command.
  if (counters !== null && counters.mailOk === 0 && !session.service.listener.acceptedClear) return 'unknown'
  return 'peer'
}

export interface MailCounts {
  attempted: number | null
  accepted: number | null
  clear: number | null
}

/** Counts of an inbound session; null where its lines cannot say. */
export function inboundMails(session: InboundSession, verdict: Verdict): MailCounts {
  const { counters } = session
  if (counters === null) return countsFromLines(session, verdict)
  const attempted = Math.max(0, counters.mailAll)
  return { attempted, accepted: accepted(session), clear: clearMails(session, verdict, attempted) }
}

/** `data=` counts messages. BDAT counts chunks: then a queue id is a message, unless one was cut off or refused. */
function accepted(session: InboundSession): number | null {
  const { counters } = session
  if (counters === null) return null
  if (counters.bdatAll === 0) return counters.dataOk
  return counters.bdatOk === counters.bdatAll && !session.lostInBdat ? session.queueIds.length : null
}

function clearMails(session: InboundSession, verdict: Verdict, attempted: number): number | null {
  const { counters } = session
  if (attempted === 0 || counters === null) return 0
  if (counters.xclient) return null
  if (session.service.implicitOnly) return 0
  if (session.established !== null) {
    if (counters.starttlsAll <= 0) return 0
    const before = session.mailsBefore > 0 ? session.mailsBefore : Math.min(1, session.rejectsBefore)
    const seen = before + session.mailsAfter + session.rejectsAfter
    return seen >= attempted ? before : null
  }
  // At loglevel 0 mail before and after STARTTLS look alike.
  return verdict.outcome === 'negotiated' || verdict.outcome === 'unknown' ? null : attempted
}

/**
 * Postfix before 3.0, postscreen, and sessions without an end. A `client=` line is one MAIL; a reject outside a message is one RCPT, and
 * several may belong to one MAIL or to as many.
 */
function countsFromLines(session: InboundSession, verdict: Verdict): MailCounts {
  const before = mailsSeen(session.mailsBefore, session.rejectsBefore)
  const after = mailsSeen(session.mailsAfter, session.rejectsAfter)
  const postscreen = session.service.role === 'postscreen'
  const clearBeforeTls = session.established !== null && before !== 0 ? before : null
  if (session.truncated && !postscreen) return { attempted: null, accepted: null, clear: clearBeforeTls }
  const accepted = postscreen ? 0 : null
  if (verdict.outcome === 'unknown') return { attempted: null, accepted, clear: null }
  const attempted = before === null || after === null ? null : before + after
  const underTls = session.established !== null || session.tlsBegun
  return { attempted, accepted, clear: underTls ? before : attempted }
}

function mailsSeen(mails: number, rejects: number): number | null {
  if (rejects === 0) return mails
  return mails === 0 && rejects === 1 ? 1 : null
}
