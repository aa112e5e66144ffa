import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { OperatorError } from '../../errors/operator-error.ts'
import type { LogRecord } from '../event-log.ts'
import { WireReader } from './wire.ts'

/**
 * Record batches as brokers keep and send them (Kafka protocol guide, "Record Batch", magic 2), and which of their records a
 * `read_committed` reader may see.
 *
 * Not left to kafkajs for three reasons, all of them in its source. Its filter takes one aborted transaction off the list per record,
 * so where two of them begin before a fetch does, it hands out records of the second: of `tls.checkpoints` that would be a position
 * whose events were never committed. It drops batches that have no records left (compaction keeps such for their producer's sequence),
 * and with them the knowledge that the offsets go on behind them. And it does not say where a batch of control records ends.
 */

export interface RecordBatch {
  firstOffset: bigint
  lastOffset: bigint
  producerId: bigint
  transactional: boolean
  /** For a control batch, whether it ends a transaction by abort; null for any other batch. */
  control: 'abort' | 'commit' | 'other' | null
  records: readonly OffsetRecord[]
}

export interface OffsetRecord extends LogRecord {
  /** From the batch's first offset. */
  offsetDelta: number
}

export interface AbortedTransaction {
  producerId: bigint
  firstOffset: bigint
}

const HEADER = 61
/** First offset and length: what stands before the part that the length counts. */
const PREAMBLE = 12
const AT = { length: 8, magic: 16, attributes: 21, lastDelta: 23, producer: 43, count: 57 } as const
const [COMPRESSION, TRANSACTIONAL, CONTROL] = [0x07, 0x10, 0x20]
const MAGIC = 2

/** The whole batches in a fetched stretch of a log; its end is usually the beginning of one that did not fit. */
export function decodeRecordBatches(bytes: Buffer): RecordBatch[] {
  const batches: RecordBatch[] = []
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const end = at + PREAMBLE + bytes.readInt32BE(at + AT.length)
    if (end > bytes.length) break
    batches.push(decodeBatch(bytes.subarray(at, end)))
    at = end
  }
  return batches
}

/**
 * The batches whose records may be seen, with the others emptied, so that their offsets are not lost. As Kafka's own client does it: an
 * aborted transaction is entered at its first offset and left at its producer's abort marker.
 */
export function committedOnly(
  batches: readonly RecordBatch[],
  abortedTransactions: readonly AbortedTransaction[],
): RecordBatch[] {
  const waiting = abortedTransactions.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  const aborted = new Set<bigint>()
  return batches.map((batch) => {
    for (let next = waiting[0]; next !== undefined && next.firstOffset <= batch.lastOffset; next = waiting[0]) {
      aborted.add(next.producerId)
      waiting.shift()
    }
    if (batch.control === 'abort') aborted.delete(batch.producerId)
    const hidden = batch.control !== null || (batch.transactional && aborted.has(batch.producerId))
    return hidden ? { ...batch, records: [] } : batch
  })
}

function decodeBatch(bytes: Buffer): RecordBatch {
  const magic = bytes.readInt8(AT.magic)
  if (magic !== MAGIC) throw new Error(`record batch of format ${magic}: only format 2 is read`)
  const attributes = bytes.readInt16BE(AT.attributes)
  const firstOffset = bytes.readBigInt64BE(0)
  const isControl = (attributes & CONTROL) !== 0
  const count = bytes.readInt32BE(AT.count)
  const body = count === 0 ? Buffer.alloc(0) : inflate(attributes & COMPRESSION, bytes.subarray(HEADER))
  const records = decodeRecords(body, count)
  return {
    firstOffset,
    lastOffset: firstOffset + BigInt(bytes.readInt32BE(AT.lastDelta)),
    producerId: bytes.readBigInt64BE(AT.producer),
    transactional: (attributes & TRANSACTIONAL) !== 0,
    control: isControl ? controlType(records[0]) : null,
    records,
  }
}

function decodeRecords(body: Buffer, count: number): OffsetRecord[] {
  const reader = new WireReader(body)
  const records: OffsetRecord[] = []
  for (let i = 0; i < count; i++) {
    const length = reader.varint()
    const end = reader.at + length
    reader.take(1)
    reader.skipVarlong()
    const offsetDelta = reader.varint()
    const key = nullable(reader)
    const value = nullable(reader)
    records.push({ offsetDelta, key, value })
    // Headers: nobody here writes or reads any.
    reader.at = end
  }
  return records
}

function nullable(reader: WireReader): Buffer | null {
  const length = reader.varint()
  return length < 0 ? null : reader.take(length)
}

/** A control record's key: version, then 0 for abort and 1 for commit. */
function controlType(record: OffsetRecord | undefined): RecordBatch['control'] {
  if (!record?.key || record.key.length < 4) return 'other'
  const type = new DataView(record.key.buffer, record.key.byteOffset, 4).getInt16(2)
  return type === 0 ? 'abort' : type === 1 ? 'commit' : 'other'
}

/**
 * Pieces that a batch is decompressed in: many small ones are never given back by the allocator in one piece, and a reader of a whole topic
 * would keep several times what it holds. (At once: to hand so few bytes to another thread and back costs more than to decompress them.)
 */
function chunkSizeFor(compressed: number): number {
  return Math.min(Math.max(16 * 1024, 8 * compressed), 1024 * 1024)
}

function inflate(codec: number, bytes: Buffer): Buffer {
  if (codec === 0) return bytes
  if (codec === 1) return gunzipSync(bytes)
  if (codec === 4) return zstdDecompressSync(bytes, { chunkSize: chunkSizeFor(bytes.length) })
  throw new OperatorError({
    code: 'TLSREP_KAFKA_COMPRESSION',
    message: `a record batch is compressed with ${codec === 2 ? 'snappy' : codec === 3 ? 'lz4' : `codec ${codec}`}`,
    where: 'the topic, or whoever else writes to it',
    remedy: 'set compression.type of the topic to producer or zstd, and let nobody else write to it',
  })
}
