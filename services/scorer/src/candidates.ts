import type { Policy } from '@tlsrep/core/policy/policy'
import { dayOf } from '@tlsrep/core/reputation/decay'
import { weigherOf } from '@tlsrep/core/reputation/weigher'
import type { Fact } from './facts.ts'
import type { Store } from './store.ts'

/** True where the sender's counted evidence holds the session: the rule of the view `sender_evidence_daily_from_events`, inbound. */
function isEvidence(fact: Fact): boolean {
  return fact.direction === 'inbound' && fact.authenticated !== true && (fact.mails_attempted ?? 0) > 0
}

/** True where the session can weigh against its sender under this policy. */
export function weighsAgainst(fact: Fact, policy: Policy): boolean {
  if (!isEvidence(fact)) return false
  if (fact.outcome === 'plaintext') return fact.fault === 'peer'
  return fact.outcome === 'negotiated' && fact.fault === 'none' && costs(policy, fact.tls_version, fact.cipher)
}

function costs(policy: Policy, version: Fact['tls_version'], cipher: string | null): boolean {
  const weigher = weigherOf(policy)
  return (weigher.weights[weigher.negotiatedKind(version, cipher)] ?? 0) > 0
}

/** The combinations of version and cipher among the evidence that weigh under this policy, each as `version cipher`. */
export async function costlyCombinations(store: Store, policy: Policy): Promise<string[]> {
  const rows = await store.rows<{ version: string; cipher: string }>(
    `SELECT DISTINCT tls_version AS version, cipher FROM sender_evidence_daily
     WHERE direction = 'inbound' AND outcome = 'negotiated'`,
  )
  return rows
    .filter(({ version, cipher }) => costs(policy, asVersion(version), cipher === '' ? null : cipher))
    .map(({ version, cipher }) => `${version} ${cipher}`)
}

function asVersion(text: string): Fact['tls_version'] {
  return text === '' ? null : (text as Fact['tls_version'])
}

/** Condition on rows of `sender_evidence_daily`; parameter `costly`: what `costlyCombinations` says. */
export const ROW_WEIGHS = `direction = 'inbound' AND (
  (outcome = 'plaintext' AND fault = 'peer')
  OR (outcome = 'negotiated' AND fault = 'none' AND concat(tls_version, ' ', cipher) IN {costly:Array(String)}))`

/**
 * Whose listing could change by these sessions: senders with evidence against them, and those who are listed. Sessions that cost nothing
 * only speak for a sender, with one exception, see `HistoryMakers`.
 */
export function candidatesOf(
  facts: readonly Fact[],
  policy: Policy,
  isListed: (sender: string) => boolean,
): Set<string> {
  const senders = new Set<string>()
  for (const fact of facts) {
    if (weighsAgainst(fact, policy) || (isEvidence(fact) && isListed(fact.sender))) senders.add(fact.sender)
  }
  return senders
}

/**
 * Sessions with TLS that come after mail in clear of a later day make a history of TLS that the sender then broke: they raise its score.
 * In logs read in order that never happens, so one number says when it could: the newest day of mail in clear from anybody.
 */
export class HistoryMakers {
  #newestClearDay = Number.NEGATIVE_INFINITY
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async load(): Promise<void> {
    const rows = await this.#store.rows<{ rows: number; day: string }>(
      `SELECT count() AS rows, max(day) AS day FROM sender_evidence_daily
       WHERE direction = 'inbound' AND outcome = 'plaintext' AND fault = 'peer'`,
    )
    const row = rows[0]
    if (row !== undefined && row.rows > 0) this.#raise(Date.parse(row.day))
  }

  /** Senders of late sessions with TLS that had sent mail in clear on a later day. */
  async among(facts: readonly Fact[]): Promise<string[]> {
    const late = new Set<string>()
    let firstDay = Number.POSITIVE_INFINITY
    for (const fact of facts) {
      if (!isEvidence(fact)) continue
      if (fact.outcome === 'plaintext' && fact.fault === 'peer') this.#raise(fact.observed_at)
      else if (fact.outcome === 'negotiated' && dayOf(fact.observed_at) < this.#newestClearDay) {
        late.add(fact.sender)
        firstDay = Math.min(firstDay, dayOf(fact.observed_at))
      }
    }
    if (late.size === 0) return []
    const rows = await this.#store.rows<{ sender: string }>(
      `SELECT DISTINCT sender FROM sender_evidence_daily
       WHERE sender IN {senders:Array(String)} AND direction = 'inbound' AND outcome = 'plaintext' AND fault = 'peer'
         AND toInt32(day) > {day:Int32}`,
      { senders: [...late], day: firstDay },
    )
    return rows.map((row) => row.sender)
  }

  #raise(moment: number): void {
    this.#newestClearDay = Math.max(this.#newestClearDay, dayOf(moment))
  }
}
