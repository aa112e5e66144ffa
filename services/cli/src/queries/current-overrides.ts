import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'

/** An operator's decision in force. Times are RFC 3339. */
export interface CurrentOverride {
  sender: string
  action: string
  tier: string | null
  until: string | null
  by: string
  why: string
  created_at: string
}

const OVERRIDES = `SELECT sender, action, tier, until, by, why, created_at
FROM
(
    SELECT * FROM overrides ORDER BY sender, version DESC LIMIT 1 BY sender
)
WHERE NOT tombstone AND coalesce(until > {now:DateTime64(3, 'UTC')}, true)
ORDER BY created_at DESC, sender`

/** @param now milliseconds since 1970 UTC */
export function currentOverrides(clickhouse: ClickHouse, now: number): Promise<CurrentOverride[]> {
  return clickhouse.rows<CurrentOverride>(OVERRIDES, { now: new Date(now) })
}
