// Made by schemas/scripts/generate-types.ts from schemas/avro/*.avsc. Change those, then: npm run generate

import {
  indexOf,
  writeBoolean,
  writeBytes,
  writeCount,
  writeDouble,
  writeEnum,
  writeFixed,
  writeInt,
  writeLong,
  writeString,
} from './avro-bytes.ts'
import {
  MTAS,
  DIRECTIONS,
  OUTCOMES,
  PROOFS,
  TLS_VERSIONS,
  PEER_CERTIFICATES,
  FAILURE_REASONS,
  FAULTS,
  TIERS,
  LISTING_REASONS,
  OVERRIDE_ACTIONS,
  LISTENER_TRAITS,
  DEAD_REASONS,
  DEAD_STAGES,
  type TlsNegotiation,
  type Listing,
  type Override,
  type HostState,
  type ListenerState,
  type OutboundPeer,
  type QueuedSender,
  type OpeningOrdinal,
  type Checkpoint,
  type DeadLetter,
  type RecordTypes,
} from './records.generated.ts'

const MTA_INDEX = indexOf(MTAS)
const DIRECTION_INDEX = indexOf(DIRECTIONS)
const OUTCOME_INDEX = indexOf(OUTCOMES)
const PROOF_INDEX = indexOf(PROOFS)
const TLS_VERSION_INDEX = indexOf(TLS_VERSIONS)
const PEER_CERTIFICATE_INDEX = indexOf(PEER_CERTIFICATES)
const FAILURE_REASON_INDEX = indexOf(FAILURE_REASONS)
const FAULT_INDEX = indexOf(FAULTS)
const TIER_INDEX = indexOf(TIERS)
const LISTING_REASON_INDEX = indexOf(LISTING_REASONS)
const OVERRIDE_ACTION_INDEX = indexOf(OVERRIDE_ACTIONS)
const LISTENER_TRAIT_INDEX = indexOf(LISTENER_TRAITS)
const DEAD_REASON_INDEX = indexOf(DEAD_REASONS)
const DEAD_STAGE_INDEX = indexOf(DEAD_STAGES)

function writeTlsNegotiation(buf: Buffer, start: number, r: TlsNegotiation): number {
  let pos = start
  pos = writeFixed(buf, pos, r.event_id, 16)
  pos = writeLong(buf, pos, r.observed_at)
  pos = writeLong(buf, pos, r.ended_at)
  pos = writeString(buf, pos, r.collector)
  pos = writeEnum(buf, pos, r.mta, MTA_INDEX)
  pos = writeString(buf, pos, r.host)
  pos = writeString(buf, pos, r.service)
  if (r.listener === null || r.listener === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.listener)
  }
  pos = writeEnum(buf, pos, r.direction, DIRECTION_INDEX)
  pos = writeString(buf, pos, r.session_key)
  pos = writeFixed(buf, pos, r.peer_ip, 16)
  if (r.peer_port === null || r.peer_port === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeInt(buf, pos, r.peer_port)
  }
  pos = writeString(buf, pos, r.sender)
  if (r.peer_name === null || r.peer_name === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.peer_name)
  }
  if (r.helo === null || r.helo === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.helo)
  }
  if (r.sender_domain === null || r.sender_domain === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.sender_domain)
  }
  {
    const items = (r.queue_ids ?? [])
    pos = writeCount(buf, pos, items)
    for (const item of items) {
      pos = writeString(buf, pos, item)
    }
    if (items.length > 0) buf[pos++] = 0
  }
  pos = writeEnum(buf, pos, r.outcome, OUTCOME_INDEX)
  pos = writeEnum(buf, pos, r.proof, PROOF_INDEX)
  pos = writeBoolean(buf, pos, r.truncated)
  pos = writeBoolean(buf, pos, (r.log_loss ?? false))
  if (r.tls_version === null || r.tls_version === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeEnum(buf, pos, r.tls_version, TLS_VERSION_INDEX)
  }
  if (r.cipher_code === null || r.cipher_code === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeInt(buf, pos, r.cipher_code)
  }
  if (r.cipher === null || r.cipher === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.cipher)
  }
  if (r.cipher_raw === null || r.cipher_raw === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.cipher_raw)
  }
  if (r.secret_bits === null || r.secret_bits === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeInt(buf, pos, r.secret_bits)
  }
  if (r.key_exchange_group === null || r.key_exchange_group === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.key_exchange_group)
  }
  if (r.server_signature === null || r.server_signature === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.server_signature)
  }
  if (r.forward_secrecy === null || r.forward_secrecy === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeBoolean(buf, pos, r.forward_secrecy)
  }
  if (r.aead === null || r.aead === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeBoolean(buf, pos, r.aead)
  }
  if (r.post_quantum === null || r.post_quantum === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeBoolean(buf, pos, r.post_quantum)
  }
  if (r.resumed === null || r.resumed === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeBoolean(buf, pos, r.resumed)
  }
  if (r.peer_certificate === null || r.peer_certificate === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeEnum(buf, pos, r.peer_certificate, PEER_CERTIFICATE_INDEX)
  }
  if (r.peer_certificate_fingerprint === null || r.peer_certificate_fingerprint === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.peer_certificate_fingerprint)
  }
  if (r.sni === null || r.sni === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.sni)
  }
  if (r.authenticated === null || r.authenticated === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeBoolean(buf, pos, r.authenticated)
  }
  if (r.starttls_offered === null || r.starttls_offered === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeBoolean(buf, pos, r.starttls_offered)
  }
  if (r.starttls_used === null || r.starttls_used === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeBoolean(buf, pos, r.starttls_used)
  }
  if (r.implicit_tls === null || r.implicit_tls === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeBoolean(buf, pos, r.implicit_tls)
  }
  if (r.mails_attempted === null || r.mails_attempted === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeInt(buf, pos, r.mails_attempted)
  }
  if (r.mails_accepted === null || r.mails_accepted === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeInt(buf, pos, r.mails_accepted)
  }
  if (r.mails_rejected === null || r.mails_rejected === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeInt(buf, pos, r.mails_rejected)
  }
  if (r.mails_plaintext === null || r.mails_plaintext === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeInt(buf, pos, r.mails_plaintext)
  }
  if (r.failure_reason === null || r.failure_reason === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeEnum(buf, pos, r.failure_reason, FAILURE_REASON_INDEX)
  }
  if (r.error_text === null || r.error_text === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.error_text)
  }
  pos = writeEnum(buf, pos, r.fault, FAULT_INDEX)
  if (r.tls_policy === null || r.tls_policy === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.tls_policy)
  }
  pos = writeString(buf, pos, r.source_name)
  pos = writeLong(buf, pos, r.source_offset)
  pos = writeLong(buf, pos, r.source_end)
  return pos
}

