// Made by schemas/scripts/generate-types.ts from schemas/avro/*.avsc. Change those, then: npm run generate

/**
 * Mail server software that wrote the log. postfix: Postfix. exim: Exim. sendmail: Sendmail. opensmtpd: OpenSMTPD.
 * haraka: Haraka. exchange: Microsoft Exchange. kumomta: KumoMTA. powermta: PowerMTA. stalwart: Stalwart. qmail: qmail
 * and its descendants. mox: mox. zonemta: ZoneMTA. other: any other, by a documented JSON contract.
 */
export const MTAS = [
  'postfix',
  'exim',
  'sendmail',
  'opensmtpd',
  'haraka',
  'exchange',
  'kumomta',
  'powermta',
  'stalwart',
  'qmail',
  'mox',
  'zonemta',
  'other',
] as const

/**
 * Mail server software that wrote the log. postfix: Postfix. exim: Exim. sendmail: Sendmail. opensmtpd: OpenSMTPD.
 * haraka: Haraka. exchange: Microsoft Exchange. kumomta: KumoMTA. powermta: PowerMTA. stalwart: Stalwart. qmail: qmail
 * and its descendants. mox: mox. zonemta: ZoneMTA. other: any other, by a documented JSON contract.
 */
export type Mta = (typeof MTAS)[number]

/** inbound: the peer connected to us. outbound: we connected to the peer. */
export const DIRECTIONS = [
  'inbound',
  'outbound',
] as const

/** inbound: the peer connected to us. outbound: we connected to the peer. */
export type Direction = (typeof DIRECTIONS)[number]

/**
 * negotiated: a TLS handshake ended well, with or without mail after it. plaintext: MAIL crossed in clear and the
 * listener (outbound: the peer) had shown STARTTLS in the 24 h before. not_offered: MAIL crossed in clear, or outbound
 * was not sent because of that, and the listener (outbound: the peer) had shown no STARTTLS. handshake_failed: TLS was
 * begun and did not complete; outbound also a 4xx/5xx to STARTTLS with nothing sent. refused_by_us: no TLS and no mail
 * accepted, because of our floor, our 530, or our error answer to STARTTLS. probe: no TLS begun and no MAIL. unknown:
 * the log does not prove any of these.
 */
export const OUTCOMES = [
  'negotiated',
  'plaintext',
  'not_offered',
  'handshake_failed',
  'refused_by_us',
  'probe',
  'unknown',
] as const

/**
 * negotiated: a TLS handshake ended well, with or without mail after it. plaintext: MAIL crossed in clear and the
 * listener (outbound: the peer) had shown STARTTLS in the 24 h before. not_offered: MAIL crossed in clear, or outbound
 * was not sent because of that, and the listener (outbound: the peer) had shown no STARTTLS. handshake_failed: TLS was
 * begun and did not complete; outbound also a 4xx/5xx to STARTTLS with nothing sent. refused_by_us: no TLS and no mail
 * accepted, because of our floor, our 530, or our error answer to STARTTLS. probe: no TLS begun and no MAIL. unknown:
 * the log does not prove any of these.
 */
export type Outcome = (typeof OUTCOMES)[number]

/**
 * stated: a line of the session says so. by_absence: known because a line that would have been there is not; evidence
 * only while that host's log shows no loss.
 */
export const PROOFS = [
  'stated',
  'by_absence',
] as const

/**
 * stated: a line of the session says so. by_absence: known because a line that would have been there is not; evidence
 * only while that host's log shows no loss.
 */
export type Proof = (typeof PROOFS)[number]

/** Negotiated protocol version: SSL 2.0, SSL 3.0, TLS 1.0, TLS 1.1, TLS 1.2, TLS 1.3. */
export const TLS_VERSIONS = [
  'SSLv2',
  'SSLv3',
  'TLSv1_0',
  'TLSv1_1',
  'TLSv1_2',
  'TLSv1_3',
] as const

/** Negotiated protocol version: SSL 2.0, SSL 3.0, TLS 1.0, TLS 1.1, TLS 1.2, TLS 1.3. */
export type TlsVersion = (typeof TLS_VERSIONS)[number]

