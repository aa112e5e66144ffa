import type { Policy } from '../policy/policy.ts'
import { dayOf } from './decay.ts'
import type { EvidenceRow } from './evidence-row.ts'
import { score } from './score.ts'

/** Beyond this many sessions nobody is told to send them. */
const MOST = 1_000_000

/**
 * The fewest sessions with TLS today that would end the listing at once, if no more evidence against the sender came. 0 when it is not
 * listed, null when more than a million would be needed. More sessions never bring back what fewer ended, so it can be searched for.
 */
export function tlsSessionsToClear(rows: readonly EvidenceRow[], policy: Policy, now: number): number | null {
  const clears = (sessions: number): boolean =>
    score([...rows, tlsRow(dayOf(now), sessions)], policy, now).tier === 'clean'
  if (clears(0)) return 0
  let tooFew = 0
  let enough = 1
  while (!clears(enough)) {
    if (enough >= MOST) return null
    tooFew = enough
    enough *= 2
  }
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2)
    if (clears(middle)) enough = middle
    else tooFew = middle
  }
  return enough
}

function tlsRow(day: number, sessions: number): EvidenceRow {
  return {
    day,
    direction: 'inbound',
    listener: null,
    outcome: 'negotiated',
    fault: 'none',
    tls_version: 'TLSv1_3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    downgrade: null,
    excused: false,
    sessions,
    mails_accepted: sessions,
    mails_rejected: 0,
    mails_plaintext: 0,
  }
}
