import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Sequence } from './sequence.ts'
import { publisherStateFile } from './state-file.ts'

/** A sequence over a store in memory, as one process after the other has it. */
class Runs {
  stored = 0n
  broken = false
  begin(): Sequence {
    return new Sequence(this.stored, async (bound) => {
      if (this.broken) throw new Error('disk full')
      this.stored = bound
    })
  }
}

test('numbers grow, whatever the clock does and whenever the process is killed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ clock: fc.integer({ min: 0, max: 2e12 }), kill: fc.boolean() }), { maxLength: 40 }),
      async (steps) => {
        const runs = new Runs()
        let sequence = runs.begin()
        let last = -1n
        for (const { clock, kill } of steps) {
          if (kill) sequence = runs.begin()
          await sequence.reserve(clock)
          const next = sequence.next(clock)
          expect(next).toBeGreaterThan(last)
          last = next
        }
      },
    ),
  )
})

test('the number is the time of publication in microseconds where nothing stands against it', () => {
  const sequence = new Runs().begin()
  expect(sequence.next(1_700_000_000_000)).toBe(1_700_000_000_000_000n)
  expect(sequence.next(1_700_000_000_000)).toBe(1_700_000_000_000_001n)
})

test('a bound that cannot be stored stops no publication', async () => {
  const runs = new Runs()
  runs.broken = true
  const sequence = runs.begin()
  await sequence.reserve(1000)
  expect(sequence.next(1000)).toBe(1_000_000n)
  expect(sequence.reserved).toBe(0n)
})

describe('the state file', () => {
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'publisher-state-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  test('gives back what was saved, and nothing where there is none', async () => {
    const store = publisherStateFile(join(directory, 'deep', 'publisher.json'))
    expect(await store.load()).toEqual({ sequenceReserved: 0n, gateReleasedBefore: 0 })
    await store.save({ sequenceReserved: 1_800_000_000_000_000n, gateReleasedBefore: 5 })
    expect(await store.load()).toEqual({ sequenceReserved: 1_800_000_000_000_000n, gateReleasedBefore: 5 })
  })

  test('that is damaged is said to be, and replaced by the next save', async () => {
    const path = join(directory, 'publisher.json')
    await writeFile(path, '{"sequence_reserved": "17')
    const store = publisherStateFile(path)
    await expect(store.load()).rejects.toMatchObject({ code: 'TLSREP_PUBLISHER_STATE_DAMAGED', where: path })
    await store.save({ sequenceReserved: 1n, gateReleasedBefore: 0 })
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ sequence_reserved: '1', gate_released_before: 0 })
  })
})