function writeListing(buf: Buffer, start: number, r: Listing): number {
  let pos = start
  pos = writeString(buf, pos, r.sender)
  pos = writeEnum(buf, pos, r.tier, TIER_INDEX)
  pos = writeLong(buf, pos, r.listed_at)
  pos = writeLong(buf, pos, r.updated_at)
  pos = writeLong(buf, pos, r.expires_at)
  if (r.review_at === null || r.review_at === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeLong(buf, pos, r.review_at)
  }
  pos = writeLong(buf, pos, r.sequence)
  {
    const items = r.reasons
    pos = writeCount(buf, pos, items)
    for (const item of items) {
      pos = writeEnum(buf, pos, item, LISTING_REASON_INDEX)
    }
    if (items.length > 0) buf[pos++] = 0
  }
  pos = writeDouble(buf, pos, r.lower_bound)
  pos = writeDouble(buf, pos, r.upper_bound)
  pos = writeDouble(buf, pos, r.effective_sessions)
  pos = writeString(buf, pos, r.explanation)
  pos = writeString(buf, pos, r.remedy)
  {
    const items = (r.sample_event_ids ?? [])
    pos = writeCount(buf, pos, items)
    for (const item of items) {
      pos = writeFixed(buf, pos, item, 16)
    }
    if (items.length > 0) buf[pos++] = 0
  }
  if (r.first_evidence_day === null || r.first_evidence_day === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeInt(buf, pos, r.first_evidence_day)
  }
  if (r.last_evidence_day === null || r.last_evidence_day === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeInt(buf, pos, r.last_evidence_day)
  }
  pos = writeString(buf, pos, r.policy_hash)
  pos = writeLong(buf, pos, r.scored_at)
  return pos
}

function writeOverride(buf: Buffer, start: number, r: Override): number {
  let pos = start
  pos = writeString(buf, pos, r.sender)
  pos = writeEnum(buf, pos, r.action, OVERRIDE_ACTION_INDEX)
  if (r.tier === null || r.tier === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeEnum(buf, pos, r.tier, TIER_INDEX)
  }
  if (r.until === null || r.until === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeLong(buf, pos, r.until)
  }
  pos = writeString(buf, pos, r.by)
  pos = writeString(buf, pos, r.why)
  pos = writeLong(buf, pos, r.created_at)
  return pos
}

function writeHostState(buf: Buffer, start: number, r: HostState): number {
  let pos = start
  pos = writeString(buf, pos, r.host)
  pos = writeLong(buf, pos, r.first_line_at)
  pos = writeLong(buf, pos, r.newest_line_at)
  if (r.loss_at === null || r.loss_at === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeLong(buf, pos, r.loss_at)
  }
  return pos
}

function writeListenerState(buf: Buffer, start: number, r: ListenerState): number {
  let pos = start
  pos = writeString(buf, pos, r.host)
  pos = writeString(buf, pos, r.service)
  if (r.starttls_shown_at === null || r.starttls_shown_at === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeLong(buf, pos, r.starttls_shown_at)
  }
  {
    const items = (r.traits ?? [])
    pos = writeCount(buf, pos, items)
    for (const item of items) {
      pos = writeEnum(buf, pos, item, LISTENER_TRAIT_INDEX)
    }
    if (items.length > 0) buf[pos++] = 0
  }
  return pos
}

