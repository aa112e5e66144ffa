import type { Policy } from '@tlsrep/core/policy/policy'
import { type Explanation, explain as explainEvidence } from '@tlsrep/core/reputation/explain'
import type { EvidenceRow } from '@tlsrep/core/reputation/score'
import { parsePrefix } from '@tlsrep/core/sender/prefix'
import { createPrefixSet } from '@tlsrep/core/sender/prefix-set'
import { createReader, type Listing, type Override, type Reader } from '@tlsrep/schemas'
import { costlyCombinations } from './candidates.ts'
import { readEvidence } from './evidence.ts'
import { createJudge, type Exclusion } from './judge.ts'
import type { Store } from './store.ts'

/** A session that shows what speaks against a sender. Text in it may be the peer's: escape it where it is shown. */
export interface SampleSession {
  event_id: string
  observed_at: number
  host: string
  listener: string | null
  peer_ip: string
  peer_name: string | null
  helo: string | null
  outcome: string
  tls_version: string | null
  cipher: string | null
  mails_plaintext: number | null
  failure_reason: string | null
  source_name: string
  source_offset: number
}

/** A pair of sessions: see `PairKind`. */
export interface PairFact {
  kind: string
  observed_at: number
  failed_at: number
  host: string
  failure_reason: string | null
  event_id: string
  failed_event_id: string
}

/** One version of the sender's listing, or its end. */
export interface ListingVersion {
  written_at: number
  withdrawn: boolean
  tier: string
  sequence: number
}

/** All that `tlsrep explain ADDRESS` shows. */
export interface SenderExplanation {
  sender: string
  /** Milliseconds since 1970 UTC. */
  now: number
  policy_hash: string
  /** By day, in order; what does not count is among it. */
  evidence: readonly EvidenceRow[]
  /** The arithmetic, the remedy, and what would clear it. */
  explanation: Explanation
  exclusion: Exclusion | null
  /** As published; null where the sender is not listed, or its listing has expired. */
  listing: Listing | null
  /** Newest first, at most 20. */
  history: readonly ListingVersion[]
  /** Decisions that cover the sender and have not ended, the narrowest prefix first. */
  overrides: readonly Override[]
  /** Newest first, at most 10. */
  samples: readonly SampleSession[]
  /** Newest first, at most 10. */
  pairs: readonly PairFact[]
}

/**
 * What is known of one sender and what follows from it, from the same rows and by the same function as live.
 * @param sender canonical prefix, as in the evidence (`senderPrefix` of core)
 * @param now milliseconds since 1970 UTC
 */
export async function explain(store: Store, policy: Policy, sender: string, now: number): Promise<SenderExplanation> {
  const evidence = (await readEvidence(store, [sender])).get(sender) ?? []
  const { rows, exclusion } = createJudge(policy)(sender, evidence, now)
  const costly = await costlyCombinations(store, policy)
  const [listing, history, overrides, samples, pairs] = await Promise.all([
    currentListing(store, sender, now),
    store.rows<ListingVersion>(HISTORY, { sender }),
    coveringOverrides(store, sender, now),
    store.rows<SampleSession>(SAMPLES, { sender, costly }),
    store.rows<PairFact>(PAIRS, { sender }),
  ])
  return {
    sender,
    now,
    policy_hash: policy.hash,
    evidence,
    explanation: explainEvidence(rows, policy, now),
    exclusion,
    listing,
    history,
    overrides,
    samples,
    pairs,
  }
}

async function currentListing(store: Store, sender: string, now: number): Promise<Listing | null> {
  const records = await currentRecords(store, 'listings_log', 'sender = {sender:String}', { sender })
  const [listing] = readable(createReader('Listing'), records)
  return listing !== undefined && listing.expires_at > now ? listing : null
}

async function coveringOverrides(store: Store, sender: string, now: number): Promise<Override[]> {
  const records = await currentRecords(store, 'overrides', '1', {})
  return readable(createReader('Override'), records)
    .filter((override) => override.until === null || override.until > now)
    .filter((override) => override.sender === sender || covers(override.sender, sender))
    .sort((a, b) => (parsePrefix(b.sender)?.bits ?? 0) - (parsePrefix(a.sender)?.bits ?? 0))
}

function covers(prefix: string, sender: string): boolean {
  return parsePrefix(prefix)?.exact === true && createPrefixSet([prefix]).covers(sender)
}

/** The newest record of each sender, those withdrawn left out. */
async function currentRecords(
  store: Store,
  table: string,
  where: string,
  params: Record<string, unknown>,
): Promise<Uint8Array[]> {
  const rows = await store.rows<{ record: string }>(
    `SELECT base64Encode(argMax(record, version)) AS record FROM ${table} WHERE ${where}
     GROUP BY sender HAVING NOT argMax(tombstone, version) ORDER BY sender`,
    params,
  )
  return rows.map(({ record }) => Buffer.from(record, 'base64'))
}

/** What a record of a later version says cannot be shown; the rest can. */
function readable<T>(reader: Reader<T>, records: readonly Uint8Array[]): T[] {
  return records.flatMap((record) => {
    const decoded = reader.decode(record)
    return decoded.ok ? [decoded.value] : []
  })
}

const HISTORY = `
SELECT toUnixTimestamp64Milli(updated_at) AS written_at, tombstone AS withdrawn, tier, sequence
FROM listings_log FINAL WHERE sender = {sender:String} ORDER BY version DESC LIMIT 20`

const SAMPLES = `
SELECT
  lower(hex(event_id)) AS event_id, toUnixTimestamp64Milli(tls_events.observed_at) AS observed_at, host, listener,
  replaceRegexpOne(IPv6NumToString(tls_events.peer_ip), '^::ffff:', '') AS peer_ip, peer_name, helo, outcome, tls_version, cipher,
  mails_plaintext, failure_reason, source_name, source_offset
FROM tls_events
WHERE sender = {sender:String} AND direction = 'inbound'
  AND NOT coalesce(authenticated, false) AND coalesce(mails_attempted, 0) > 0
  AND ((outcome = 'plaintext' AND fault = 'peer')
    OR (outcome = 'negotiated' AND concat(coalesce(tls_version, ''), ' ', coalesce(cipher, '')) IN {costly:Array(String)}))
ORDER BY tls_events.observed_at DESC, tls_events.event_id
LIMIT 10`

const PAIRS = `
SELECT
  kind, toUnixTimestamp64Milli(downgrades.observed_at) AS observed_at, toUnixTimestamp64Milli(downgrades.failed_at) AS failed_at, host,
  failure_reason, lower(hex(downgrades.event_id)) AS event_id, lower(hex(downgrades.failed_event_id)) AS failed_event_id
FROM downgrades
WHERE sender = {sender:String}
ORDER BY downgrades.observed_at DESC, kind
LIMIT 10`
