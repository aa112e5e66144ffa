import type { FailureReason, Fault, Proof } from '@tlsrep/schemas'
import { type LineText, says, type Words, words } from '../../framing/line-bytes.ts'
import { indexWithin, lastIndexWithin } from '../../within.ts'
import type { Verdict } from './inbound-outcome.ts'
import type { Failure } from './smtpd-session.ts'

/** What the line that ended an outbound connection says of it. */
export interface Ending {
  /** `mail`: MAIL was sent, whatever became of it. `none`: nothing was sent. `unclear`: the line cannot tell. */
  mail: 'mail' | 'none' | 'unclear'
  stated: Stated | null
}

/** A sentence of smtp_proto.c that says by itself what TLS did. */
interface Stated {
  outcome: 'handshake_failed' | 'not_offered' | 'negotiated'
  fault: Fault
  reason: FailureReason
}

const SENTENCES: readonly (readonly [Words, Stated])[] = [
  [words('Cannot start TLS: handshake failure'), { outcome: 'handshake_failed', fault: 'unknown', reason: 'other' }],
  [
    words('TLS is required, but was not offered'),
    { outcome: 'not_offered', fault: 'peer', reason: 'tls_required_not_offered' },
  ],
  [words('TLS is required, but host '), { outcome: 'handshake_failed', fault: 'peer', reason: 'starttls_refused' }],
  [
    words('TLS is required, but our TLS engine is unavailable'),
    { outcome: 'handshake_failed', fault: 'local', reason: 'local_error' },
  ],
  [words('Server certificate not '), { outcome: 'negotiated', fault: 'none', reason: 'certificate_not_verified' }],
]

/** Words that place the end before MAIL. */
const BEFORE_MAIL = ['receiving the initial server greeting', 'refused to talk to me']
const PERHAPS_BEFORE_MAIL = [
  'performing the EHLO handshake',
  'performing the HELO handshake',
  'in reply to EHLO',
  'in reply to HELO',
  'performing the LHLO handshake',
  'in reply to LHLO',
  'authentication',
]

/** Reads the sentence at `from`: the text in parentheses of a delivery line, or what follows the queue id of a line without one. */
export function readEnding(line: LineText, from: number, end: number, sent: boolean): Ending {
  if (sent) return { mail: 'mail', stated: null }
  for (const [sentence, stated] of SENTENCES) {
    if (says(line.bytes, from, sentence)) return { mail: 'none', stated }
  }
  const said = ownWords(line.text, from, end)
  if (BEFORE_MAIL.some((part) => said.includes(part))) return { mail: 'none', stated: null }
  if (PERHAPS_BEFORE_MAIL.some((part) => said.includes(part))) return { mail: 'unclear', stated: null }
  return { mail: MAIL_SENT.some((part) => said.includes(part)) ? 'mail' : 'unclear', stated: null }
}

const MAIL_SENT = [
  'in reply to MAIL',
  'in reply to RCPT',
  'in reply to DATA',
  'in reply to end of DATA',
  'in reply to BDAT',
  'sending MAIL',
  'sending RCPT',
  'sending DATA',
  'sending message body',
  'sending end of data',
  'sending BDAT',
]

/** A sentence without the peer's reply in it: `host <namaddr> said: <reply> (in reply to <command> command)`. */
function ownWords(text: string, from: number, end: number): string {
  const said = indexWithin(text, ' said: ', from, end)
  if (said < 0) return text.slice(from, Math.min(end, from + SENTENCE_MAX))
  const command = lastIndexWithin(text, '(in reply to ', said, end)
  return command < 0 ? '' : text.slice(command, end)
}

const SENTENCE_MAX = 2048

/** What is known of an outbound connection when it is over. */
export interface OutboundFacts {
  established: boolean
  failure: Failure | null
  ending: Ending | null
  /** Postfix 3.11 tls=, else null. */
  feature: string | null
  /** This connection follows one to the same peer whose TLS failed or broke. */
  afterFailure: boolean
  /** Our own tlsproxy does not answer. */
  proxyDown: boolean
  /** A successful handshake would have left a line. */
  tlsIsLogged: boolean
  peerHadShown: boolean
  /** A TLS report line says that the peer did not offer STARTTLS. */
  notOffered: boolean
  /** The peer's certificate was looked at, so a handshake was under way, whatever line of it is missing. */
  certificateShown: boolean
  /** Its end was not logged. */
  truncated: boolean
}

