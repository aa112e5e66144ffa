import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { crc32c } from './crc32c.ts'
import { WireWriter } from './wire.ts'

/** What a producer writes with one request, as kafkajs hands it over. */
export interface Produce {
  transactionalId: string | null
  acks: number
  timeout: number
  codec: Codec
  producerId: bigint
  producerEpoch: number
  topics: readonly { topic: string; partitions: readonly ProducedPartition[] }[]
}

export interface ProducedPartition {
  partition: number
  /** The sequence number of the first record. */
  firstSequence: number
  messages: readonly Message[]
}

export interface Message {
  key: Uint8Array | string | null
  value: Uint8Array | string | null
}

interface EncodedMessage {
  key: Uint8Array | null
  value: Uint8Array | null
}

/** By their numbers in a batch's attributes. */
export type Codec = 0 | 1 | 4

const MAGIC = 2
const TRANSACTIONAL = 0x10
const ZSTD = { [constants.ZSTD_c_compressionLevel]: 1 }
const MIN_CHUNK = 1024
/** Records become four times smaller, most of them more: the output is one piece then. */
const USUAL_SHIFT = 2
/** Of a batch: first offset and length, then epoch, magic and checksum; the checksum is over what comes after them. */
const AT = { length: 8, magic: 16, checksum: 17, checked: 21, records: 61 } as const
const PREAMBLE = 12
const NULL_LENGTH = -1

/** Produce, versions 3 to 8: they are alike. */
export function encodeProduce(produce: Produce, now: number): Buffer {
  const { transactionalId, acks, timeout, topics } = produce
  const written = topics.map(({ topic, partitions }) => ({
    topic,
    batches: partitions.map((own) => ({ partition: own.partition, batch: encodeBatch(own, produce, now) })),
  }))
  const bytes = written.flatMap(({ batches }) => batches).reduce((sum, { batch }) => sum + batch.length, 0)
  const out = new WireWriter(bytes + 1024).string(transactionalId).int16(acks).int32(timeout).int32(written.length)
  for (const { topic, batches } of written) {
    out.string(topic).int32(batches.length)
    for (const { partition, batch } of batches) out.int32(partition).sizedBytes(batch)
  }
  return out.bytes()
}

function encodeBatch({ firstSequence, messages }: ProducedPartition, produce: Produce, now: number): Buffer {
  const { codec, producerId, producerEpoch, transactionalId } = produce
  const records = deflate(codec, encodeRecords(messages.map(inBytes)))
  const batch = Buffer.allocUnsafeSlow(AT.records + records.length)
  batch.writeBigInt64BE(0n, 0)
  batch.writeInt32BE(batch.length - PREAMBLE, AT.length)
  batch.writeInt32BE(0, PREAMBLE)
  batch.writeInt8(MAGIC, AT.magic)
  let at = batch.writeInt16BE(codec | (transactionalId === null ? 0 : TRANSACTIONAL), AT.checked)
  at = batch.writeInt32BE(messages.length - 1, at)
  at = batch.writeBigInt64BE(BigInt(now), at)
  at = batch.writeBigInt64BE(BigInt(now), at)
  at = batch.writeBigInt64BE(producerId, at)
  at = batch.writeInt16BE(producerEpoch, at)
  at = batch.writeInt32BE(firstSequence, at)
  batch.writeInt32BE(messages.length, at)
  batch.set(records, AT.records)
  batch.writeUInt32BE(crc32c(batch, AT.checked), AT.checksum)
  return batch
}

/**
 * Grows to the largest batch that was written, and is written again by the next: what is in it goes into the batch before anything else can
 * run. A buffer for each batch was as much garbage as all records together.
 */
let scratch = Buffer.allocUnsafeSlow(64 * 1024)

function scratchOf(length: number): Buffer {
  if (scratch.length < length) scratch = Buffer.allocUnsafeSlow(length)
  return scratch.subarray(0, length)
}

/** All in one buffer: a buffer for each would cost more than all the rest. @returns bytes that the next call writes again */
function encodeRecords(messages: readonly EncodedMessage[]): Buffer {
  const lengths = new Uint32Array(messages.length)
  let total = 0
  for (const [i, { key, value }] of messages.entries()) {
    // Attributes, the difference of time (none), and the number of headers (none) are a byte each.
    const length = 3 + sizeOfVarint(i) + sizeOfBytes(key) + sizeOfBytes(value)
    lengths[i] = length
    total += sizeOfVarint(length) + length
  }
  const out = scratchOf(total)
  let at = 0
  for (const [i, { key, value }] of messages.entries()) {
    at = writeVarint(out, at, lengths[i] ?? 0)
    out[at++] = 0
    out[at++] = 0
    at = writeVarint(out, at, i)
    at = writeBytes(out, at, key)
    at = writeBytes(out, at, value)
    out[at++] = 0
  }
  return out
}

function inBytes(message: Message): EncodedMessage {
  const { key, value } = message
  if (typeof key !== 'string' && typeof value !== 'string') return message as EncodedMessage
  return { key: bytesOf(key), value: bytesOf(value) }
}

function bytesOf(text: Uint8Array | string | null): Uint8Array | null {
  return typeof text === 'string' ? Buffer.from(text) : text
}

/**
 * At once: to hand so few bytes to another thread and back costs more than to compress them. And zstd knows their number then; for one that
 * it does not know it takes memory for half a megabyte, as does every reader, and of so much garbage the collector was a third of its work.
 */
function deflate(codec: Codec, bytes: Buffer): Buffer {
  if (codec === 0) return bytes
  if (codec === 1) return gzipSync(bytes)
  const chunkSize = Math.max(bytes.length >> USUAL_SHIFT, MIN_CHUNK)
  return zstdCompressSync(bytes, { params: ZSTD, chunkSize })
}

function sizeOfBytes(bytes: Uint8Array | null): number {
  return bytes === null ? sizeOfVarint(NULL_LENGTH) : sizeOfVarint(bytes.length) + bytes.length
}

function writeBytes(out: Buffer, at: number, bytes: Uint8Array | null): number {
  if (bytes === null) return writeVarint(out, at, NULL_LENGTH)
  const start = writeVarint(out, at, bytes.length)
  out.set(bytes, start)
  return start + bytes.length
}

/** Zigzag: small numbers are short, also those below zero. */
function sizeOfVarint(value: number): number {
  let size = 1
  for (let rest = zigzag(value); rest > 0x7f; rest >>>= 7) size++
  return size
}

function writeVarint(out: Buffer, start: number, value: number): number {
  let at = start
  let rest = zigzag(value)
  for (; rest > 0x7f; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80
  out[at++] = rest
  return at
}

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0
}
