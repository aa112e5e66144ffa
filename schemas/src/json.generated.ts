// Made by schemas/scripts/generate-types.ts from schemas/avro/*.avsc. Change those, then: npm run generate

import { ipText } from './ip-text.ts'
import { hexText, base64Text, jsonArray, jsonDate, jsonDouble, jsonTime, stringText } from './json-values.ts'
import type {
  TlsNegotiation,
  Listing,
  Override,
  HostState,
  ListenerState,
  OutboundPeer,
  QueuedSender,
  OpeningOrdinal,
  Checkpoint,
  DeadLetter,
  RecordTypes,
} from './records.generated.ts'

function jsonTlsNegotiation(r: TlsNegotiation): string {
  return (
    '{"event_id":"' +
    hexText(r.event_id) +
    '","observed_at":' +
    jsonTime(r.observed_at) +
    ',"ended_at":' +
    jsonTime(r.ended_at) +
    ',"collector":"' +
    stringText(r.collector) +
    '","mta":"' +
    r.mta +
    '","host":"' +
    stringText(r.host) +
    '","service":"' +
    stringText(r.service) +
    '"' +
    (r.listener === null ? ',"listener":null' : ',"listener":"' + stringText(r.listener) + '"') +
    ',"direction":"' +
    r.direction +
    '","session_key":"' +
    stringText(r.session_key) +
    '","peer_ip":"' +
    ipText(r.peer_ip) +
    '"' +
    (r.peer_port === null ? ',"peer_port":null' : ',"peer_port":' + String(r.peer_port)) +
    ',"sender":"' +
    stringText(r.sender) +
    '"' +
    (r.peer_name === null ? ',"peer_name":null' : ',"peer_name":"' + stringText(r.peer_name) + '"') +
    (r.helo === null ? ',"helo":null' : ',"helo":"' + stringText(r.helo) + '"') +
    (r.sender_domain === null ? ',"sender_domain":null' : ',"sender_domain":"' + stringText(r.sender_domain) + '"') +
    ',"queue_ids":' +
    jsonArray(r.queue_ids, (item) => '"' + stringText(item) + '"') +
    ',"outcome":"' +
    r.outcome +
    '","proof":"' +
    r.proof +
    '"' +
    (r.truncated ? ',"truncated":true' : ',"truncated":false') +
    (r.log_loss ? ',"log_loss":true' : ',"log_loss":false') +
    (r.tls_version === null ? ',"tls_version":null' : ',"tls_version":"' + r.tls_version + '"') +
    (r.cipher_code === null ? ',"cipher_code":null' : ',"cipher_code":' + String(r.cipher_code)) +
    (r.cipher === null ? ',"cipher":null' : ',"cipher":"' + stringText(r.cipher) + '"') +
    (r.cipher_raw === null ? ',"cipher_raw":null' : ',"cipher_raw":"' + stringText(r.cipher_raw) + '"') +
    (r.secret_bits === null ? ',"secret_bits":null' : ',"secret_bits":' + String(r.secret_bits)) +
    (r.key_exchange_group === null ? ',"key_exchange_group":null' : ',"key_exchange_group":"' + stringText(r.key_exchange_group) + '"') +
    (r.server_signature === null ? ',"server_signature":null' : ',"server_signature":"' + stringText(r.server_signature) + '"') +
    (r.forward_secrecy === null ? ',"forward_secrecy":null' : (r.forward_secrecy ? ',"forward_secrecy":true' : ',"forward_secrecy":false')) +
    (r.aead === null ? ',"aead":null' : (r.aead ? ',"aead":true' : ',"aead":false')) +
    (r.post_quantum === null ? ',"post_quantum":null' : (r.post_quantum ? ',"post_quantum":true' : ',"post_quantum":false')) +
    (r.resumed === null ? ',"resumed":null' : (r.resumed ? ',"resumed":true' : ',"resumed":false')) +
    (r.peer_certificate === null ? ',"peer_certificate":null' : ',"peer_certificate":"' + r.peer_certificate + '"') +
    (r.peer_certificate_fingerprint === null ? ',"peer_certificate_fingerprint":null' : ',"peer_certificate_fingerprint":"' + stringText(r.peer_certificate_fingerprint) + '"') +
    (r.sni === null ? ',"sni":null' : ',"sni":"' + stringText(r.sni) + '"') +
    (r.authenticated === null ? ',"authenticated":null' : (r.authenticated ? ',"authenticated":true' : ',"authenticated":false')) +
    (r.starttls_offered === null ? ',"starttls_offered":null' : (r.starttls_offered ? ',"starttls_offered":true' : ',"starttls_offered":false')) +
    (r.starttls_used === null ? ',"starttls_used":null' : (r.starttls_used ? ',"starttls_used":true' : ',"starttls_used":false')) +
    (r.implicit_tls === null ? ',"implicit_tls":null' : (r.implicit_tls ? ',"implicit_tls":true' : ',"implicit_tls":false')) +
    (r.mails_attempted === null ? ',"mails_attempted":null' : ',"mails_attempted":' + String(r.mails_attempted)) +
    (r.mails_accepted === null ? ',"mails_accepted":null' : ',"mails_accepted":' + String(r.mails_accepted)) +
    (r.mails_rejected === null ? ',"mails_rejected":null' : ',"mails_rejected":' + String(r.mails_rejected)) +
    (r.mails_plaintext === null ? ',"mails_plaintext":null' : ',"mails_plaintext":' + String(r.mails_plaintext)) +
    (r.failure_reason === null ? ',"failure_reason":null' : ',"failure_reason":"' + r.failure_reason + '"') +
    (r.error_text === null ? ',"error_text":null' : ',"error_text":"' + stringText(r.error_text) + '"') +
    ',"fault":"' +
    r.fault +
    '"' +
    (r.tls_policy === null ? ',"tls_policy":null' : ',"tls_policy":"' + stringText(r.tls_policy) + '"') +
    ',"source_name":"' +
    stringText(r.source_name) +
    '","source_offset":' +
    String(r.source_offset) +
    ',"source_end":' +
    String(r.source_end) +
    '}'
  )
}

