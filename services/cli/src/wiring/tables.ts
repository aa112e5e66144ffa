import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { checkColumns } from '@tlsrep/platform/clickhouse/columns'
import { type MigrationReport, migrate } from '@tlsrep/platform/clickhouse/migrate'
import { setRetention } from '@tlsrep/platform/clickhouse/retention'
import type { Config } from '@tlsrep/platform/config/config'
import type { Logger } from 'pino'

const DAY_MS = 86_400_000

/** Brings the tables to this release, and to the retention of the configuration. */
export async function prepareTables(clickhouse: ClickHouse, config: Config, logger: Logger): Promise<MigrationReport> {
  const report = await migrate(clickhouse, { logger })
  await checkColumns(clickhouse)
  const { events, evidence, hourly, dead_letters } = config.clickhouse.retention
  await setRetention(clickhouse, {
    events: days(events),
    evidence: days(evidence),
    hourly: days(hourly),
    dead_letters: days(dead_letters),
  })
  return report
}

function days(ms: number): number {
  return Math.ceil(ms / DAY_MS)
}