function writeOutboundPeer(buf: Buffer, start: number, r: OutboundPeer): number {
  let pos = start
  pos = writeString(buf, pos, r.host)
  pos = writeString(buf, pos, r.service)
  pos = writeString(buf, pos, r.address)
  pos = writeLong(buf, pos, r.starttls_shown_at)
  return pos
}

function writeQueuedSender(buf: Buffer, start: number, r: QueuedSender): number {
  let pos = start
  pos = writeString(buf, pos, r.host)
  pos = writeString(buf, pos, r.service)
  pos = writeString(buf, pos, r.queue_id)
  pos = writeString(buf, pos, r.sender_domain)
  return pos
}

function writeOpeningOrdinal(buf: Buffer, start: number, r: OpeningOrdinal): number {
  let pos = start
  pos = writeFixed(buf, pos, r.line_hash, 16)
  pos = writeInt(buf, pos, r.count)
  pos = writeLong(buf, pos, r.seen_at)
  return pos
}

function writeCheckpoint(buf: Buffer, start: number, r: Checkpoint): number {
  let pos = start
  pos = writeString(buf, pos, r.collector)
  pos = writeString(buf, pos, r.input)
  pos = writeString(buf, pos, r.source_name)
  if (r.device === null || r.device === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.device)
  }
  if (r.inode === null || r.inode === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeString(buf, pos, r.inode)
  }
  if (r.fingerprint === null || r.fingerprint === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeFixed(buf, pos, r.fingerprint, 16)
  }
  pos = writeLong(buf, pos, (r.fingerprint_length ?? 0))
  if (r.size === null || r.size === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeLong(buf, pos, r.size)
  }
  pos = writeLong(buf, pos, r.emitted_to)
  pos = writeLong(buf, pos, r.resume_from)
  if (r.newest_line_at === null || r.newest_line_at === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeLong(buf, pos, r.newest_line_at)
  }
  {
    const items = (r.hosts ?? [])
    pos = writeCount(buf, pos, items)
    for (const item of items) {
      pos = writeHostState(buf, pos, item)
    }
    if (items.length > 0) buf[pos++] = 0
  }
  {
    const items = (r.listeners ?? [])
    pos = writeCount(buf, pos, items)
    for (const item of items) {
      pos = writeListenerState(buf, pos, item)
    }
    if (items.length > 0) buf[pos++] = 0
  }
  {
    const items = (r.outbound_peers ?? [])
    pos = writeCount(buf, pos, items)
    for (const item of items) {
      pos = writeOutboundPeer(buf, pos, item)
    }
    if (items.length > 0) buf[pos++] = 0
  }
  {
    const items = (r.queued_senders ?? [])
    pos = writeCount(buf, pos, items)
    for (const item of items) {
      pos = writeQueuedSender(buf, pos, item)
    }
    if (items.length > 0) buf[pos++] = 0
  }
  {
    const items = (r.ordinals ?? [])
    pos = writeCount(buf, pos, items)
    for (const item of items) {
      pos = writeOpeningOrdinal(buf, pos, item)
    }
    if (items.length > 0) buf[pos++] = 0
  }
  if (r.open_sessions === null || r.open_sessions === undefined) {
    buf[pos++] = 0
  } else {
    buf[pos++] = 2
    pos = writeBytes(buf, pos, r.open_sessions)
  }
  pos = writeInt(buf, pos, r.state_version)
  pos = writeLong(buf, pos, r.updated_at)
  return pos
}

function writeDeadLetter(buf: Buffer, start: number, r: DeadLetter): number {
  let pos = start
  pos = writeEnum(buf, pos, r.reason, DEAD_REASON_INDEX)
  pos = writeEnum(buf, pos, r.stage, DEAD_STAGE_INDEX)
  pos = writeString(buf, pos, r.collector)
  pos = writeString(buf, pos, r.source_name)
  pos = writeLong(buf, pos, r.source_offset)
  pos = writeLong(buf, pos, r.length)
  pos = writeFixed(buf, pos, r.hash, 16)
  pos = writeString(buf, pos, r.shape)
  pos = writeString(buf, pos, (r.detail ?? ""))
  pos = writeLong(buf, pos, r.died_at)
  return pos
}

/** Writes a record at `start`; returns where it ends, beyond the buffer where that is too small. Throws `InvalidValue`. */
export type Writer<T> = (buf: Buffer, start: number, r: T) => number

export const WRITERS: { readonly [N in keyof RecordTypes]: Writer<RecordTypes[N]> } = {
  TlsNegotiation: writeTlsNegotiation,
  Listing: writeListing,
  Override: writeOverride,
  Checkpoint: writeCheckpoint,
  DeadLetter: writeDeadLetter,
}
