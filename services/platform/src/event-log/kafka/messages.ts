import type { AppendBatch, LogRecord, Topic } from '../event-log.ts'

interface Message {
  key: Buffer | null
  value: Buffer | null
}

export interface TopicMessages {
  topic: string
  messages: Message[]
}

/** Of one send, over all partitions. */
export interface SendBounds {
  records: number
  bytes: number
}

/** A round to the brokers takes some milliseconds, and what is sent is in memory twice. */
export const LARGE_SENDS: SendBounds = { records: 2500, bytes: 2_000_000 }
/**
 * A broker takes a batch of a partition up to 1 MB, compressed. A large send is many batches, or one that compresses well; where it is
 * neither, it is refused, and goes out like this.
 */
export const SMALL_SENDS: SendBounds = { records: 1000, bytes: 800_000 }

/**
 * What a group of appends sends: the records in their order, then the newest checkpoint of each input. All of a transaction, or none of
 * it, becomes durable, so an input's earlier checkpoints of the same group say nothing more.
 */
export function sendsOf(
  group: readonly AppendBatch[],
  topicName: (topic: Topic) => string,
  bounds: SendBounds,
): TopicMessages[][] {
  const sends: TopicMessages[][] = []
  const newest = new Map<string, LogRecord>()
  let [records, bytes] = [bounds.records, 0]
  const add = (topic: Topic, record: LogRecord): void => {
    const size = (record.key?.length ?? 0) + (record.value?.length ?? 0)
    if (records >= bounds.records || bytes + size > bounds.bytes) {
      sends.push([])
      records = bytes = 0
    }
    records++
    bytes += size
    messagesOf(sends.at(-1) ?? [], topicName(topic)).push({ key: bufferOf(record.key), value: bufferOf(record.value) })
  }
  for (const batch of group) {
    for (const record of batch.records) add(batch.topic, record)
    if (batch.checkpoint !== null) {
      newest.set(Buffer.from(batch.checkpoint.key ?? []).toString('latin1'), batch.checkpoint)
    }
  }
  for (const checkpoint of newest.values()) add('tls.checkpoints', checkpoint)
  return sends
}

function messagesOf(send: TopicMessages[], topic: string): Message[] {
  const known = send.find((part) => part.topic === topic)
  if (known !== undefined) return known.messages
  const part: TopicMessages = { topic, messages: [] }
  send.push(part)
  return part.messages
}

function bufferOf(bytes: Uint8Array | null): Buffer | null {
  if (bytes === null || Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
