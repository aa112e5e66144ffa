import { parseAddress } from '@tlsrep/core'
import { describe, expect, test } from 'vitest'
import { EMPTY_STATE, type PublisherState, type PublisherStateStore } from './list/state-file.ts'
import {
  breathe,
  HOUR,
  KeepingOutput,
  listingRecord,
  MemoryStore,
  MovedClock,
  overrideRecord,
  START,
  testPublisher,
  tombstone,
} from './publisher.test-support.ts'

const address = (text: string): Uint8Array => parseAddress(text) ?? new Uint8Array(16)

class MemoryState implements PublisherStateStore {
  saved: PublisherState = EMPTY_STATE
  async load(): Promise<PublisherState> {
    return this.saved
  }
  async save(state: PublisherState): Promise<void> {
    this.saved = state
  }
}

describe('a start', () => {
  test('gives outputs the whole list at once, without those who were allowed', async () => {
    const store = new MemoryStore()
    await store.write('tls.listings', [listingRecord('192.0.2.1/32'), listingRecord('192.0.2.2/32')])
    await store.write('tls.overrides', [
      overrideRecord('192.0.2.2/32', 'allow'),
      overrideRecord('192.0.2.3/32', 'deny'),
    ])
    const output = new KeepingOutput()
    const { publisher } = await testPublisher({ store, outputs: [output] })
    expect(publisher.ready).toBe(true)
    expect(output.given).toHaveLength(1)
    expect(output.last.delta.added.map(({ sender }) => sender).sort()).toEqual(['192.0.2.1/32', '192.0.2.3/32'])
    await breathe()
    expect(output.given, 'the same delivered again is no change').toHaveLength(1)
    await publisher.close()
  })

  test('with an empty log publishes the empty list', async () => {
    const output = new KeepingOutput()
    const { publisher } = await testPublisher({ outputs: [output] })
    expect(output.given).toMatchObject([{ senders: [] }])
    await publisher.close()
  })

  test('goes on with higher sequence numbers although the clock was set back', async () => {
    const state = new MemoryState()
    const first = await testPublisher({ state })
    const before = first.publisher.snapshot.sequence
    await first.publisher.close()
    const clock = new MovedClock()
    clock.jump(-48 * HOUR)
    const second = await testPublisher({ state, clock })
    expect(second.publisher.snapshot.sequence).toBeGreaterThan(before)
    await second.publisher.close()
  })

  test('fails when the log cannot be read', async () => {
    const store = new MemoryStore()
    store.read = () => Promise.reject(new Error('no ClickHouse'))
    await expect(testPublisher({ store })).rejects.toThrow('no ClickHouse')
  })
})

describe('changes', () => {
  test('go out at once when it was quiet, and together when they come in a burst', async () => {
    const output = new KeepingOutput()
    const { publisher, listings, clock } = await testPublisher({ outputs: [output] })
    await clock.advance(HOUR)
    await listings(listingRecord('192.0.2.1/32'))
    expect(output.last.senders).toEqual(['192.0.2.1/32'])
    for (const last of [2, 3, 4]) await listings(listingRecord(`192.0.2.${last}/32`))
    expect(output.given).toHaveLength(2)
    await clock.advance(50)
    expect(output.given).toHaveLength(3)
    expect(output.last.delta.added.map(({ sender }) => sender)).toEqual([
      '192.0.2.2/32',
      '192.0.2.3/32',
      '192.0.2.4/32',
    ])
    await publisher.close()
  })

  test('are told as added, changed and removed, and not at all when nothing is left of them', async () => {
    const output = new KeepingOutput()
    const { publisher, listings, clock } = await testPublisher({ outputs: [output] })
    await listings(listingRecord('192.0.2.1/32'), listingRecord('192.0.2.2/32'))
    await clock.advance(HOUR)
    await listings(
      listingRecord('192.0.2.1/32', { tier: 'reject', sequence: 2 }),
      tombstone('192.0.2.2/32'),
      listingRecord('192.0.2.3/32'),
      listingRecord('192.0.2.4/32'),
      tombstone('192.0.2.4/32'),
    )
    expect(output.last.delta).toMatchObject({
      added: [{ sender: '192.0.2.3/32' }],
      changed: [{ sender: '192.0.2.1/32', tier: 'reject' }],
      removed: ['192.0.2.2/32'],
    })
    const { length } = output.given
    await clock.advance(HOUR)
    await listings(
      listingRecord('192.0.2.1/32', { tier: 'reject', sequence: 3, explanation: 'the same in other words' }),
    )
    await clock.advance(HOUR)
    expect(output.given).toHaveLength(length)
    await publisher.close()
  })

  test('of an older version than the one held are left out', async () => {
    const { publisher, listings } = await testPublisher()
    await listings(listingRecord('192.0.2.1/32', { sequence: 5, tier: 'watch' }))
    await listings(listingRecord('192.0.2.1/32', { sequence: 4, tier: 'reject' }))
    expect(publisher.snapshot.listings.get('192.0.2.1/32')?.tier).toBe('watch')
    await publisher.close()
  })

  test('raise the sequence each time', async () => {
    const output = new KeepingOutput()
    const { publisher, listings } = await testPublisher({ outputs: [output] })
    for (let last = 1; last < 5; last++) {
      await listings(listingRecord(`192.0.2.${last}/32`))
      expect(publisher.snapshot.listings.size).toBe(last)
    }
    const sequences = output.given.map(({ sequence }) => sequence)
    expect(sequences).toEqual([...new Set(sequences)].sort())
    expect(sequences.length).toBeGreaterThan(2)
    await publisher.close()
  })

  test('that cannot be read are counted and take no other with them', async () => {
    const { publisher, listings, logger } = await testPublisher()
    const bad = { key: Buffer.from('192.0.2.9/32'), value: Buffer.from('no avro') }
    const strange = listingRecord('192.0.2.7/24')
    await listings(bad, strange, { key: null, value: null }, listingRecord('192.0.2.1/32'))
    expect([...publisher.snapshot.listings.keys()]).toEqual(['192.0.2.1/32'])
    expect(publisher.figures.bad_records).toBe(3)
    expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(3)
    await publisher.close()
  })
})