const UNKNOWN: Verdict = { outcome: 'unknown', fault: 'unknown', proof: 'by_absence', reason: null }

/**
 * Decides the outcome of an outbound connection. That mail went in clear is a peer's fault only where a line says that TLS was required
 * and not offered: `tls=may:none` does not say why, and a line that would is the first to be lost.
 */
export function outboundVerdict(facts: OutboundFacts): Verdict {
  if (facts.established) return negotiated(facts)
  if (facts.failure !== null) return failed(facts.failure, facts.truncated)
  const stated = facts.ending?.stated ?? null
  if (stated !== null) return fromSentence(stated, facts)
  const byFeature = facts.feature === null ? null : fromFeature(facts.feature, facts)
  if (byFeature !== null) return byFeature
  return byAbsence(facts)
}

function negotiated(facts: OutboundFacts): Verdict {
  const reason = facts.ending?.stated?.outcome === 'negotiated' ? facts.ending.stated.reason : null
  return { outcome: 'negotiated', fault: 'none', proof: 'stated', reason }
}

function failed(failure: Failure, truncated: boolean): Verdict {
  const { reason, byPlace } = failure
  const fault = truncated && byPlace && failure.fault === 'peer' ? 'unknown' : failure.fault
  // Old OpenSSL says `unknown protocol` also of a server that answers in clear: not our floor, then.
  if (failure.words === 'unknown protocol')
    return { outcome: 'handshake_failed', fault: 'unknown', proof: 'stated', reason: 'version_unclear' }
  if (fault === 'our_floor') return { outcome: 'refused_by_us', fault, proof: 'stated', reason }
  return { outcome: 'handshake_failed', fault, proof: fault === 'peer' && byPlace ? 'by_absence' : 'stated', reason }
}

function fromSentence(stated: Stated, facts: OutboundFacts): Verdict {
  const ours = stated.outcome === 'handshake_failed' && stated.reason === 'other' && facts.proxyDown
  return {
    outcome: stated.outcome,
    fault: ours ? 'local' : stated.fault,
    proof: 'stated',
    reason: ours ? 'local_error' : stated.reason,
  }
}

/** `tls=` of Postfix 3.11 (src/global/pol_stats.c): `level`, `level:none` fallen back, `!level` violated, `level?` undecided. */
function fromFeature(feature: string, facts: OutboundFacts): Verdict | null {
  const level = feature.split('/')[0] ?? ''
  if (level.startsWith('!') || level.endsWith('?')) return UNKNOWN
  if (level === 'none') return facts.ending?.mail === 'none' ? null : mailInClear(facts, 'stated', 'local')
  if (level.endsWith(':none'))
    return facts.ending?.mail === 'none' ? UNKNOWN : mailInClear(facts, 'stated', whose(facts))
  return { outcome: 'negotiated', fault: 'none', proof: 'stated', reason: null }
}

function byAbsence(facts: OutboundFacts): Verdict {
  if (facts.certificateShown) return UNKNOWN
  const mail = facts.ending?.mail ?? 'unclear'
  if (mail === 'none') return { outcome: 'probe', fault: 'none', proof: 'by_absence', reason: null }
  if (mail === 'unclear') return UNKNOWN
  if (facts.notOffered) return mailInClear(facts, 'stated', whose(facts))
  return facts.tlsIsLogged ? mailInClear(facts, 'by_absence', whose(facts)) : UNKNOWN
}

function whose(facts: OutboundFacts): Fault {
  return facts.proxyDown ? 'local' : 'unknown'
}

function mailInClear(facts: OutboundFacts, proof: Proof, fault: Fault): Verdict {
  const shown = facts.peerHadShown || facts.afterFailure
  return { outcome: shown ? 'plaintext' : 'not_offered', fault, proof, reason: null }
}
