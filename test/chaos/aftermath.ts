import { defaultPolicy } from '@tlsrep/core/policy/parse-policy'
import { expect } from 'vitest'
import { parseGrowing } from '../support/instance/parsed.ts'
import {
  type EventJson,
  evidenceSums,
  hourlySums,
  pendingTokens,
  publishedListings,
  replayedListings,
  storedCounts,
  storedEvents,
  storedLetters,
} from '../support/instance/stored.ts'
import type { KillRun } from './kill-run.ts'

export interface Aftermath {
  events: number
  /** Sessions that have not ended where the log ends. */
  open: number
  letters: number
  listings: number
  evidence: number
}

/** Checks that nothing was lost and nothing was counted twice. @returns figures for the record */
export async function expectNothingLostOrTwice({ instance, writer }: KillRun): Promise<Aftermath> {
  const { clickhouse } = instance
  const now = Date.now()
  const parsed = await parseGrowing(writer.files(), now)
  const { events, ids } = await storedCounts(clickhouse)
  expect(events, 'every event once').toBe(ids)
  expectSameEvents(await storedEvents(clickhouse), parsed.ended)

  const evidence = await evidenceSums(clickhouse)
  expect(evidence.counted, 'evidence is what its events say').toEqual(evidence.recounted)
  const hourly = await hourlySums(clickhouse)
  expect(hourly.counted, 'the hours are what their events say').toEqual(hourly.recounted)

  const listings = await publishedListings(clickhouse, now)
  expect(listings, 'the list is that of a replay').toEqual(await replayedListings(clickhouse, defaultPolicy(), now))
  expect(await pendingTokens(clickhouse), 'nothing is left undone').toEqual([])

  const byPlace = (a: { source_offset: number; shape: string }, b: { source_offset: number; shape: string }): number =>
    a.source_offset - b.source_offset || (a.shape < b.shape ? -1 : 1)
  const letters = await storedLetters(clickhouse)
  expect(letters.toSorted(byPlace), 'dead letters are those of parse').toEqual(parsed.letters.toSorted(byPlace))
  return {
    events,
    open: parsed.open,
    letters: letters.length,
    listings: listings.length,
    evidence: evidence.counted.length,
  }
}

/** Under which name a file was read depends on when it was rotated; all else does not. */
function expectSameEvents(stored: readonly EventJson[], parsed: readonly EventJson[]): void {
  const idsOf = (events: readonly EventJson[]): Set<unknown> => new Set(events.map(({ event_id }) => event_id))
  const [storedIds, parsedIds] = [idsOf(stored), idsOf(parsed)]
  const sample = (events: readonly EventJson[], others: Set<unknown>): EventJson[] =>
    events.filter(({ event_id }) => !others.has(event_id)).slice(0, 5)
  expect(sample(parsed, storedIds), 'sessions that are not stored').toEqual([])
  expect(sample(stored, parsedIds), 'events that are no session').toEqual([])
  expect(differences(stored, parsed).slice(0, 5), 'events of which a field is another').toEqual([])
}

interface Difference {
  event_id: string
  field: string
  stored: unknown
  parsed: unknown
}

/** @param parsed the same events in the same order */
function differences(stored: readonly EventJson[], parsed: readonly EventJson[]): Difference[] {
  return stored.flatMap((event, index) => {
    const other = parsed[index]
    if (other?.event_id !== event.event_id) throw new Error(`${event.event_id} is compared with ${other?.event_id}`)
    const fields = new Set([...Object.keys(event), ...Object.keys(other)])
    fields.delete('source_name')
    return [...fields]
      .filter((field) => JSON.stringify(event[field]) !== JSON.stringify(other[field]))
      .map((field) => ({ event_id: event.event_id, field, stored: event[field], parsed: other[field] }))
  })
}
