import { forChunks } from './chunks.ts'
import type { Fact } from './facts.ts'
import type { Store } from './store.ts'

/** Events in one query: their ids and senders are its parameters. */
const CHUNK = 3000

/**
 * Which of these events `tls_events` holds, by id as latin1 text. Ids are looked for among the rows of their senders, whatever their
 * date: the same line read with another inferred year has the same id. Chunks follow the order of the table, so that each reads
 * another part of it.
 */
export async function findStored(store: Store, facts: readonly Fact[]): Promise<Set<string>> {
  const bySender = facts.toSorted((a, b) => (a.sender < b.sender ? -1 : a.sender > b.sender ? 1 : 0))
  const found = await forChunks(bySender, CHUNK, (chunk) =>
    store.rows<{ id: string }>(QUERY, {
      senders: [...new Set(chunk.map((fact) => fact.sender))],
      ids: chunk.map((fact) => Buffer.from(fact.event_id).toString('hex')),
    }),
  )
  return new Set(found.flat().map(({ id }) => Buffer.from(id, 'hex').toString('latin1')))
}

const QUERY = `
SELECT hex(event_id) AS id
FROM tls_events
WHERE sender IN {senders:Array(String)}
  AND event_id IN (SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16))`

/** The newest `observed_at` in `tls_events`, milliseconds since 1970 UTC; null where it is empty. */
export async function newestStored(store: Store): Promise<number | null> {
  const rows = await store.rows<{ events: number; newest: number }>(
    'SELECT count() AS events, toUnixTimestamp64Milli(max(observed_at)) AS newest FROM tls_events',
  )
  const row = rows[0]
  return row === undefined || row.events === 0 ? null : row.newest
}
