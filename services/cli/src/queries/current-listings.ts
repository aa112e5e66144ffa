import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'

/** A listing as the scorer last published it, before overrides. Times are RFC 3339. */
export interface CurrentListing {
  sender: string
  tier: string
  listed_at: string
  expires_at: string
  reasons: readonly string[]
  lower_bound: number
  effective_sessions: number
  explanation: string
  remedy: string
}

const LISTINGS = `SELECT sender, tier, listed_at, expires_at, reasons, lower_bound, effective_sessions, explanation, remedy
FROM
(
    SELECT * FROM listings_log ORDER BY sender, version DESC LIMIT 1 BY sender
)
WHERE NOT tombstone AND expires_at > {now:DateTime64(3, 'UTC')}
ORDER BY lower_bound DESC, effective_sessions DESC, sender`

/** Who is listed, the worst first. @param now milliseconds since 1970 UTC */
export function currentListings(clickhouse: ClickHouse, now: number): Promise<CurrentListing[]> {
  return clickhouse.rows<CurrentListing>(LISTINGS, { now: new Date(now) })
}
