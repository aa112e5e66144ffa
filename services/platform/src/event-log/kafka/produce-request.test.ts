import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Codec, encodeProduce, type Produce } from './produce-request.ts'
import { decodeRecordBatches } from './record-batch.ts'
import { WireReader } from './wire.ts'

const require = createRequire(import.meta.url)
const crcOfKafkajs = require('kafkajs/src/protocol/recordBatch/crc32C/index.js') as (bytes: Buffer) => number
const requestOfKafkajs = require('kafkajs/src/protocol/requests/produce/v3/request.js') as (options: object) => {
  encode(): Promise<{ buffer: Buffer }>
}
const NOW = 1_790_000_000_000

function produce(messages: Produce['topics'][0]['partitions'][0]['messages'], codec: Codec): Produce {
  const partitions = [{ partition: 3, firstSequence: 7, messages }]
  const topics = [{ topic: 'tls.negotiations', partitions }]
  return { transactionalId: 'mx1', acks: -1, timeout: 30_000, codec, producerId: 4711n, producerEpoch: 2, topics }
}

/** The batch in a request with one. */
function batchIn(request: Buffer): Buffer {
  const reader = new WireReader(request)
  reader.string()
  reader.take(6)
  reader.int32()
  reader.string()
  reader.take(8)
  return reader.take(reader.int32())
}

const bytes = fc.option(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string()))
const messages = fc.array(fc.record({ key: bytes, value: bytes }), { minLength: 1, maxLength: 200 })

describe('what a producer sends', () => {
  test('is what kafkajs would send, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(messages, async (written) => {
        const ours = encodeProduce(produce(written, 0), NOW)
        const buffers = written.map(({ key, value }) => ({
          key: key === null ? null : Buffer.from(key),
          value: value === null ? null : Buffer.from(value),
          timestamp: NOW,
        }))
        const { topics, codec, ...rest } = produce(written, 0)
        const topicData = [{ ...topics[0], partitions: [{ partition: 3, firstSequence: 7, messages: buffers }] }]
        const theirs = await requestOfKafkajs({ ...rest, compression: codec, topicData }).encode()
        expect(ours.equals(theirs.buffer)).toBe(true)
      }),
    )
  })

  test('is read again as it was, however it is compressed', () => {
    fc.assert(
      fc.property(messages, fc.constantFrom<Codec>(0, 1, 4), (written, codec) => {
        const batch = batchIn(encodeProduce(produce(written, codec), NOW))
        const [read] = decodeRecordBatches(batch)
        const plain = (records: typeof written) =>
          records.map(({ key, value }) =>
            [key, value].map((piece) => (piece === null ? null : [...Buffer.from(piece)])),
          )
        expect(plain([...(read?.records ?? [])] as typeof written)).toEqual(plain(written))
        expect(read).toMatchObject({ producerId: 4711n, transactional: true, control: null })
        expect(batch.readUInt32BE(17)).toBe(crcOfKafkajs(batch.subarray(21)))
      }),
    )
  })

  test('tells readers its length, so that neither side takes memory for half a megabyte', () => {
    const written = [{ key: null, value: 'x'.repeat(50_000) }]
    const frame = batchIn(encodeProduce(produce(written, 4), NOW)).subarray(61)
    // RFC 8878, section 3.1.1.1.1.2: a frame of a single segment has no window of its own, and does have its length.
    expect((frame[4] ?? 0) & 0x20).toBe(0x20)
  })
})
