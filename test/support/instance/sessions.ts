import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { expect } from 'vitest'
import { clearSession, tlsSession } from '../postfix-log.ts'
import { evidenceSums, hourlySums, pendingTokens, storedCounts } from './stored.ts'

/** Log time of session 0: yesterday, so that no stamp is in the future. */
const START = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 86_400_000

/** Lines of whole sessions, each of a peer of its own; every fourth one in clear. @param from number of the first */
export function sessionLines(from: number, count: number): string {
  return Array.from({ length: count }, (_, index) => linesOfSession(from + index)).join('')
}

function linesOfSession(number: number): string {
  const stamp = new Date(START + number * 100).toISOString()
  const peer = `peer${number}.example[10.${(number >> 14) & 127}.${(number >> 7) & 127}.${number & 127}]`
  const queueId = (0x1_0000_0000 + number).toString(16).toUpperCase()
  const pid = 1000 + (number % 30_000)
  const session = number % 4 === 0 ? clearSession(pid, peer, queueId) : tlsSession(pid, peer, queueId)
  return session.map((line) => `${stamp} mx1 postfix/${line}\n`).join('')
}

/** Numbers of the sessions that are stored, in order; a session that is stored twice is there twice. */
export async function storedSessions(clickhouse: ClickHouse): Promise<number[]> {
  const rows = await clickhouse.rows<{ number: number }>(
    "SELECT toInt32(extract(assumeNotNull(peer_name), '^peer(\\\\d+)')) AS number FROM tls_events ORDER BY number",
  )
  return rows.map(({ number }) => number)
}

/** The numbers of `count` sessions in order. */
export function numbers(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index)
}

/** Every one of these sessions is stored, once; nothing else is; the views say the same, and nothing is left undone. */
export async function expectStored(clickhouse: ClickHouse, sessions: readonly number[]): Promise<void> {
  expect(await storedSessions(clickhouse)).toEqual(sessions)
  await expectSound(clickhouse)
}

/** Nothing is stored twice, the views say what the events say, and nothing is left undone. */
export async function expectSound(clickhouse: ClickHouse): Promise<void> {
  const { events, ids } = await storedCounts(clickhouse)
  expect(events).toBe(ids)
  for (const sums of [await evidenceSums(clickhouse), await hourlySums(clickhouse)]) {
    expect(sums.counted).toEqual(sums.recounted)
  }
  expect(await pendingTokens(clickhouse)).toEqual([])
}
