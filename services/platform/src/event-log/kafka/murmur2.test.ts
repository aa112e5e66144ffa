import fc from 'fast-check'
import kafkajs from 'kafkajs'
import { expect, test } from 'vitest'
import { partitionOfKey } from './murmur2.ts'

test("a key's partition is the one that Kafka's own clients choose", () => {
  const theirs = kafkajs.Partitioners.DefaultPartitioner()
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 64 }), (key, count) => {
      const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 1,
        replicas: [],
        isr: [],
      }))
      const message = { key: Buffer.from(key), value: null }
      expect(partitionOfKey(key, count)).toBe(theirs({ topic: 't', partitionMetadata, message }))
    }),
  )
})
