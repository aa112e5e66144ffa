import { ClickHouseTopicStore } from '@tlsrep/platform/event-log/clickhouse-topics'
import { createEncoder, type Override } from '@tlsrep/schemas'
import { describe, expect, test } from 'vitest'
import { silentLogger, useClickHouse } from '../../../test/support/clickhouse.ts'
import { explain } from './explain.ts'
import { eventId, failed, from, HOUR, MINUTE, manyClear, policy, started, T0 } from './test-support.ts'

const server = useClickHouse()

describe('explain', () => {
  test('tells the days, the arithmetic, samples, pairs, the listing and what operators decided', async () => {
    const clickhouse = await server.freshDatabase()
    const { handle } = await started(clickhouse)
    await handle([failed('f', { ...from(2), observed_at: T0 - MINUTE }), ...manyClear(2, 12)])
    const now = T0 + HOUR
    const encoder = createEncoder('Override')
    const override = (sender: string, until: number | null) => {
      const facts: Override = { sender, action: 'allow', tier: null, until, by: 'ann', why: 'known', created_at: now }
      return { key: Buffer.from(sender), value: encoder.encode(facts) }
    }
    const topics = new ClickHouseTopicStore({
      clickhouse,
      now: () => now,
      signal: new AbortController().signal,
      logger: silentLogger,
    })
    const decisions = [
      override('10.0.0.0/8', null),
      override('10.0.0.2/32', now + 1),
      override('10.0.0.0/24', now),
      override('10.9.0.0/16', null),
    ]
    await topics.write('tls.overrides', decisions, 't')

    const told = await explain(clickhouse, policy(), '10.0.0.2/32', now)
    expect(told.evidence.map(({ downgrade, sessions }) => [downgrade, sessions])).toEqual([
      [null, 12],
      ['D2', 12],
    ])
    expect(told.explanation.reputation).toMatchObject({ tier: 'reject', reasons: ['plaintext', 'downgrade'] })
    expect(told.explanation.tls_sessions_to_clear).toBeGreaterThan(0)
    expect(told.listing).toMatchObject({ sender: '10.0.0.2/32', tier: 'reject', sequence: 1 })
    expect(told.listing?.explanation).toBe(told.explanation.explanation)
    expect(told.history).toMatchObject([{ withdrawn: false, tier: 'reject', sequence: 1, written_at: now }])
    expect(told.overrides.map(({ sender }) => sender)).toEqual(['10.0.0.2/32', '10.0.0.0/8'])
    expect(told.samples).toHaveLength(10)
    expect(told.samples[0]).toMatchObject({
      event_id: Buffer.from(eventId(`clear 2 ${T0} 11`)).toString('hex'),
      observed_at: T0 + 11 * MINUTE,
      peer_ip: '10.0.0.2',
      outcome: 'plaintext',
    })
    expect(told.pairs[0]).toMatchObject({ kind: 'D2', observed_at: T0 + 11 * MINUTE, failed_at: T0 - MINUTE })
    expect(told.exclusion).toBeNull()
  })

  test('has an answer for a sender that nobody has heard of, and for a relay', async () => {
    const clickhouse = await server.freshDatabase()
    const { handle } = await started(clickhouse)
    await handle(manyClear(2, 12))
    const unknown = await explain(clickhouse, policy(), '192.0.2.1/32', T0)
    expect(unknown).toMatchObject({ evidence: [], listing: null, samples: [], pairs: [], overrides: [], history: [] })
    const relay = await explain(clickhouse, policy("relays: ['10.0.0.2']"), '10.0.0.2/32', T0 + HOUR)
    expect(relay.exclusion).toEqual({ why: 'relay' })
    expect(relay.explanation.reputation.tier).toBe('clean')
    expect(relay.evidence).toHaveLength(1)
  })
})
