import type { Tier } from '@tlsrep/schemas'
import { expect, test } from 'vitest'
import { KeptLog } from '../publisher.test-support.ts'
import { ActionTally } from './action-tally.ts'
import { appliedTier, type Cap, type Mode } from './applied-tier.ts'

test.each<[Tier, Cap, Mode, Tier, Tier]>([
  ['reject', 'reject', 'reject', 'reject', 'reject'],
  ['reject', 'tag', 'reject', 'tag', 'tag'],
  ['reject', 'defer', 'tag', 'tag', 'defer'],
  ['defer', 'reject', 'reject', 'defer', 'defer'],
  ['tag', 'reject', 'observe', 'clean', 'tag'],
  ['reject', 'tag', 'observe', 'clean', 'tag'],
  ['watch', 'reject', 'reject', 'watch', 'watch'],
  ['watch', 'tag', 'observe', 'clean', 'watch'],
])('tier %s under cap %s and mode %s: %s is done, %s is wanted', (tier, cap, mode, applied, wanted) => {
  expect(appliedTier({ tier }, { cap, mode })).toEqual({ applied, wanted })
})

const LISTING = { sender: '192.0.2.1/32', tier: 'reject', reasons: ['plaintext'], listed_at: 0, expires_at: 9 } as const
const PLACE = { output: 'policy-service', listener: 'mx', client: '192.0.2.1' }

test('what the mode held back is counted and logged, what was done is counted', () => {
  const log = new KeptLog()
  const tally = new ActionTally(log, () => 0)
  tally.count(LISTING, { applied: 'clean', wanted: 'defer' }, PLACE)
  tally.count(LISTING, { applied: 'tag', wanted: 'reject' }, PLACE)
  tally.count(LISTING, { applied: 'watch', wanted: 'watch' }, PLACE)
  tally.count({ ...LISTING, tier: 'watch' }, { applied: 'clean', wanted: 'watch' }, PLACE)
  expect(tally.counters).toEqual({ tagged: 1, deferred: 0, rejected: 0, would_tag: 0, would_defer: 1, would_reject: 1 })
  expect(log.lines.map(({ message }) => message)).toEqual(['would defer', 'would reject'])
  expect(log.lines[0]?.facts).toMatchObject({
    listener: 'mx',
    client: '192.0.2.1',
    sender: '192.0.2.1/32',
    done: 'clean',
  })
})

test('the log of what would have been done is bounded in time, and says how much is missing', () => {
  const log = new KeptLog()
  let now = 0
  const tally = new ActionTally(log, () => now)
  for (let i = 0; i < 1000; i++) tally.count(LISTING, { applied: 'clean', wanted: 'tag' }, PLACE)
  expect(log.lines).toHaveLength(20)
  now = 10_000
  tally.count(LISTING, { applied: 'clean', wanted: 'tag' }, PLACE)
  expect(log.lines.at(-1)?.facts).toMatchObject({ not_logged_before: 980 })
  expect(tally.counters.would_tag).toBe(1001)
})