/**
 * State of the certificate that the peer showed. none: it showed none. dane_verified: matched by DANE TLSA records.
 * verified: trusted, and the name or fingerprint matches. trusted: chain trusted, name not checked. untrusted: shown,
 * chain not trusted. self_signed, expired, not_yet_valid, revoked, name_mismatch: shown, and so found wanting.
 */
export const PEER_CERTIFICATES = [
  'none',
  'dane_verified',
  'verified',
  'trusted',
  'untrusted',
  'self_signed',
  'expired',
  'not_yet_valid',
  'revoked',
  'name_mismatch',
] as const

/**
 * State of the certificate that the peer showed. none: it showed none. dane_verified: matched by DANE TLSA records.
 * verified: trusted, and the name or fingerprint matches. trusted: chain trusted, name not checked. untrusted: shown,
 * chain not trusted. self_signed, expired, not_yet_valid, revoked, name_mismatch: shown, and so found wanting.
 */
export type PeerCertificate = (typeof PEER_CERTIFICATES)[number]

/**
 * bad_record: a TLS record that cannot be decoded or authenticated. bad_record_or_alert: words that stand for a bad
 * record and for an encrypted alert alike. bad_server_name: an SNI that is no host name. connection_lost: the
 * connection ended in the handshake. fallback_signalled: TLS_FALLBACK_SCSV, the client had retried with a lower
 * version. no_common_cipher: no shared cipher suite; whose fault it is cannot be said. no_common_group_or_signature: no
 * shared group or signature algorithm. not_tls: plaintext or garbage where TLS was due. peer_alert: the peer sent a
 * handshake_failure alert. peer_internal_error: the peer sent an internal_error alert. peer_rejected_our_certificate:
 * the peer did not accept our certificate. peer_rejected_version: the peer sent a protocol_version alert. timeout: the
 * handshake timed out. unexpected_message: a TLS message out of order. version_below_floor: the client's highest
 * version is below our floor. version_unclear: words that stand for our version floor and for a broken record alike.
 * local_error: our own TLS library or process failed. starttls_refused: the server side answered STARTTLS with 4xx/5xx.
 * starttls_required: we answered MAIL with 530 Must issue a STARTTLS command first. tls_required_not_offered: our
 * policy required TLS and the peer did not offer it. certificate_not_verified: our policy required a verified
 * certificate and the peer's was not. client_certificate_required: we require a client certificate and none that we
 * trust was shown. rate_limited: our own rate limit refused TLS. other: words that are not in the list.
 */
export const FAILURE_REASONS = [
  'bad_record',
  'bad_record_or_alert',
  'bad_server_name',
  'connection_lost',
  'fallback_signalled',
  'no_common_cipher',
  'no_common_group_or_signature',
  'not_tls',
  'peer_alert',
  'peer_internal_error',
  'peer_rejected_our_certificate',
  'peer_rejected_version',
  'timeout',
  'unexpected_message',
  'version_below_floor',
  'version_unclear',
  'local_error',
  'starttls_refused',
  'starttls_required',
  'tls_required_not_offered',
  'certificate_not_verified',
  'client_certificate_required',
  'rate_limited',
  'other',
] as const

/**
 * bad_record: a TLS record that cannot be decoded or authenticated. bad_record_or_alert: words that stand for a bad
 * record and for an encrypted alert alike. bad_server_name: an SNI that is no host name. connection_lost: the
 * connection ended in the handshake. fallback_signalled: TLS_FALLBACK_SCSV, the client had retried with a lower
 * version. no_common_cipher: no shared cipher suite; whose fault it is cannot be said. no_common_group_or_signature: no
 * shared group or signature algorithm. not_tls: plaintext or garbage where TLS was due. peer_alert: the peer sent a
 * handshake_failure alert. peer_internal_error: the peer sent an internal_error alert. peer_rejected_our_certificate:
 * the peer did not accept our certificate. peer_rejected_version: the peer sent a protocol_version alert. timeout: the
 * handshake timed out. unexpected_message: a TLS message out of order. version_below_floor: the client's highest
 * version is below our floor. version_unclear: words that stand for our version floor and for a broken record alike.
 * local_error: our own TLS library or process failed. starttls_refused: the server side answered STARTTLS with 4xx/5xx.
 * starttls_required: we answered MAIL with 530 Must issue a STARTTLS command first. tls_required_not_offered: our
 * policy required TLS and the peer did not offer it. certificate_not_verified: our policy required a verified
 * certificate and the peer's was not. client_certificate_required: we require a client certificate and none that we
 * trust was shown. rate_limited: our own rate limit refused TLS. other: words that are not in the list.
 */
