import { statSync } from 'node:fs'
import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { ClickHouseUnavailable } from '@tlsrep/platform/clickhouse/unavailable'
import { until } from '../mail-host/until.ts'
import { pendingTokens } from './stored.ts'

/**
 * Waits until positions at the ends of these logs are saved, and so all events before them stored, and nothing is under way.
 * @param logs paths of plain files; of compressed ones, how long they are when they are not
 */
export async function caughtUp(
  clickhouse: ClickHouse,
  logs: readonly (string | { path: string; length: number })[],
  timeout = 60_000,
): Promise<void> {
  const isRead = (saved: ReadonlyMap<string, number>, log: (typeof logs)[number]): boolean =>
    typeof log === 'string' ? saved.get(log) === statSync(log).size : saved.get(log.path) === log.length
  let where = ''
  const isThere = async (): Promise<boolean> => {
    const saved = await positions(clickhouse).catch(throughOutage)
    if (saved === null) return false
    where = JSON.stringify([...saved])
    return logs.every((log) => isRead(saved, log)) && (await pendingTokens(clickhouse)).length === 0
  }
  await until('the logs are read to their ends', isThere, { timeout }).catch((error: unknown) => {
    throw new Error(`not caught up; saved: ${where}`, { cause: error })
  })
}

/** Bytes of each file before which everything is stored: of several positions under one name the newest, since names go on. */
export async function positions(clickhouse: ClickHouse): Promise<Map<string, number>> {
  const rows = await clickhouse.rows<{ source_name: string; emitted_to: number }>(
    'SELECT source_name, emitted_to FROM input_checkpoints FINAL WHERE NOT tombstone ORDER BY updated_at',
  )
  return new Map(rows.map(({ source_name, emitted_to }) => [source_name, emitted_to]))
}

function throughOutage(error: unknown): null {
  if (error instanceof ClickHouseUnavailable) return null
  throw error
}
