import type { Topic } from '@tlsrep/platform/event-log/event-log'
import { ReadingState } from '@tlsrep/platform/event-log/kafka/reading-state'
import { expect, test } from 'vitest'
import { staleSince } from './staleness.ts'

const NOW = Date.UTC(2026, 10, 25, 12)

function logThatSawTheEnds(ends: Partial<Record<Topic, number | null>>) {
  return {
    reading: (topic: Topic): ReadingState | undefined => {
      const at = ends[topic]
      return at === undefined ? undefined : Object.assign(new ReadingState(), { caughtUpAt: at })
    },
  }
}

test('a list is stale since the older of its two topics was last read to its end', () => {
  const ends = { 'tls.listings': NOW - 1000, 'tls.overrides': NOW - 60_000 }
  expect(staleSince(logThatSawTheEnds(ends), NOW)).toBe(NOW - 60_000)
})

test('a broker that is restarted makes nobody’s list stale', () => {
  const ends = { 'tls.listings': NOW - 4000, 'tls.overrides': NOW - 200 }
  expect(staleSince(logThatSawTheEnds(ends), NOW)).toBeNull()
})

test.each([{}, { 'tls.listings': null, 'tls.overrides': NOW }])(
  'a list that was never read whole is not ready rather than stale: %j',
  (ends) => {
    expect(staleSince(logThatSawTheEnds(ends), NOW)).toBeNull()
  },
)