export type FailureReason = (typeof FAILURE_REASONS)[number]

/**
 * none: nothing went wrong (negotiated, probe). peer: the log proves that the other side caused it. path: something
 * between us caused it. local: our own configuration or failure. our_floor: our version floor, or our 530. unknown: the
 * log does not prove whose it was.
 */
export const FAULTS = [
  'none',
  'peer',
  'path',
  'local',
  'our_floor',
  'unknown',
] as const

/**
 * none: nothing went wrong (negotiated, probe). peer: the log proves that the other side caused it. path: something
 * between us caused it. local: our own configuration or failure. our_floor: our version floor, or our 530. unknown: the
 * log does not prove whose it was.
 */
export type Fault = (typeof FAULTS)[number]

/**
 * What TLS did in one SMTP session, as one of our MTAs logged it. One record a TCP connection. Facts only: grades
 * depend on policy and are made when something is scored or shown. Topic tls.negotiations, key: the peer's /24 (IPv4)
 * or /48 (IPv6).
 */
export interface TlsNegotiation {
  /** Identity of the session. Printed as 32 hexadecimal digits. */
  event_id: Uint8Array
  /**
   * When the session began: the log time of its opening line (where that is missing, of its first line), milliseconds
   * since 1970 UTC. Printed as RFC 3339.
   */
  observed_at: number
  /** Log time of the session's last line, milliseconds since 1970 UTC. Printed as RFC 3339. */
  ended_at: number
  /** Configured name of the collector that read the log; empty when parsed offline. */
  collector: string
  /** Which parser made this record. */
  mta: Mta
  /** Host name of our MTA as the log's framing gives it; empty where the framing has none. */
  host: string
  /** The syslog program that speaks for the session, for Postfix syslog_name/daemon, e.g. postfix/submission/smtpd. */
  service: string
  /**
   * Configured name of our door that the peer came through (mx, submission, submissions, ...), found from host and
   * service. Null for outbound sessions.
   */
  listener: string | null
  /**
   * Who opened the connection. Outbound sessions are facts about peers that we send to; they never feed a sender's
   * listing.
   */
  direction: Direction
  /**
   * What joined the lines of the session beside host and service: a pid (Postfix smtpd, smtp), [address]:port
   * (postscreen), or the MTA's own session id.
   */
  session_key: string
  /**
   * Address of the other side: the client (inbound) or the server we delivered to (outbound). Behind a proxy (XCLIENT,
   * HAProxy) the real client's where the log shows it. Printed as text, IPv4 in dotted form.
   */
  peer_ip: Uint8Array
  /**
   * TCP port of the other side. Null where the log does not show it (Postfix smtpd without smtpd_client_port_logging).
   */
  peer_port: number | null
  /** Canonical prefix of peer_ip, the unit of evidence: a.b.c.d/32 for IPv4, x:x:x:x::/64 for IPv6. */
  sender: string
  /**
   * Inbound: the forward-confirmed reverse DNS name (FCrDNS) that the MTA logged, null where it has none (Postfix:
   * unknown). Outbound: the host name that we connected to. Written by whoever runs the peer's DNS.
   */
  peer_name: string | null
  /**
   * HELO/EHLO name, context only: the peer writes it as it likes. Null where no line of the session shows it (Postfix
   * shows it in reject lines alone).
   */
  helo: string | null
  /**
   * Domain of the first envelope sender, lower case; empty for the null sender <>. Null where no line shows it. Local
   * parts never leave the collector.
   */
  sender_domain: string | null
  /** Queue ids of the messages of this session, in order, at most 100. */
  queue_ids: readonly string[]
  /** What became of TLS in this session; exactly one. */
  outcome: Outcome
  /** How the outcome is known. An outcome unknown is always by_absence. */
  proof: Proof
  /**
   * True when the beginning or the end of the session is missing from the log (restart, rotation, lost lines, eviction,
   * end of input). What was proven is kept.
   */
  truncated: boolean
  /**
   * True when this host's log showed loss in the hour before the session's last line: a lost-message notice, or an end
   * without its beginning.
   */
  log_loss: boolean
  /**
   * Negotiated protocol version. Null where there was none or the log does not show it (Postfix smtpd_tls_loglevel 0).
   */
  tls_version: TlsVersion | null
  /** IANA code point of the cipher suite, e.g. 4866 (0x1302). Null where there was none or the name is not known. */
  cipher_code: number | null
  /**
   * IANA name of the cipher suite, e.g. TLS_AES_256_GCM_SHA384. Null where there was none or the logged name is not
   * known; then cipher_raw has it.
   */
  cipher: string | null
  /** The cipher suite's name as logged. Null where there was none or the log does not show it. */
  cipher_raw: string | null
  /** Effective secret bits of the cipher, as logged, else from the suite. Null where there was none or neither says. */
  secret_bits: number | null
  /**
   * IANA name of the key-exchange group, e.g. x25519, secp256r1, X25519MLKEM768; an unknown one as logged. Null where
   * the log does not show it (Postfix below TLS 1.3).
   */
  key_exchange_group: string | null
  /**
   * The server's handshake signature as key algorithm and digest, e.g. RSA-PSS/SHA256. Null where the log does not show
   * it.
   */
  server_signature: string | null
  /** Whether the key exchange is ephemeral; from the suite. Null where the suite is not known. */
  forward_secrecy: boolean | null
  /** Whether the cipher is an AEAD; from the suite. Null where the suite is not known. */
  aead: boolean | null
  /**
   * Whether the key-exchange group is a post-quantum hybrid. False for suites that cannot be. Null where the group is
   * not known.
   */
  post_quantum: boolean | null
  /** Whether the TLS session was resumed. Null where the log cannot say (Postfix below TLS 1.3). */
  resumed: boolean | null
  /** State of the peer's certificate. Inbound none is normal and neutral. Null where the log does not say. */
  peer_certificate: PeerCertificate | null
  /** Fingerprint of the peer's certificate as logged. Null where the log does not show it. */
  peer_certificate_fingerprint: string | null
  /** Server name that the client asked for (SNI). Null where none was sent or the log does not show it. */
  sni: string | null
  /** Whether the client authenticated by SASL. Null where the log cannot say, and for outbound sessions. */
  authenticated: boolean | null
  /**
   * Whether the server side was seen to offer STARTTLS: true when TLS was begun by STARTTLS in this session or,
   * inbound, the listener has shown it in the 24 h before. Null where nothing tells.
   */
  starttls_offered: boolean | null
  /** Whether the client sent STARTTLS. False with implicit TLS. Null where the log cannot say. */
  starttls_used: boolean | null
  /** Whether TLS was due from the first byte (port 465, Postfix wrappermode). Null where the log cannot say. */
  implicit_tls: boolean | null
  /** MAIL commands. Null where the log cannot say. */
  mails_attempted: number | null
  /** Messages that the receiving side queued (inbound: we). Null where the log cannot say. */
  mails_accepted: number | null
  /** mails_attempted less mails_accepted. Null where either is. */
  mails_rejected: number | null
  /**
   * MAIL commands in clear, refused ones too, also where TLS came later in the session. Null where the log cannot say.
   */
  mails_plaintext: number | null
  /** Why TLS did not come about, or was not used. Null where nothing failed or the log does not say. */
  failure_reason: FailureReason | null
  /** The words behind failure_reason as logged, at most 512 characters. Null where there are none. */
  error_text: string | null
  /** Who caused the outcome. Only peer and path can ever weigh. */
  fault: Fault
  /**
   * Outbound: the TLS policy and result as the MTA logged them (Postfix 3.11 tls=, e.g. may:none). Null for inbound
   * sessions and where not logged.
   */
  tls_policy: string | null
  /** Name of the input that the session's first line came from. */
  source_name: string
  /** Byte offset, after decompression, at which the session's first line begins in source_name. */
  source_offset: number
  /** Byte offset, after decompression, at which the session's last line begins, in the input that it came from. */
  source_end: number
}