function jsonListing(r: Listing): string {
  return (
    '{"sender":"' +
    stringText(r.sender) +
    '","tier":"' +
    r.tier +
    '","listed_at":' +
    jsonTime(r.listed_at) +
    ',"updated_at":' +
    jsonTime(r.updated_at) +
    ',"expires_at":' +
    jsonTime(r.expires_at) +
    (r.review_at === null ? ',"review_at":null' : ',"review_at":' + jsonTime(r.review_at)) +
    ',"sequence":' +
    String(r.sequence) +
    ',"reasons":' +
    jsonArray(r.reasons, (item) => '"' + item + '"') +
    ',"lower_bound":' +
    jsonDouble(r.lower_bound) +
    ',"upper_bound":' +
    jsonDouble(r.upper_bound) +
    ',"effective_sessions":' +
    jsonDouble(r.effective_sessions) +
    ',"explanation":"' +
    stringText(r.explanation) +
    '","remedy":"' +
    stringText(r.remedy) +
    '","sample_event_ids":' +
    jsonArray(r.sample_event_ids, (item) => '"' + hexText(item) + '"') +
    (r.first_evidence_day === null ? ',"first_evidence_day":null' : ',"first_evidence_day":' + jsonDate(r.first_evidence_day)) +
    (r.last_evidence_day === null ? ',"last_evidence_day":null' : ',"last_evidence_day":' + jsonDate(r.last_evidence_day)) +
    ',"policy_hash":"' +
    stringText(r.policy_hash) +
    '","scored_at":' +
    jsonTime(r.scored_at) +
    '}'
  )
}

function jsonOverride(r: Override): string {
  return (
    '{"sender":"' +
    stringText(r.sender) +
    '","action":"' +
    r.action +
    '"' +
    (r.tier === null ? ',"tier":null' : ',"tier":"' + r.tier + '"') +
    (r.until === null ? ',"until":null' : ',"until":' + jsonTime(r.until)) +
    ',"by":"' +
    stringText(r.by) +
    '","why":"' +
    stringText(r.why) +
    '","created_at":' +
    jsonTime(r.created_at) +
    '}'
  )
}

function jsonHostState(r: HostState): string {
  return (
    '{"host":"' +
    stringText(r.host) +
    '","first_line_at":' +
    jsonTime(r.first_line_at) +
    ',"newest_line_at":' +
    jsonTime(r.newest_line_at) +
    (r.loss_at === null ? ',"loss_at":null' : ',"loss_at":' + jsonTime(r.loss_at)) +
    '}'
  )
}

