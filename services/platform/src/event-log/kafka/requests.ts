import { type AbortedTransaction, committedOnly, decodeRecordBatches, type RecordBatch } from './record-batch.ts'
import { WireReader, WireWriter } from './wire.ts'

/**
 * The two requests that kafkajs does not know in the versions that name topics by id. A topic that was deleted and made again has the
 * same name and another id: only with the id do offsets say which log they belong to (KIP-516; brokers since Kafka 3.1).
 */
export interface WireRequest<T> {
  apiKey: number
  apiVersion: number
  apiName: string
  /** Milliseconds that the broker may take beyond the ordinary. */
  waits: number
  encode(): Buffer
  decode(bytes: Buffer): T
}

export interface ClusterMetadata {
  clusterId: string
  /** Ids of the brokers. */
  brokers: readonly number[]
  topics: readonly TopicMetadata[]
}

export interface TopicMetadata {
  name: string
  /** Error code for the topic; 0 for none, 3 where there is no such topic. */
  error: number
  /** 16 bytes. */
  id: Buffer
  partitions: readonly { partition: number; leader: number }[]
}

export interface PartitionPosition {
  partition: number
  offset: bigint
}

export interface FetchOptions {
  topicId: Buffer
  positions: readonly PartitionPosition[]
  isolation: 'read_committed' | 'read_uncommitted'
  /** Milliseconds that the broker waits for a first byte. */
  maxWait: number
  maxBytes: number
  maxPartitionBytes: number
}

export interface FetchedPartition {
  partition: number
  error: number
  highWatermark: bigint
  lastStableOffset: bigint
  logStartOffset: bigint
  /** From the position on; what may not be seen is empty. */
  batches: readonly RecordBatch[]
}

const NO_RACK = ''

export function metadataRequest(topics: readonly string[]): WireRequest<ClusterMetadata> {
  return {
    apiKey: 3,
    apiVersion: 12,
    apiName: 'Metadata',
    waits: 0,
    encode: () => {
      const out = new WireWriter().noTags()
      out.compactArray(topics, (name) => out.uuid(new Uint8Array(16)).compactString(name).noTags())
      return out.int8(0).int8(0).noTags().bytes()
    },
    decode: decodeMetadata,
  }
}

function decodeMetadata(bytes: Buffer): ClusterMetadata {
  const reader = new WireReader(bytes)
  reader.skipTags()
  reader.int32()
  const brokers = reader.compactArray(() => {
    const id = reader.int32()
    reader.compactString()
    reader.int32()
    reader.compactString()
    reader.skipTags()
    return id
  })
  const clusterId = reader.compactString() ?? ''
  reader.int32()
  const topics = reader.compactArray(() => {
    const error = reader.int16()
    const name = reader.compactString() ?? ''
    const id = Buffer.from(reader.take(16))
    reader.int8()
    const partitions = reader.compactArray(() => decodePartitionMetadata(reader))
    reader.int32()
    reader.skipTags()
    return { name, error, id, partitions: partitions.toSorted((a, b) => a.partition - b.partition) }
  })
  return { clusterId, brokers, topics }
}

function decodePartitionMetadata(reader: WireReader): { partition: number; leader: number } {
  reader.int16()
  const partition = reader.int32()
  const leader = reader.int32()
  reader.int32()
  for (let lists = 0; lists < 3; lists++) reader.compactArray(() => reader.int32())
  reader.skipTags()
  return { partition, leader }
}

export function fetchRequest(options: FetchOptions): WireRequest<FetchedPartition[]> {
  return {
    apiKey: 1,
    apiVersion: 13,
    apiName: 'Fetch',
    waits: options.maxWait,
    encode: () => encodeFetch(options),
    decode: (bytes) => decodeFetch(bytes, options),
  }
}

function encodeFetch(options: FetchOptions): Buffer {
  const out = new WireWriter(64 + 40 * options.positions.length).noTags()
  out.int32(-1).int32(options.maxWait).int32(1).int32(options.maxBytes)
  // No fetch session: id 0, epoch -1.
  out
    .int8(options.isolation === 'read_committed' ? 1 : 0)
    .int32(0)
    .int32(-1)
  out.compactArray([options.topicId], (id) => {
    out.uuid(id).compactArray(options.positions, ({ partition, offset }) => {
      out.int32(partition).int32(-1).int64(offset).int32(-1).int64(-1n).int32(options.maxPartitionBytes).noTags()
    })
    out.noTags()
  })
  return out
    .compactArray([], () => {})
    .compactString(NO_RACK)
    .noTags()
    .bytes()
}

function decodeFetch(bytes: Buffer, options: FetchOptions): FetchedPartition[] {
  const reader = new WireReader(bytes)
  reader.skipTags()
  reader.int32()
  const error = reader.int16()
  reader.int32()
  if (error !== 0) return options.positions.map(({ partition }) => failed(partition, error))
  const raw = reader.compactArray(() => {
    reader.take(16)
    const partitions = reader.compactArray(() => decodePartition(reader))
    reader.skipTags()
    return partitions
  })
  const asked = new Map(options.positions.map(({ partition, offset }) => [partition, offset]))
  return raw.flat().map(({ aborted, records, ...partition }) => {
    const position = asked.get(partition.partition) ?? 0n
    const batches = records === null ? [] : committedOnly(decodeRecordBatches(records), aborted)
    return { ...partition, batches: batches.map((batch) => from(batch, position)) }
  })
}

function failed(partition: number, error: number): FetchedPartition {
  return { partition, error, highWatermark: -1n, lastStableOffset: -1n, logStartOffset: -1n, batches: [] }
}

interface RawPartition extends Omit<FetchedPartition, 'batches'> {
  aborted: AbortedTransaction[]
  records: Buffer | null
}

function decodePartition(reader: WireReader): RawPartition {
  const partition = reader.int32()
  const error = reader.int16()
  const highWatermark = reader.int64()
  const lastStableOffset = reader.int64()
  const logStartOffset = reader.int64()
  const aborted = reader.compactArray(() => {
    const transaction = { producerId: reader.int64(), firstOffset: reader.int64() }
    reader.skipTags()
    return transaction
  })
  reader.int32()
  const records = reader.compactBytes()
  reader.skipTags()
  return { partition, error, highWatermark, lastStableOffset, logStartOffset, aborted, records }
}

/** A broker sends whole batches: the first one may begin before the position. */
function from(batch: RecordBatch, position: bigint): RecordBatch {
  if (batch.firstOffset >= position) return batch
  const skipped = Number(position - batch.firstOffset)
  return { ...batch, records: batch.records.filter(({ offsetDelta }) => offsetDelta >= skipped) }
}