/**
 * What we advise an MTA to do, mildest first; the order of the symbols is the order of severity. clean: nothing. watch:
 * nothing yet, look at it. tag: accept, and mark the mail. defer: answer with a temporary error. reject: refuse.
 */
export const TIERS = [
  'clean',
  'watch',
  'tag',
  'defer',
  'reject',
] as const

/**
 * What we advise an MTA to do, mildest first; the order of the symbols is the order of severity. clean: nothing. watch:
 * nothing yet, look at it. tag: accept, and mark the mail. defer: answer with a temporary error. reject: refuse.
 */
export type Tier = (typeof TIERS)[number]

/**
 * plaintext: mail in clear although the listener offered STARTTLS. downgrade: a failed handshake, then mail in clear
 * within the window. history_regression: a sender that always used TLS stopped, or fell back to a lower version.
 * deprecated_version: a protocol version below what the policy accepts. weak_cipher: a cipher suite below what the
 * policy accepts. handshake_failures: handshakes that failed by the sender's own fault, as far as their pairs weigh.
 * operator_deny: an operator denied the sender.
 */
export const LISTING_REASONS = [
  'plaintext',
  'downgrade',
  'history_regression',
  'deprecated_version',
  'weak_cipher',
  'handshake_failures',
  'operator_deny',
] as const

