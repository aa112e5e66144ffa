import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'

const WITHIN = `SELECT DISTINCT sender FROM sender_evidence_daily
WHERE isIPAddressInRange(splitByChar('/', sender)[1], {prefix:String}) ORDER BY sender LIMIT {limit:UInt32}`

/** Senders with evidence whose first address lies in a prefix, a few of them. @param prefix canonical */
export async function sendersWithin(clickhouse: ClickHouse, prefix: string, limit: number): Promise<string[]> {
  const rows = await clickhouse.rows<{ sender: string }>(WITHIN, { prefix, limit })
  return rows.map(({ sender }) => sender)
}
