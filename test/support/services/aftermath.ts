import { defaultPolicy } from '@tlsrep/core/policy/parse-policy'
import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { expect } from 'vitest'
import {
  type EventJson,
  evidenceSums,
  hourlySums,
  type PublishedJson,
  pendingTokens,
  replayedListings,
  type StoredLetter,
  storedCounts,
  storedEvents,
  storedLetters,
  type ViewSums,
} from '../instance/stored.ts'
import { until } from '../mail-host/until.ts'
import type { ServiceProcess } from './service-process.ts'

/** The list as a publisher's feed has it. */
export interface FeedAnswer {
  content_hash: string
  listings: PublishedJson[]
}

export async function feedOf(publisher: ServiceProcess): Promise<FeedAnswer> {
  return (await (await fetch(`${publisher.url}/v1/listings`)).json()) as FeedAnswer
}

/** Checks that what is stored is these events, each once, and that whatever is derived from them is right. */
export async function expectExactlyTheseEvents(clickhouse: ClickHouse, expected: readonly EventJson[]): Promise<void> {
  expectSameEvents(await storedEvents(clickhouse), expected)
  const { events, ids } = await storedCounts(clickhouse)
  expect(events, 'every event once').toBe(ids)
  expect(differences(await evidenceSums(clickhouse)), 'evidence is what its events say').toEqual(NONE)
  expect(differences(await hourlySums(clickhouse)), 'the hours are what their events say').toEqual(NONE)
  expect(await pendingTokens(clickhouse), 'nothing is left undone').toEqual([])
}

/**
 * Checks that every publisher holds the list that a replay of the evidence gives, and all of them the same. What is on its way to them is
 * waited for.
 */
export async function expectTheReplayedList(
  clickhouse: ClickHouse,
  publishers: readonly ServiceProcess[],
): Promise<PublishedJson[]> {
  const replayed = async (): Promise<PublishedJson[]> => replayedListings(clickhouse, defaultPolicy(), Date.now())
  const expected = await replayed()
  const told = async (): Promise<PublishedJson[][]> =>
    Promise.all(publishers.map(async (publisher) => listingsOf(await feedOf(publisher))))
  const isThere = async (): Promise<boolean> =>
    (await told()).every((list) => JSON.stringify(list) === JSON.stringify(expected))
  // In vain: said below, with what differs.
  await until('the publishers hold it', isThere, { timeout: 20_000 }).catch(() => {})
  for (const list of await told()) expect(list, 'the list is that of a replay').toEqual(expected)
  const hashes = await Promise.all(publishers.map(async (publisher) => (await feedOf(publisher)).content_hash))
  expect(new Set(hashes).size, 'all publishers hold the same list').toBe(1)
  return expected
}

function listingsOf({ listings }: FeedAnswer): PublishedJson[] {
  return listings
    .map(({ sender, tier, reasons }) => ({ sender, tier, reasons }))
    .sort((a, b) => (a.sender < b.sender ? -1 : 1))
}

const NONE = { counted: [], recounted: [] }

/** Rows that only one of the two has: thousands of equal ones would hide them. */
function differences({ counted, recounted }: ViewSums): { counted: string[]; recounted: string[] } {
  const texts = (rows: readonly unknown[]): Set<string> => new Set(rows.map((row) => JSON.stringify(row)))
  const [one, other] = [texts(counted), texts(recounted)]
  return { counted: [...one.difference(other)], recounted: [...other.difference(one)] }
}

/** Checks that the dead letters are these, each once. */
export async function expectExactlyTheseLetters(
  clickhouse: ClickHouse,
  expected: readonly StoredLetter[],
): Promise<void> {
  const byPlace = (a: StoredLetter, b: StoredLetter): number =>
    a.source_offset - b.source_offset || (a.shape < b.shape ? -1 : 1)
  const stored = await storedLetters(clickhouse)
  expect(stored.toSorted(byPlace), 'dead letters are those of parse').toEqual(expected.toSorted(byPlace))
}

/** Under which name a file was read depends on when it was rotated; all else does not. */
function expectSameEvents(stored: readonly EventJson[], expected: readonly EventJson[]): void {
  const idsOf = (events: readonly EventJson[]): Set<unknown> => new Set(events.map(({ event_id }) => event_id))
  const [storedIds, expectedIds] = [idsOf(stored), idsOf(expected)]
  const sample = (events: readonly EventJson[], others: Set<unknown>): EventJson[] =>
    events.filter(({ event_id }) => !others.has(event_id)).slice(0, 5)
  expect(sample(expected, storedIds), 'sessions that are not stored').toEqual([])
  expect(sample(stored, expectedIds), 'events that are no session').toEqual([])
  const nameless = (events: readonly EventJson[]): EventJson[] => events.map((event) => ({ ...event, source_name: '' }))
  expect(nameless(stored), 'every field of every event').toEqual(nameless(expected))
}