describe('expiry', () => {
  test('takes a listing away at its moment, by itself', async () => {
    const output = new KeepingOutput()
    const { publisher, listings, clock } = await testPublisher({ outputs: [output] })
    await listings(listingRecord('192.0.2.1/32', { expires_at: START + HOUR }), listingRecord('192.0.2.2/32'))
    await clock.advance(HOUR - 1)
    expect(publisher.snapshot.match(address('192.0.2.1'), clock.now())).toBeDefined()
    expect(output.last.senders).toEqual(['192.0.2.1/32', '192.0.2.2/32'])
    await clock.advance(1)
    expect(output.last).toMatchObject({ senders: ['192.0.2.2/32'], delta: { removed: ['192.0.2.1/32'] } })
    expect(publisher.figures.expired).toBe(1)
    await publisher.close()
  })

  test('of an allow brings the listing back', async () => {
    const output = new KeepingOutput()
    const { publisher, listings, overrides, clock } = await testPublisher({ outputs: [output] })
    await listings(listingRecord('192.0.2.1/32'))
    await overrides(overrideRecord('192.0.2.0/24', 'allow', { until: START + HOUR }))
    expect(output.last.senders).toEqual([])
    await clock.advance(HOUR)
    expect(output.last.senders).toEqual(['192.0.2.1/32'])
    await publisher.close()
  })

  test('of many in a short time makes few publications', async () => {
    const output = new KeepingOutput()
    const { publisher, listings, clock } = await testPublisher({ outputs: [output] })
    await listings(
      ...Array.from({ length: 100 }, (_, i) => listingRecord(`192.0.2.${i}/32`, { expires_at: START + HOUR + i })),
    )
    await clock.advance(HOUR - 1000)
    const { length } = output.given
    await clock.advance(2000)
    expect(output.last.senders).toEqual([])
    expect(output.given.length - length).toBeLessThanOrEqual(4)
    await publisher.close()
  })
})