/**
 * plaintext: mail in clear although the listener offered STARTTLS. downgrade: a failed handshake, then mail in clear
 * within the window. history_regression: a sender that always used TLS stopped, or fell back to a lower version.
 * deprecated_version: a protocol version below what the policy accepts. weak_cipher: a cipher suite below what the
 * policy accepts. handshake_failures: handshakes that failed by the sender's own fault, as far as their pairs weigh.
 * operator_deny: an operator denied the sender.
 */
export type ListingReason = (typeof LISTING_REASONS)[number]

/**
 * One sender on the list, with everything that a postmaster needs to understand it: the arithmetic, the days, sample
 * sessions, the remedy, and when it will end. Topic tls.listings, key: sender; a tombstone says that the sender is
 * delisted.
 */
export interface Listing {
  /**
   * Who is listed: a canonical prefix (a.b.c.d/32, x:x:x:x::/64, or wider), or a verified domain in lower case. The
   * record key holds the same text.
   */
  sender: string
  /**
   * The tier that the evidence asks for, uncapped: each listener and output applies the least of this, its cap and its
   * mode.
   */
  tier: Tier
  /**
   * When the sender was last put on the list, not having been on it before: milliseconds since 1970 UTC. Kept while it
   * stays listed. Printed as RFC 3339.
   */
  listed_at: number
  /** When this version of the listing was published, milliseconds since 1970 UTC. Printed as RFC 3339. */
  updated_at: number
  /**
   * When every output drops the listing even if nothing else is heard, milliseconds since 1970 UTC. Printed as RFC
   * 3339.
   */
  expires_at: number
  /**
   * When decay alone makes the evidence cross the delisting bound; the scorer looks at the sender again then.
   * Milliseconds since 1970 UTC, printed as RFC 3339. Null where the listing rests on no evidence that decays (an
   * operator denied the sender).
   */
  review_at: number | null
  /**
   * Number of this version among the versions of this sender's listing, from 1 upwards; of two versions the higher one
   * holds.
   */
  sequence: number
  /** What brought the sender here, the heaviest first. Never empty. */
  reasons: readonly ListingReason[]
  /**
   * Lower confidence bound of the weighted bad share, 0 to 1; the sender was listed when it rose above the tier's
   * threshold.
   */
  lower_bound: number
  /**
   * Upper confidence bound of the weighted bad share, 0 to 1; the sender is delisted when it falls below the tier's
   * delisting bound.
   */
  upper_bound: number
  /** Sessions that count, after decay, at scored_at. Below the policy's floor nobody is listed. */
  effective_sessions: number
  /**
   * The arithmetic in words for the sender's postmaster: what was counted on which days, what it weighs, which bound it
   * crossed. No text that a peer wrote.
   */
  explanation: string
  /** What the sender can do so that the listing ends, in words. */
  remedy: string
  /**
   * Identities of a few sessions that show it, newest first, at most 10; each is the event_id of a TlsNegotiation.
   * Printed as 32 hexadecimal digits.
   */
  sample_event_ids: readonly Uint8Array[]
  /**
   * UTC day of the oldest evidence that still counts, days since 1970-01-01. Printed as YYYY-MM-DD. Null where the
   * listing rests on no evidence.
   */
  first_evidence_day: number | null
  /**
   * UTC day of the newest evidence that counts, days since 1970-01-01. Printed as YYYY-MM-DD. Null where the listing
   * rests on no evidence.
   */
  last_evidence_day: number | null
  /** Hash of the policy that the score was made with, as the policy file's reader gives it. */
  policy_hash: string
  /**
   * The now of the score function: the same evidence rows, policy and scored_at give the same listing. Milliseconds
   * since 1970 UTC, printed as RFC 3339.
   */
  scored_at: number
}

