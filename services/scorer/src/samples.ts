import type { Store } from './store.ts'

/** Most sample sessions that a listing names. */
const SAMPLES = 10

/**
 * The newest sessions that weigh against these senders, at most ten each, as lists of event ids, newest first. None that is excused: a
 * sample has to show what the listing rests on.
 * @param costly combinations of version and cipher that weigh, as `version cipher`
 */
export async function sampleEvents(
  store: Store,
  senders: readonly string[],
  costly: readonly string[],
): Promise<Map<string, Uint8Array[]>> {
  const rows = await store.rows<{ sender: string; id: string }>(QUERY, { senders, costly, samples: SAMPLES })
  const samples = new Map<string, Uint8Array[]>()
  for (const [sender, found] of Map.groupBy(rows, (row) => row.sender)) {
    samples.set(
      sender,
      found.map(({ id }) => Buffer.from(id, 'hex')),
    )
  }
  return samples
}

const QUERY = `
SELECT sender, hex(event_id) AS id
FROM tls_events
WHERE sender IN {senders:Array(String)} AND direction = 'inbound'
  AND NOT coalesce(authenticated, false) AND coalesce(mails_attempted, 0) > 0 AND NOT (proof = 'by_absence' AND log_loss)
  AND ((outcome = 'plaintext' AND fault = 'peer')
    OR (outcome = 'negotiated' AND concat(coalesce(tls_version, ''), ' ', coalesce(cipher, '')) IN {costly:Array(String)}))
  AND event_id NOT IN (
    SELECT event_id FROM downgrades WHERE sender IN {senders:Array(String)} AND kind = 'after_refusal')
ORDER BY sender, observed_at DESC, event_id
LIMIT {samples:UInt8} BY sender`
