import type { WireRequest } from './requests.ts'
import { WireReader, WireWriter } from './wire.ts'

/** Requests about transactions that kafkajs does not know (KIP-664; brokers since Kafka 3.0). */

/** A producer that has written to a partition not long ago, as the partition's leader knows it. */
export interface PartitionProducer {
  partition: number
  producerId: bigint
  producerEpoch: number
  coordinatorEpoch: number
  /** Of its last record: milliseconds since 1970 UTC. */
  lastTimestamp: number
  /** Where its open transaction begins; -1 where it has none here. */
  openFrom: bigint
}

/** A transaction as its coordinator knows it. */
export interface KnownTransaction {
  producerId: bigint
  /** Partitions that it has not ended yet. */
  partitions: readonly { topic: string; partition: number }[]
}

/** How a transaction ends in one partition. */
export interface TransactionMarker {
  topic: string
  partition: number
  producerId: bigint
  producerEpoch: number
  coordinatorEpoch: number
  commit: boolean
}

/** An answer of a broker that may hold an error of its own: 0 for none. */
export interface Answer<T> {
  error: number
  found: T
}

const request = <T>(
  apiKey: number,
  apiVersion: number,
  apiName: string,
  write: (out: WireWriter) => void,
  read: (reader: WireReader) => T,
): WireRequest<T> => ({
  apiKey,
  apiVersion,
  apiName,
  waits: 0,
  encode: () => {
    const out = new WireWriter().noTags()
    write(out)
    return out.noTags().bytes()
  },
  decode: (bytes) => {
    const reader = new WireReader(bytes)
    reader.skipTags()
    return read(reader)
  },
})

/** A list of this one topic with its partitions. */
function writeTopic(out: WireWriter, topic: string, partitions: readonly number[]): void {
  out.compactArray([topic], (name) => {
    out.compactString(name).compactArray(partitions, (partition) => out.int32(partition))
    out.noTags()
  })
}

/** A list of topics, each with its partitions. @returns what was read of the partitions of all of them */
function readTopics<T>(reader: WireReader, read: (topic: string) => T): T[] {
  const topics = reader.compactArray(() => {
    const topic = reader.compactString() ?? ''
    const partitions = reader.compactArray(() => read(topic))
    reader.skipTags()
    return partitions
  })
  return topics.flat()
}

/** To the leader of the partitions. */
export function describeProducersRequest(
  topic: string,
  partitions: readonly number[],
): WireRequest<Answer<PartitionProducer[]>> {
  const write = (out: WireWriter): void => {
    writeTopic(out, topic, partitions)
  }
  return request(61, 0, 'DescribeProducers', write, (reader) => {
    reader.int32()
    const all = readTopics(reader, () => readPartition(reader))
    return { error: all.find(({ error }) => error !== 0)?.error ?? 0, found: all.flatMap(({ found }) => found) }
  })
}

function readPartition(reader: WireReader): Answer<PartitionProducer[]> {
  const partition = reader.int32()
  const error = reader.int16()
  reader.compactString()
  const found = reader.compactArray(() => {
    const producerId = reader.int64()
    const producerEpoch = reader.int32()
    reader.int32()
    const lastTimestamp = Number(reader.int64())
    const coordinatorEpoch = reader.int32()
    const openFrom = reader.int64()
    reader.skipTags()
    return { partition, producerId, producerEpoch, coordinatorEpoch, lastTimestamp, openFrom }
  })
  reader.skipTags()
  return { error, found }
}

/** The transactional ids of producers, of those that this broker coordinates. */
export function listTransactionsRequest(producerIds: readonly bigint[]): WireRequest<Answer<string[]>> {
  const write = (out: WireWriter): void => {
    out.compactArray([], () => {}).compactArray(producerIds, (id) => out.int64(id))
  }
  return request(66, 0, 'ListTransactions', write, (reader) => {
    reader.int32()
    const error = reader.int16()
    reader.compactArray(() => reader.compactString())
    const found = reader.compactArray(() => {
      const transactionalId = reader.compactString() ?? ''
      reader.int64()
      reader.compactString()
      reader.skipTags()
      return transactionalId
    })
    return { error, found }
  })
}

/** To the coordinator of the transactions. One that has been forgotten meanwhile is no error: it has ended. */
export function describeTransactionsRequest(
  transactionalIds: readonly string[],
): WireRequest<Answer<KnownTransaction[]>> {
  const write = (out: WireWriter): void => {
    out.compactArray(transactionalIds, (id) => out.compactString(id))
  }
  return request(65, 0, 'DescribeTransactions', write, (reader) => {
    reader.int32()
    const all = reader.compactArray(() => readTransaction(reader))
    const failed = all.find(({ error }) => error !== 0 && error !== TRANSACTIONAL_ID_NOT_FOUND)
    return { error: failed?.error ?? 0, found: all.map(({ found }) => found) }
  })
}

const TRANSACTIONAL_ID_NOT_FOUND = 105

function readTransaction(reader: WireReader): Answer<KnownTransaction> {
  const error = reader.int16()
  reader.compactString()
  reader.compactString()
  reader.int32()
  reader.int64()
  const producerId = reader.int64()
  reader.int16()
  const partitions = readTopics(reader, (topic) => ({ topic, partition: reader.int32() }))
  reader.skipTags()
  return { error, found: { producerId, partitions } }
}

/** To the leader of the partition. @returns nothing but the error */
export function writeMarkerRequest(marker: TransactionMarker): WireRequest<Answer<null>> {
  const { topic, partition, producerId, producerEpoch, coordinatorEpoch, commit } = marker
  const write = (out: WireWriter): void => {
    out.compactArray([producerId], (id) => {
      out
        .int64(id)
        .int16(producerEpoch)
        .int8(commit ? 1 : 0)
      writeTopic(out, topic, [partition])
      // A leader that has heard of no coordinator yet says -1, and takes 0 (as Kafka's own tool sends it).
      out.int32(Math.max(0, coordinatorEpoch)).noTags()
    })
  }
  return request(27, 1, 'WriteTxnMarkers', write, (reader) => {
    const errors = reader.compactArray(() => {
      reader.int64()
      const ofPartitions = readTopics(reader, () => {
        reader.int32()
        const error = reader.int16()
        reader.skipTags()
        return error
      })
      reader.skipTags()
      return ofPartitions
    })
    return { error: errors.flat().find((error) => error !== 0) ?? 0, found: null }
  })
}
