import { createEncoder } from '@tlsrep/schemas'
import { describe, expect, test } from 'vitest'
import { createFactReader, decodeFacts } from './facts.ts'
import { rangeOf, rangesOfPending } from './range.ts'
import { clear, Deliveries, encoded, from, secure, T0 } from './test-support.ts'

const reader = createFactReader()

describe('what the scorer reads of a record', () => {
  test('is what it decides on, and the record goes on without its framing, byte for byte', () => {
    const records = encoded([clear('a', from(1)), secure('b', from(2))])
    const { groups, dead } = decodeFacts(reader, new Deliveries('log').of(records), 'scorer', T0)
    expect(dead).toEqual([])
    expect(groups).toHaveLength(1)
    expect(groups[0]?.records.map(({ fact }) => [fact.sender, fact.outcome])).toEqual([
      ['10.0.0.1/32', 'plaintext'],
      ['10.0.0.2/32', 'negotiated'],
    ])
    expect(groups[0]?.records.map(({ bytes, bodyStart }) => Buffer.from(bytes).subarray(bodyStart))).toEqual(
      records.map(({ value }) => Buffer.from(value ?? []).subarray(10)),
    )
  })

  test('a dead letter says where the record stood, in the partition that it came from', () => {
    const batch = {
      topic: 'tls.negotiations' as const,
      log: 'kafka',
      ranges: [
        { partition: 3, firstOffset: 10n, lastOffset: 11n },
        { partition: 5, firstOffset: 70n, lastOffset: 70n },
      ],
      records: [...encoded([secure('a'), secure('b')]), { key: null, value: Buffer.from('{}') }],
    }
    const { dead } = decodeFacts(reader, batch, 'scorer-1', T0)
    expect(dead).toMatchObject([
      {
        reason: 'undecodable_record',
        source_name: 'tls.negotiations/5',
        source_offset: 70,
        length: 2,
        collector: 'scorer-1',
        died_at: T0,
      },
    ])
    expect(() => createEncoder('DeadLetter').encode(dead[0] ?? Object())).not.toThrow()
  })
})

describe('a range', () => {
  test('is named by its log, offsets and schema, and read back out of its container', () => {
    const deliveries = new Deliveries('start')
    deliveries.of(encoded([secure('earlier')]))
    const batch = deliveries.of(encoded([clear('a', from(1)), secure('b', from(2))]))
    const range = rangeOf(batch, decodeFacts(reader, batch, 'scorer', T0).groups)
    expect(range.name).toBe('tls.negotiations/start/0:1-2')
    expect(range.inserts.map(({ token }) => token)).toEqual([
      expect.stringMatching(/^tls\.negotiations\/start\/0:1-2\/[0-9a-f]{16}$/),
    ])
    const [again, ...others] = rangesOfPending(range.unmade, {})
    expect(others).toEqual([])
    expect(again?.name).toBe(range.name)
    expect(again?.facts.map(({ sender, outcome }) => [sender, outcome])).toEqual([
      ['10.0.0.1/32', 'plaintext'],
      ['10.0.0.2/32', 'negotiated'],
    ])
  })
})
