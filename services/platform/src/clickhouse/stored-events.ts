import type { ClickHouse } from './clickhouse.ts'

/** What names a session in the table. */
export interface EventKey {
  /** 16 bytes. */
  event_id: Uint8Array
  /** Milliseconds since 1970 UTC. */
  observed_at: number
}

const KEY_LENGTH = 24

/**
 * Which of these sessions are in `tls_events`: their event ids, as hexadecimal text. Reads the rows of the batch's own minutes, because
 * the projection `stored_ids` is ordered by time; ids alone, being hashes, would touch the whole table. A stamp without a year may have
 * been given another year at an earlier reading, so the same moment a year before and after is looked at, too.
 */
export async function storedEventIds(clickhouse: ClickHouse, events: readonly EventKey[]): Promise<Set<string>> {
  if (events.length === 0) return new Set()
  const found = await clickhouse.binary(`
    WITH base64Decode('${packed(events).toString('base64')}') AS keys
    SELECT DISTINCT event_id FROM tls_events
    WHERE (observed_at, event_id) IN (
      SELECT
        addYears(fromUnixTimestamp64Milli(reinterpretAsInt64(substring(keys, ${KEY_LENGTH} * number + 1, 8)), 'UTC'), arrayJoin([-1, 0, 1])),
        toFixedString(substring(keys, ${KEY_LENGTH} * number + 9, 16), 16)
      FROM numbers(${events.length})
    )`)
  const ids = new Set<string>()
  for (let at = 0; at < found.length; at += 16) ids.add(found.toString('hex', at, at + 16))
  return ids
}

/** Time and id of each, 24 bytes. */
function packed(events: readonly EventKey[]): Buffer {
  const bytes = Buffer.allocUnsafe(KEY_LENGTH * events.length)
  events.forEach(({ event_id, observed_at }, index) => {
    bytes.writeBigInt64LE(BigInt(observed_at), KEY_LENGTH * index)
    bytes.set(event_id.subarray(0, 16), KEY_LENGTH * index + 8)
  })
  return bytes
}
