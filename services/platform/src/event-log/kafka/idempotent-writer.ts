import type { Logger } from 'pino'
import type { AppendBatch, Topic } from '../event-log.ts'
import { type AppendBounds, AppendQueue } from './append-queue.ts'
import { endedBy, patiently } from './attempts.ts'
import { classified } from './failure.ts'
import type { Framing } from './framing.ts'
import type { KafkaClient, OneProducer } from './kafkajs.ts'
import { SMALL_SENDS, sendsOf, type TopicMessages } from './messages.ts'

export interface IdempotentWriterOptions {
  client: Pick<KafkaClient, 'idempotentProducer' | 'codec'>
  topicName: (topic: Topic) => string
  framing: Pick<Framing, 'outgoing'>
  bounds: AppendBounds
  /** Milliseconds that an append tries to get through an outage before it rejects. */
  patience: number
  /** Milliseconds that one try may take. */
  attemptTimeout: number
  now: () => number
  signal: AbortSignal
  logger: Logger
}

/**
 * Appends outside transactions: listings, overrides, dead letters. What kafkajs repeats by itself is written once. An append that was
 * rejected and is made again can be written twice: with a key it says the same again, and a dead letter is looked up before.
 */
export class IdempotentWriter {
  readonly #options: IdempotentWriterOptions
  readonly #queue: AppendQueue
  #producer: OneProducer | null = null

  constructor(options: IdempotentWriterOptions) {
    this.#options = options
    this.#queue = new AppendQueue(options.bounds, (group) => this.#write(group))
  }

  append(batch: AppendBatch): Promise<void> {
    return this.#queue.append(batch)
  }

  /** Finishes what waits. */
  async close(): Promise<void> {
    await this.#queue.drain()
    await this.#drop()
  }

  #write(group: readonly AppendBatch[]): Promise<void> {
    const { now, patience, signal, logger, topicName, framing } = this.#options
    const failed = (error: Error): void => logger.debug({ err: error }, 'a send failed')
    let sends: TopicMessages[][] | null = null
    let done = 0
    return patiently({ now, patience, signal, failed }, async () => {
      sends ??= sendsOf(await framing.outgoing(group), topicName, SMALL_SENDS)
      for (const topicMessages of sends.slice(done)) {
        await this.#send(topicMessages)
        done++
      }
    })
  }

  async #send(topicMessages: TopicMessages[]): Promise<void> {
    const { client, signal, attemptTimeout } = this.#options
    const topics = topicMessages.map(({ topic }) => topic).join(', ')
    this.#producer ??= client.idempotentProducer()
    const { producer } = this.#producer
    const send = async (): Promise<void> => {
      // Nothing where it is connected.
      await producer.connect()
      await producer.sendBatch({ topicMessages, acks: -1, compression: client.codec })
    }
    try {
      await endedBy(AbortSignal.any([signal, AbortSignal.timeout(attemptTimeout)]), send())
    } catch (error) {
      // Its sequence numbers are given back, and would make the next send look like a repetition of this one.
      await this.#drop()
      throw classified(error, `writing to ${topics}`)
    }
  }

  async #drop(): Promise<void> {
    const one = this.#producer
    this.#producer = null
    await one?.end()
  }
}