/** allow: the sender is never listed. deny: the sender is listed at the tier named. */
export const OVERRIDE_ACTIONS = [
  'allow',
  'deny',
] as const

/** allow: the sender is never listed. deny: the sender is listed at the tier named. */
export type OverrideAction = (typeof OVERRIDE_ACTIONS)[number]

/**
 * What an operator decided about one sender, whatever its evidence says; an allow beats a deny, both beat the score.
 * Topic tls.overrides, key: sender; a tombstone withdraws it.
 */
export interface Override {
  /**
   * Whom it is about: a canonical prefix of any length, or a verified domain in lower case. The record key holds the
   * same text.
   */
  sender: string
  /** What was decided. */
  action: OverrideAction
  /** Tier at which a denied sender is listed; caps and modes apply to it as to any other. Null for allow. */
  tier: Tier | null
  /**
   * When the override ends by itself, milliseconds since 1970 UTC. Printed as RFC 3339. Null where it holds until it is
   * withdrawn.
   */
  until: number | null
  /** Who decided, as the command or the console knows them. */
  by: string
  /** The reason given, in the operator's words. */
  why: string
  /** When it was decided, milliseconds since 1970 UTC. Printed as RFC 3339. */
  created_at: number
}

/** How far one host's part of an input has come; time-outs run on the log time of each host. */
export interface HostState {
  /** Host name of our MTA, as in TlsNegotiation. */
  host: string
  /**
   * Log time of the first line read of the host, milliseconds since 1970 UTC: an end without its beginning is no loss
   * soon after it. Printed as RFC 3339.
   */
  first_line_at: number
  /** Log time of the host's newest line, milliseconds since 1970 UTC. Printed as RFC 3339. */
  newest_line_at: number
  /**
   * Log time at which the host's log last showed loss, milliseconds since 1970 UTC. Printed as RFC 3339. Null where it
   * showed none.
   */
  loss_at: number | null
}

/**
 * logs_tls: it was seen to log successful handshakes. logs_counters: it was seen to log command counters at the
 * session's end. logs_policy: its delivery lines were seen to state the TLS policy (Postfix 3.11, tls=). starttls: a
 * STARTTLS command was seen to lead to a handshake. implicit_tls: it was seen to speak TLS from the first byte.
 * accepts_clear: it was seen to accept a MAIL command in clear.
 */
export const LISTENER_TRAITS = [
  'logs_tls',
  'logs_counters',
  'logs_policy',
  'starttls',
  'implicit_tls',
  'accepts_clear',
] as const

/**
 * logs_tls: it was seen to log successful handshakes. logs_counters: it was seen to log command counters at the
 * session's end. logs_policy: its delivery lines were seen to state the TLS policy (Postfix 3.11, tls=). starttls: a
 * STARTTLS command was seen to lead to a handshake. implicit_tls: it was seen to speak TLS from the first byte.
 * accepts_clear: it was seen to accept a MAIL command in clear.
 */
export type ListenerTrait = (typeof LISTENER_TRAITS)[number]

/** What an input's log has shown about one of our doors. */
export interface ListenerState {
  /** Host name of our MTA, as in TlsNegotiation. */
  host: string
  /** The syslog program that speaks for the door, as in TlsNegotiation. */
  service: string
  /**
   * Log time of the last TLS handshake, good or failed, that anybody made there, milliseconds since 1970 UTC: for 24 h
   * after it mail in clear counts as plaintext. Printed as RFC 3339. Null where none was seen.
   */
  starttls_shown_at: number | null
  /**
   * What the log has proven about the door and how it logs, each at most once: without them a missing line proves
   * nothing.
   */
  traits: readonly ListenerTrait[]
}

