import { defaultPolicy } from '@tlsrep/core/policy/parse-policy'
import { expect } from 'vitest'
import { parseGrowing } from '../support/instance/parsed.ts'
import { publishedListings, replayedListings, storedLetters } from '../support/instance/stored.ts'
import { until } from '../support/mail-host/until.ts'
import {
  expectExactlyTheseEvents,
  expectExactlyTheseLetters,
  expectTheReplayedList,
} from '../support/services/aftermath.ts'
import { allStored } from '../support/services/progress.ts'
import type { KafkaKillRun } from './kafka-kill-run.ts'

export interface KafkaAftermath {
  events: number
  letters: number
  listings: number
}

/** On its way from the topic into its table. */
const COPIED = { timeout: 30_000 }

/** Checks that of the whole log nothing was lost and nothing was counted twice. @returns figures for the record */
export async function expectTheLogOnce(run: KafkaKillRun): Promise<KafkaAftermath> {
  const { installation, writer, publishers } = run
  const { clickhouse } = installation
  const parsed = await parseGrowing(writer.files(), Date.now())
  await allStored(clickhouse, parsed.ended.length, 180_000)
  await expectExactlyTheseEvents(clickhouse, parsed.ended)
  // More than that, or others: said by what follows.
  const areThere = async (): Promise<boolean> => (await storedLetters(clickhouse)).length >= parsed.letters.length
  await until('the letters are stored', areThere, COPIED).catch(() => {})
  await expectExactlyTheseLetters(clickhouse, parsed.letters)
  const listings = await expectTheReplayedList(clickhouse, publishers)
  await expectTheTableHoldsTheList(run)
  return { events: parsed.ended.length, letters: parsed.letters.length, listings: listings.length }
}

/** What commands and queries read. */
async function expectTheTableHoldsTheList({ installation: { clickhouse } }: KafkaKillRun): Promise<void> {
  const both = async (): Promise<readonly [unknown[], unknown[]]> => {
    const now = Date.now()
    return [await publishedListings(clickhouse, now), await replayedListings(clickhouse, defaultPolicy(), now)]
  }
  const isThere = async (): Promise<boolean> => {
    const [copied, replayed] = await both()
    return JSON.stringify(copied) === JSON.stringify(replayed)
  }
  await until('the table is filled', isThere, COPIED).catch(() => {})
  const [copied, replayed] = await both()
  expect(copied, 'the table holds the list of a replay').toEqual(replayed)
}
