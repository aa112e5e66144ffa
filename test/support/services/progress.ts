import { statSync } from 'node:fs'
import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { ClickHouseUnavailable } from '@tlsrep/platform/clickhouse/unavailable'
import type { KafkaEventLog } from '@tlsrep/platform/event-log/kafka/kafka-event-log'
import { createReader } from '@tlsrep/schemas'
import { pendingTokens, storedCounts } from '../instance/stored.ts'
import { openLog } from '../kafka/records.ts'
import { until } from '../mail-host/until.ts'
import type { Installation } from './installation.ts'

/** Bytes of each log whose events are in Kafka, as the collectors' checkpoints say: of several under one name the newest, since names go on. */
export async function emittedPositions(log: KafkaEventLog): Promise<Map<string, number>> {
  const reader = createReader('Checkpoint')
  const checkpoints = (await log.readCompacted('tls.checkpoints')).map(({ value }) => {
    const decoded = reader.decode(value ?? new Uint8Array(0))
    if (!decoded.ok) throw new Error(decoded.detail)
    return decoded.value
  })
  const inOrder = checkpoints.toSorted((a, b) => a.updated_at - b.updated_at)
  return new Map(inOrder.map(({ source_name, emitted_to }) => [source_name, emitted_to]))
}

/** Waits until collectors have handed on all of these logs: their events are in Kafka. */
export async function allCollected({ broker }: Installation, logs: readonly string[], timeout = 60_000): Promise<void> {
  const log = await openLog(broker.brokers)
  let where = ''
  try {
    const isThere = async (): Promise<boolean> => {
      const positions = await emittedPositions(log)
      where = JSON.stringify([...positions])
      return logs.every((path) => positions.get(path) === statSync(path).size)
    }
    await until('the logs are read to their ends', isThere, { timeout }).catch((error: unknown) => {
      throw new Error(`not all collected; saved: ${where}`, { cause: error })
    })
  } finally {
    await log.close()
  }
}

/** Waits until so many events are stored and no range is under way. More than that ends it too: the test will say so. */
export async function allStored(clickhouse: ClickHouse, events: number, timeout = 60_000): Promise<void> {
  let stored = 0
  const isThere = async (): Promise<boolean> => {
    try {
      stored = (await storedCounts(clickhouse)).events
      return stored >= events && (await pendingTokens(clickhouse)).length === 0
    } catch (error) {
      if (error instanceof ClickHouseUnavailable) return false
      throw error
    }
  }
  await until('everything is stored', isThere, { timeout }).catch((error: unknown) => {
    throw new Error(`${stored} of ${events} events are stored`, { cause: error })
  })
}