describe('outputs', () => {
  test('that are slow hold up nobody else, and are given what they missed in one piece', async () => {
    const slow = new KeepingOutput()
    const quick = new KeepingOutput()
    const { publisher, listings, clock } = await testPublisher({ outputs: [slow, quick] })
    const held = Promise.withResolvers<void>()
    slow.gate = held.promise
    await clock.advance(HOUR)
    for (const last of [1, 2, 3]) {
      await listings(listingRecord(`192.0.2.${last}/32`))
      await clock.advance(1000)
    }
    expect(quick.last.senders).toHaveLength(3)
    expect(slow.last.senders).toHaveLength(1)
    held.resolve()
    await breathe()
    expect(slow.last.delta.added.map(({ sender }) => sender)).toEqual(['192.0.2.2/32', '192.0.2.3/32'])
    await publisher.close()
  })

  test('that reject the list are given it again, with the changes they have not taken', async () => {
    const output = new KeepingOutput()
    const { publisher, listings, clock, logger } = await testPublisher({ outputs: [output] })
    await clock.advance(HOUR)
    output.failing = true
    await listings(listingRecord('192.0.2.1/32'))
    expect(publisher.figures.output_failures).toBe(1)
    expect(logger.lines.at(-1)).toMatchObject({ level: 'error', facts: { output: 'keeping' } })
    output.failing = false
    await clock.advance(1000)
    expect(output.last.delta.added.map(({ sender }) => sender)).toEqual(['192.0.2.1/32'])
    expect(publisher.figures.output_failures).toBe(1)
    await publisher.close()
  })
})

describe('protected pools', () => {
  test('are never listed by the score, also where a wider network is', async () => {
    const { publisher, listings, clock } = await testPublisher({ protectedPools: ['198.51.100.0/24'] })
    await listings(
      listingRecord('198.51.100.7/32', { tier: 'reject' }),
      listingRecord('198.51.0.0/16', { tier: 'reject' }),
    )
    expect(publisher.snapshot.match(address('198.51.100.7'), clock.now())).toBeUndefined()
    expect(publisher.snapshot.match(address('198.51.99.7'), clock.now())?.tier).toBe('reject')
    expect(publisher.figures.suppressed_listings).toBe(1)
    await publisher.close()
  })

  test('are listed where an operator denied something in them, not where he denied a wider network', async () => {
    const { publisher, overrides, clock } = await testPublisher({ protectedPools: ['198.51.100.0/24'] })
    await overrides(
      overrideRecord('198.51.0.0/16', 'deny'),
      overrideRecord('198.51.100.64/26', 'deny', { tier: 'defer' }),
    )
    expect(publisher.snapshot.match(address('198.51.100.7'), clock.now())).toBeUndefined()
    expect(publisher.snapshot.match(address('198.51.100.65'), clock.now())?.tier).toBe('defer')
    await publisher.close()
  })
})

describe('the gate', () => {
  const gate = { newListingsPerMinute: 2, goodSessionsPerMinute: 1e6 }
  const burst = [1, 2, 3, 4].map((last) => listingRecord(`192.0.2.${last}/32`, { listed_at: START + last }))

  test('holds back what lists too many at once, says so once, and lets it go when an operator releases it', async () => {
    const state = new MemoryState()
    const { publisher, listings, logger, clock } = await testPublisher({ gate, state })
    await clock.advance(1000)
    await listings(...burst)
    expect([...publisher.snapshot.listings.keys()]).toEqual(['192.0.2.1/32', '192.0.2.2/32'])
    expect([...publisher.heldBack.keys()]).toEqual(['192.0.2.3/32', '192.0.2.4/32'])
    expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
    await listings(
      tombstone('192.0.2.4/32'),
      listingRecord('192.0.2.3/32', { listed_at: START + 3, tier: 'reject', sequence: 2 }),
    )
    expect(await publisher.releaseGate()).toBe(1)
    expect(publisher.snapshot.listings.get('192.0.2.3/32')?.tier).toBe('reject')
    expect(state.saved.gateReleasedBefore).toBe(START + 1000)
    await publisher.close()
  })

  test('decides after a restart as before it, and remembers the release', async () => {
    const store = new MemoryStore()
    await store.write('tls.listings', burst.toReversed())
    const first = await testPublisher({ gate, store })
    expect([...first.publisher.snapshot.listings.keys()].sort()).toEqual(['192.0.2.1/32', '192.0.2.2/32'])
    await first.publisher.close()
    const released = { load: async () => ({ ...EMPTY_STATE, gateReleasedBefore: START + 10 }), save: async () => {} }
    const second = await testPublisher({ gate, store, state: released })
    expect(second.publisher.snapshot.listings.size).toBe(4)
    await second.publisher.close()
  })

  test('holds back nothing that an operator denied', async () => {
    const none = { newListingsPerMinute: 0, goodSessionsPerMinute: 0 }
    const { publisher, overrides, clock } = await testPublisher({ gate: none })
    await overrides(overrideRecord('192.0.2.1/32', 'deny'))
    expect(publisher.snapshot.match(address('192.0.2.1'), clock.now())?.tier).toBe('reject')
    await publisher.close()
  })
})
