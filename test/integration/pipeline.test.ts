import { copyFileSync, mkdtempSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { placeSample } from '@tlsrep/collector/sample/sample-log'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CORPUS_SETS } from '../support/corpus.ts'
import { caughtUp } from '../support/instance/caught-up.ts'
import { type ParsedFiles, parseGrowing, printedEvents } from '../support/instance/parsed.ts'
import { type Pipeline, startPipeline } from '../support/instance/pipeline.ts'
import {
  type EventJson,
  evidenceSums,
  hourlySums,
  publishedListings,
  replayedListings,
  storedCounts,
  storedEvents,
  storedLetters,
} from '../support/instance/stored.ts'

/** The sets were written in the night before; their stamps mostly have no year, so the files' own times say which. */
const WRITTEN = Date.UTC(2026, 10, 25, 5)
const NOW = WRITTEN + 60_000

const POSTFIX_SETS = CORPUS_SETS.filter((set) => set.startsWith('postfix-'))
const directory = mkdtempSync(join(tmpdir(), 'tlsrep-corpus-'))
const logOf = (set: string): string => join(directory, `${set}.log`)

let pipeline: Pipeline
let sample: string
let stored: Map<string, EventJson[]>

beforeAll(async () => {
  for (const set of POSTFIX_SETS) {
    copyFileSync(fileURLToPath(new URL(`../corpus/${set}/mail.log`, import.meta.url)), logOf(set))
    utimesSync(logOf(set), WRITTEN / 1000, WRITTEN / 1000)
  }
  // In the sets nobody comes often enough to be listed; in the sample that comes with tlsrep somebody does.
  sample = placeSample(join(directory, 'sample'), { endsAt: WRITTEN, zone: 'UTC' })
  utimesSync(sample, WRITTEN / 1000, WRITTEN / 1000)
  const logs = [...POSTFIX_SETS.map(logOf), sample]
  pipeline = await startPipeline(logs, NOW)
  await caughtUp(pipeline.clickhouse, logs)
  stored = Map.groupBy(await storedEvents(pipeline.clickhouse), ({ source_name }) => source_name)
}, 120_000)

afterAll(async () => {
  await pipeline?.stop()
  rmSync(directory, { recursive: true })
}, 60_000)

describe('of each Postfix set, through the whole pipeline', () => {
  const parsed = new Map<string, ParsedFiles>()
  const parsedOf = async (set: string): Promise<ParsedFiles> => {
    const files = parsed.get(set) ?? (await parseGrowing([logOf(set)], NOW))
    parsed.set(set, files)
    return files
  }

  test.each(POSTFIX_SETS)('%s: tls_events holds, field by field, what tlsrep parse prints', async (set) => {
    const printed = await printedEvents(logOf(set), NOW)
    const { ended, open } = await parsedOf(set)
    // A log that is followed may go on: what is open at its end is printed by parse, as truncated, and is not stored yet.
    const endedIds = new Set(ended.map(({ event_id }) => event_id))
    const cut = printed.filter(({ event_id }) => !endedIds.has(event_id))
    expect(cut).toHaveLength(open)
    expect(cut.filter(({ truncated }) => !truncated)).toEqual([])
    expect(stored.get(logOf(set)) ?? []).toEqual(printed.filter(({ event_id }) => endedIds.has(event_id)))
    expect(ended.length).toBeGreaterThan(50)
  })

  test('every event is there once, and there are no others', async () => {
    const { events, ids } = await storedCounts(pipeline.clickhouse)
    expect(events).toBe(ids)
    let ended = (await parseGrowing([sample], NOW)).ended.length
    for (const set of POSTFIX_SETS) ended += (await parsedOf(set)).ended.length
    expect(events).toBe(ended)
  })

  test('the dead letters are the lines that tlsrep parse calls dead', async () => {
    const letters: unknown[] = []
    for (const set of POSTFIX_SETS) letters.push(...(await parsedOf(set)).letters)
    expect(await storedLetters(pipeline.clickhouse)).toEqual(letters)
  })

  test('the sums of the views are those counted again from the events and pairs', async () => {
    const evidence = await evidenceSums(pipeline.clickhouse)
    expect(evidence.counted).toEqual(evidence.recounted)
    expect(evidence.counted.length).toBeGreaterThan(100)
    const hourly = await hourlySums(pipeline.clickhouse)
    expect(hourly.counted).toEqual(hourly.recounted)
    expect(hourly.counted.length).toBeGreaterThan(20)
  })

  test('the listings are those of a replay of the same evidence', async () => {
    const published = await publishedListings(pipeline.clickhouse, NOW)
    expect(published).toEqual(await replayedListings(pipeline.clickhouse, pipeline.policy, NOW))
    expect(published.length).toBeGreaterThan(0)
  })
})
