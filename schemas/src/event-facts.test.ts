import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plain } from '../test/plain.ts'
import { anyRecord } from '../test/record-arbitrary.ts'
import { createEncoder } from './encoder.ts'
import { EVENT_FACTS, eventFacts } from './event-facts.ts'
import { createReader } from './reader.ts'
import type { TlsNegotiation } from './records.generated.ts'

test('the facts of an event are those that a reader finds in its record', () => {
  const reader = createReader('TlsNegotiation', { fields: EVENT_FACTS })
  const encoder = createEncoder('TlsNegotiation')
  fc.assert(
    fc.property(anyRecord('TlsNegotiation'), (record) => {
      const event = record as unknown as TlsNegotiation
      const read = reader.decode(encoder.encode(event))
      expect(read.ok && plain(read.value)).toEqual(plain(eventFacts(event)))
    }),
  )
})