/** A server that we deliver to, and when it last showed STARTTLS. */
export interface OutboundPeer {
  /** Host name of our MTA, as in TlsNegotiation. */
  host: string
  /** The syslog program that delivered, as in TlsNegotiation. */
  service: string
  /** The peer's address as logged. */
  address: string
  /**
   * Log time at which the peer last showed STARTTLS, milliseconds since 1970 UTC: for 24 h after it mail in clear to it
   * counts as plaintext. Printed as RFC 3339.
   */
  starttls_shown_at: number
}

/** A mail in the queue, whose delivery lines do not name its sender. */
export interface QueuedSender {
  /** Host name of our MTA, as in TlsNegotiation. */
  host: string
  /** A syslog program of the Postfix instance that the queue belongs to, as in TlsNegotiation. */
  service: string
  /** Queue id, as in TlsNegotiation. */
  queue_id: string
  /** Domain of the envelope sender, as in TlsNegotiation. */
  sender_domain: string
}

/** How often one opening line was seen: equal lines get ordinals, so that their sessions get different event ids. */
export interface OpeningOrdinal {
  /** Hash of host, syslog service, pid and the bytes of the opening line. */
  line_hash: Uint8Array
  /** Sessions opened so far by a line with this hash; the next one gets this ordinal. */
  count: number
  /**
   * Log time of the newest of them, milliseconds since 1970 UTC; long after it the entry is forgotten. Printed as RFC
   * 3339.
   */
  seen_at: number
}

/**
 * How far one collector has read one input, and what it must remember to go on after a restart without losing or
 * repeating an event. Written in the transaction that carries the input's events. Topic tls.checkpoints, key: collector
 * and input; a tombstone forgets the input.
 */
export interface Checkpoint {
  /** Configured name of the collector. */
  collector: string
  /**
   * Configured name of the input. For an input of many files each file has a checkpoint of its own, and the key ends in
   * its identity.
   */
  input: string
  /**
   * Name of the file or stream at the time of writing. It may change (rotation): the identity is in device, inode and
   * fingerprint.
   */
  source_name: string
  /**
   * Number of the device that holds the file, decimal; text, because it may exceed 2^53. Null where the input is no
   * file.
   */
  device: string | null
  /** Inode number of the file, decimal; text, because it may exceed 2^53. Null where the input is no file. */
  inode: string | null
  /**
   * Hash of the first fingerprint_length bytes of the content, after decompression: finds the file again when it was
   * copied, renamed or compressed. Null where the input is no file.
   */
  fingerprint: Uint8Array | null
  /** How many bytes fingerprint covers; 0 without a fingerprint. */
  fingerprint_length: number
  /**
   * Size of the file on disk in bytes at the time of writing; a smaller file later was truncated. Null where the input
   * is no file.
   */
  size: number | null
  /**
   * Byte offset, after decompression, of the first line whose events may not have been emitted. After a restart, the
   * lines before it rebuild state and emit nothing.
   */
  emitted_to: number
  /**
   * Byte offset, after decompression, where reading starts again: some seconds of log time before the oldest line that
   * an open session still needs, so that equal opening lines get the same ordinals. Never above emitted_to.
   */
  resume_from: number
  /**
   * Log time of the newest line of the input, milliseconds since 1970 UTC; the next line's year follows from it.
   * Printed as RFC 3339. Null where no line was read yet.
   */
  newest_line_at: number | null
  /** State of each host whose lines the input carries. */
  hosts: readonly HostState[]
  /** What was learned about each door, by host and service. */
  listeners: readonly ListenerState[]
  /** The servers that showed STARTTLS last, at most 1000 of an input; one that is missing here is learned again. */
  outbound_peers: readonly OutboundPeer[]
  /**
   * Envelope senders of the mails queued last, at most 1000 of an input; sessions that deliver one that is missing here
   * have no sender_domain.
   */
  queued_senders: readonly QueuedSender[]
  /**
   * Opening lines seen lately, for the ordinals of equal ones. Empty for inputs that can be read again from
   * resume_from: they are counted again.
   */
  ordinals: readonly OpeningOrdinal[]
  /**
   * The open sessions themselves, in the encoding that state_version names. Null for inputs that can be read again from
   * resume_from.
   */
  open_sessions: Uint8Array | null
  /**
   * Version of the parser's state, of open_sessions above all. A collector that does not know it reads again from
   * resume_from where it can, and says so where it cannot.
   */
  state_version: number
  /** When the checkpoint was written, milliseconds since 1970 UTC. Printed as RFC 3339. */
  updated_at: number
}

