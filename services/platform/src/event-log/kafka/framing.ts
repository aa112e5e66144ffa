import { learnSchema, readFrame, schemaFingerprint, schemaJson } from '@tlsrep/schemas'
import { frameHeader, hasHeader } from '@tlsrep/schemas/framing'
import type { Logger } from 'pino'
import { type AppendBatch, type LogRecord, TOPICS, type Topic } from '../event-log.ts'
import { type SchemaRegistry, SchemaRegistryUnavailable } from '../schema-registry.ts'
import { patiently } from './attempts.ts'
import { KafkaUnavailable } from './failure.ts'

/**
 * How records are framed in Kafka. On this side of it they have single-object encoding in any case, so nothing behind the event log knows
 * of a registry, and what is stored needs none to be read.
 */
export interface Framing {
  /** What is to be written for these appends, in their order. @throws KafkaUnavailable, OperatorError */
  outgoing(group: readonly AppendBatch[]): Promise<readonly AppendBatch[]>
  /**
   * What was read, once its schemas are known. A registry that is away is waited for; null where `signal` was aborted first. What nobody
   * has a schema for stays as it is.
   * @throws OperatorError
   */
  incoming(records: readonly LogRecord[], signal: AbortSignal): Promise<readonly LogRecord[] | null>
  /** Why the registry cannot be asked now; null where it can, or where there is none. Asks it only where it was away before. */
  outage(): Promise<string | null>
}

/** Without a registry. */
export const SINGLE_OBJECT: Framing = {
  outgoing: async (group) => group,
  incoming: async (records) => records,
  outage: async () => null,
}

export interface RegisteredFramingOptions {
  registry: Pick<SchemaRegistry, 'register' | 'learn' | 'schemaOf' | 'ping'>
  topicName: (topic: Topic) => string
  now: () => number
  logger: Logger
}

/** What stands before a record, and what is to stand there. */
interface Reframing {
  length: number
  header: Uint8Array
}

/**
 * Confluent's wire format, by the ids of a schema registry. Records with single-object encoding, written before there was one, are read
 * beside it. The bytes behind the header are the same in both.
 */
export class RegisteredFraming implements Framing {
  readonly #options: RegisteredFramingOptions
  /** By topic: instead of the header that our encoder writes, the one with the id. */
  readonly #outgoing = new Map<Topic, { from: Uint8Array; to: Uint8Array }>()
  /** By id: the header that names the same schema by its fingerprint. */
  readonly #incoming = new Map<number, Uint8Array>()
  #away: string | null = null

  constructor(options: RegisteredFramingOptions) {
    this.#options = options
  }

  /** Whoever was refused may never ask again, so it is asked here whether it is still away. */
  async outage(): Promise<string | null> {
    if (this.#away === null) return null
    await this.#asking(() => this.#options.registry.ping()).catch(() => {})
    return this.#away
  }

  async outgoing(group: readonly AppendBatch[]): Promise<readonly AppendBatch[]> {
    const topics = new Set(group.filter(({ records }) => records.length > 0).map(({ topic }) => topic))
    if (group.some(({ checkpoint }) => checkpoint !== null)) topics.add('tls.checkpoints')
    for (const topic of topics) if (!this.#outgoing.has(topic)) await this.#asking(() => this.#register(topic))
    return group.map((batch) => {
      const [checkpoint = null] = batch.checkpoint === null ? [] : this.#framed('tls.checkpoints', [batch.checkpoint])
      return { ...batch, records: this.#framed(batch.topic, batch.records), checkpoint }
    })
  }

  async incoming(records: readonly LogRecord[], signal: AbortSignal): Promise<readonly LogRecord[] | null> {
    if (!records.some(({ value }) => value?.[0] === 0)) return records
    const { registry, now } = this.#options
    try {
      const failed = (): void => {}
      await patiently({ now, patience: Number.POSITIVE_INFINITY, signal, failed }, () =>
        this.#asking(() => registry.learn(records)),
      )
    } catch (error) {
      if (signal.aborted && error instanceof KafkaUnavailable) return null
      throw error
    }
    return reframed(records, (value) => this.#unframing(value))
  }

  async #register(topic: Topic): Promise<void> {
    const { registry, topicName } = this.#options
    const schema = schemaJson(TOPICS[topic])
    const schemaId = await registry.register(topicName(topic), schema)
    const fingerprint = schemaFingerprint(schema)
    this.#outgoing.set(topic, {
      from: frameHeader({ kind: 'single_object' }, fingerprint),
      to: frameHeader({ kind: 'confluent', schemaId }, fingerprint),
    })
  }

  /** An outage of the registry is one of the log, and said once. */
  async #asking<T>(ask: () => Promise<T>): Promise<T> {
    const { logger } = this.#options
    try {
      const answer = await ask()
      if (this.#away !== null) logger.info({}, 'the schema registry answers again')
      this.#away = null
      return answer
    } catch (error) {
      if (!(error instanceof SchemaRegistryUnavailable)) throw error
      if (this.#away === null) logger.warn({ reason: error.message }, 'the schema registry is away, trying again')
      this.#away = error.message
      throw new KafkaUnavailable(error.message, { cause: error })
    }
  }

  /** What another encoder wrote keeps its header. */
  #framed(topic: Topic, records: readonly LogRecord[]): readonly LogRecord[] {
    const headers = this.#outgoing.get(topic)
    if (headers === undefined) return records
    const { from, to } = headers
    return reframed(records, (value) => (hasHeader(value, from) ? { length: from.length, header: to } : null))
  }

  #unframing(value: Uint8Array): Reframing | null {
    const frame = readFrame(value)
    if (typeof frame === 'string' || frame.kind !== 'confluent') return null
    const header = this.#incoming.get(frame.schemaId) ?? this.#learned(frame.schemaId)
    return header === null ? null : { length: frame.bodyStart, header }
  }

  #learned(id: number): Uint8Array | null {
    const schema = this.#options.registry.schemaOf(id)
    const fingerprint = schema === undefined ? null : learnSchema(schema)
    if (fingerprint === null) return null
    const header = frameHeader({ kind: 'single_object' }, fingerprint)
    this.#incoming.set(id, header)
    return header
  }
}

/** Copies, into one buffer, what gets another header: a record's bytes are its caller's, and may be written again. */
function reframed(
  records: readonly LogRecord[],
  change: (value: Uint8Array) => Reframing | null,
): readonly LogRecord[] {
  const changes = records.map(({ value }) => (value === null ? null : change(value)))
  const bytes = changes.reduce((sum, to, i) => sum + (to === null ? 0 : lengthOf(records[i], to)), 0)
  if (bytes === 0) return records
  const buffer = Buffer.allocUnsafeSlow(bytes)
  let at = 0
  return records.map((record, i) => {
    const to = changes[i] ?? null
    if (to === null || record.value === null) return record
    const value = buffer.subarray(at, at + lengthOf(record, to))
    value.set(to.header)
    value.set(record.value.subarray(to.length), to.header.length)
    at += value.length
    return { key: record.key, value }
  })
}

function lengthOf(record: LogRecord | undefined, { length, header }: Reframing): number {
  return (record?.value?.length ?? 0) - length + header.length
}