function jsonListenerState(r: ListenerState): string {
  return (
    '{"host":"' +
    stringText(r.host) +
    '","service":"' +
    stringText(r.service) +
    '"' +
    (r.starttls_shown_at === null ? ',"starttls_shown_at":null' : ',"starttls_shown_at":' + jsonTime(r.starttls_shown_at)) +
    ',"traits":' +
    jsonArray(r.traits, (item) => '"' + item + '"') +
    '}'
  )
}

function jsonOutboundPeer(r: OutboundPeer): string {
  return (
    '{"host":"' +
    stringText(r.host) +
    '","service":"' +
    stringText(r.service) +
    '","address":"' +
    stringText(r.address) +
    '","starttls_shown_at":' +
    jsonTime(r.starttls_shown_at) +
    '}'
  )
}

function jsonQueuedSender(r: QueuedSender): string {
  return (
    '{"host":"' +
    stringText(r.host) +
    '","service":"' +
    stringText(r.service) +
    '","queue_id":"' +
    stringText(r.queue_id) +
    '","sender_domain":"' +
    stringText(r.sender_domain) +
    '"}'
  )
}

function jsonOpeningOrdinal(r: OpeningOrdinal): string {
  return (
    '{"line_hash":"' +
    hexText(r.line_hash) +
    '","count":' +
    String(r.count) +
    ',"seen_at":' +
    jsonTime(r.seen_at) +
    '}'
  )
}

function jsonCheckpoint(r: Checkpoint): string {
  return (
    '{"collector":"' +
    stringText(r.collector) +
    '","input":"' +
    stringText(r.input) +
    '","source_name":"' +
    stringText(r.source_name) +
    '"' +
    (r.device === null ? ',"device":null' : ',"device":"' + stringText(r.device) + '"') +
    (r.inode === null ? ',"inode":null' : ',"inode":"' + stringText(r.inode) + '"') +
    (r.fingerprint === null ? ',"fingerprint":null' : ',"fingerprint":"' + hexText(r.fingerprint) + '"') +
    ',"fingerprint_length":' +
    String(r.fingerprint_length) +
    (r.size === null ? ',"size":null' : ',"size":' + String(r.size)) +
    ',"emitted_to":' +
    String(r.emitted_to) +
    ',"resume_from":' +
    String(r.resume_from) +
    (r.newest_line_at === null ? ',"newest_line_at":null' : ',"newest_line_at":' + jsonTime(r.newest_line_at)) +
    ',"hosts":' +
    jsonArray(r.hosts, (item) => jsonHostState(item)) +
    ',"listeners":' +
    jsonArray(r.listeners, (item) => jsonListenerState(item)) +
    ',"outbound_peers":' +
    jsonArray(r.outbound_peers, (item) => jsonOutboundPeer(item)) +
    ',"queued_senders":' +
    jsonArray(r.queued_senders, (item) => jsonQueuedSender(item)) +
    ',"ordinals":' +
    jsonArray(r.ordinals, (item) => jsonOpeningOrdinal(item)) +
    (r.open_sessions === null ? ',"open_sessions":null' : ',"open_sessions":"' + base64Text(r.open_sessions) + '"') +
    ',"state_version":' +
    String(r.state_version) +
    ',"updated_at":' +
    jsonTime(r.updated_at) +
    '}'
  )
}

function jsonDeadLetter(r: DeadLetter): string {
  return (
    '{"reason":"' +
    r.reason +
    '","stage":"' +
    r.stage +
    '","collector":"' +
    stringText(r.collector) +
    '","source_name":"' +
    stringText(r.source_name) +
    '","source_offset":' +
    String(r.source_offset) +
    ',"length":' +
    String(r.length) +
    ',"hash":"' +
    hexText(r.hash) +
    '","shape":"' +
    stringText(r.shape) +
    '","detail":"' +
    stringText(r.detail) +
    '","died_at":' +
    jsonTime(r.died_at) +
    '}'
  )
}

export const JSON_WRITERS: { readonly [N in keyof RecordTypes]: (r: RecordTypes[N]) => string } = {
  TlsNegotiation: jsonTlsNegotiation,
  Listing: jsonListing,
  Override: jsonOverride,
  Checkpoint: jsonCheckpoint,
  DeadLetter: jsonDeadLetter,
}