/**
 * too_long: a line longer than the limit. no_framing: no framing (syslog, JSON, ...) that the input knows. binary:
 * bytes that are no log text. bad_stamp: a time stamp that cannot be read. unparsed_line: a line of a known program
 * whose structure is not known. state_lost: an open session's state that this version cannot read. invalid_record: a
 * record of our own that breaks its schema. undecodable_record: bytes that are no Avro record, or one that is cut off
 * or has values out of range. unknown_schema: a record whose writer's schema is not known. trailing_bytes: a record
 * with bytes behind its end. bad_value: a record that decodes and says what cannot be.
 */
export const DEAD_REASONS = [
  'too_long',
  'no_framing',
  'binary',
  'bad_stamp',
  'unparsed_line',
  'state_lost',
  'invalid_record',
  'undecodable_record',
  'unknown_schema',
  'trailing_bytes',
  'bad_value',
] as const

/**
 * too_long: a line longer than the limit. no_framing: no framing (syslog, JSON, ...) that the input knows. binary:
 * bytes that are no log text. bad_stamp: a time stamp that cannot be read. unparsed_line: a line of a known program
 * whose structure is not known. state_lost: an open session's state that this version cannot read. invalid_record: a
 * record of our own that breaks its schema. undecodable_record: bytes that are no Avro record, or one that is cut off
 * or has values out of range. unknown_schema: a record whose writer's schema is not known. trailing_bytes: a record
 * with bytes behind its end. bad_value: a record that decodes and says what cannot be.
 */
export type DeadReason = (typeof DEAD_REASONS)[number]

/**
 * receiving: taking bytes from an input. framing: finding lines and their host, service and time. parsing: reading a
 * line's structure. joining: making sessions of lines. encoding: writing the record. decoding: reading a record from
 * the event log. scoring: using a record as evidence. publishing: using a listing or an override.
 */
export const DEAD_STAGES = [
  'receiving',
  'framing',
  'parsing',
  'joining',
  'encoding',
  'decoding',
  'scoring',
  'publishing',
] as const

/**
 * receiving: taking bytes from an input. framing: finding lines and their host, service and time. parsing: reading a
 * line's structure. joining: making sessions of lines. encoding: writing the record. decoding: reading a record from
 * the event log. scoring: using a record as evidence. publishing: using a listing or an override.
 */
export type DeadStage = (typeof DEAD_STAGES)[number]

/**
 * A line or record that could not be used, with the reason. Its original bytes never travel: they stay where they were
 * read. Topic tls.deadletter, no key.
 */
export interface DeadLetter {
  /** Why it could not be used. */
  reason: DeadReason
  /** Where it fell out of the flow. */
  stage: DeadStage
  /** Configured name of the collector or other service that gave up; empty when offline. */
  collector: string
  /** Name of the input that the line came from; for a record, its topic and partition as topic/partition. */
  source_name: string
  /**
   * Byte offset, after decompression, at which the line begins in source_name; for a record, its offset in the
   * partition.
   */
  source_offset: number
  /** Length of the line or record in bytes, without the line's end. */
  length: number
  /**
   * Hash of the bytes of the line or record: equal ones can be counted without being shown, and the original can be
   * found.
   */
  hash: Uint8Array
  /**
   * Redacted shape of the line: every letter becomes a, every digit 9, a control character or a byte beyond ASCII ?,
   * punctuation and spaces stay; at most 256 characters. Empty for a record.
   */
  shape: string
  /** What the stage has to say about the reason, in our own words, without bytes of the line; may be empty. */
  detail: string
  /** When it was given up, milliseconds since 1970 UTC, by the clock of the service. Printed as RFC 3339. */
  died_at: number
}

/** The interface of each record that travels on a topic, by its name. */
export interface RecordTypes {
  TlsNegotiation: TlsNegotiation
  Listing: Listing
  Override: Override
  Checkpoint: Checkpoint
  DeadLetter: DeadLetter
}
