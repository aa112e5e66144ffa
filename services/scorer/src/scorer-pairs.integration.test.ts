import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { useClickHouse } from '../../../test/support/clickhouse.ts'
import { clear, emptyTables, failed, from, HOUR, MINUTE, started, T0, tables } from './test-support.ts'

const server = useClickHouse()
let clickhouse: ClickHouse

beforeAll(async () => {
  clickhouse = await server.freshDatabase()
})

beforeEach(() => emptyTables(clickhouse))

describe('a pair of sessions', () => {
  test('a failed handshake and mail in clear within the window is one downgrade, whichever is stored first', async () => {
    for (const order of [0, 1]) {
      await emptyTables(clickhouse)
      const { handle } = await started(clickhouse)
      const halves = [[failed('f', from(2))], [clear('c', { ...from(2), observed_at: T0 + 4 * HOUR })]]
      await handle(halves[order] ?? [])
      await handle(halves[1 - order] ?? [])
      await handle([...(halves[0] ?? []), ...(halves[1] ?? [])])
      const { pairs } = await tables(clickhouse)
      expect(pairs).toMatchObject([
        { kind: 'D2', sender: '10.0.0.2/32', observed_at: '2026-11-24T18:00:00.000Z', excused: false },
      ])
    }
  })

  test('is none outside the window, of two senders, or where the failure may be ours', async () => {
    const { handle } = await started(clickhouse)
    await handle([
      failed('too early', from(1)),
      clear('late', { ...from(1), observed_at: T0 + 4 * HOUR + 1 }),
      failed('another', from(2)),
      clear('other', { ...from(3), observed_at: T0 + MINUTE }),
      failed('after', { ...from(4), observed_at: T0 + MINUTE }),
      clear('before', from(4)),
      failed('no cipher', { ...from(5), failure_reason: 'no_common_cipher' }),
      failed('path', { ...from(5), fault: 'path' }),
      clear('blameless', { ...from(5), observed_at: T0 + MINUTE }),
      failed('seen by absence', { ...from(6), proof: 'by_absence', log_loss: true }),
      clear('unproven', { ...from(6), observed_at: T0 + MINUTE }),
    ])
    expect((await tables(clickhouse)).pairs).toEqual([])
  })
})
