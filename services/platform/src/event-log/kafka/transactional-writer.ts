import type { Logger } from 'pino'
import type { OperatorError } from '../../errors/operator-error.ts'
import type { AppendBatch, Topic } from '../event-log.ts'
import { type AppendBounds, AppendQueue } from './append-queue.ts'
import { endedBy, patiently } from './attempts.ts'
import { classified, collectorFenced, isFenced, isTooLarge, KafkaUnavailable } from './failure.ts'
import type { Framing } from './framing.ts'
import type { KafkaClient, OneProducer } from './kafkajs.ts'
import { TRANSACTION_TIMEOUT_MS } from './kafkajs-cures.ts'
import { LARGE_SENDS, SMALL_SENDS, sendsOf } from './messages.ts'

/** Where one record of a transaction stands. */
export interface RecordPosition {
  topic: string
  partition: number
  offset: bigint
}

export interface TransactionalWriterOptions {
  client: Pick<KafkaClient, 'transactionalProducer' | 'codec'>
  /** A configured name, never one that changes from start to start: it is what ends an earlier run's transaction. */
  transactionalId: string
  topicName: (topic: Topic) => string
  framing: Pick<Framing, 'outgoing'>
  /** Whether the record was committed, once its transaction is over. */
  isCommitted: (position: RecordPosition, signal: AbortSignal) => Promise<boolean>
  bounds: AppendBounds
  /** Milliseconds that an append tries to get through an outage before it rejects. */
  patience: number
  /** Milliseconds that one try may take. */
  attemptTimeout: number
  transactionTimeout?: number
  now: () => number
  signal: AbortSignal
  logger: Logger
}

interface Progress {
  /** Of the first record that the broker has taken. */
  position: RecordPosition | null
  committing: boolean
  /** Nobody waits for it any more: it goes no step further. */
  givenUp: boolean
}

/** A transaction of which it is not known whether the broker has committed it. */
interface Doubt {
  group: readonly AppendBatch[]
  position: RecordPosition
}

/**
 * Appends in transactions: the events of a group and its checkpoints become visible together or not at all.
 *
 * After any failure the producer is dropped and a new one begins under the same transactional id, with an empty transaction (cure 4).
 * That ends what the old one left open, and fences any other that uses the id: fencing takes effect at `transaction()`, not at
 * `connect()`. Where the failure came while committing, the transaction may have been committed all the same. The new producer's
 * beginning decided it, and a look at one of its records tells; so an append that is made again is written once.
 */
export class TransactionalWriter {
  readonly counters = {
    transactions: 0,
    transactions_failed: 0,
    transactions_in_doubt: 0,
    transactions_found_committed: 0,
  }
  readonly #options: TransactionalWriterOptions
  readonly #queue: AppendQueue
  readonly #timeout: number
  /** Appends that have been committed though they were rejected, in case they are made again. */
  readonly #committed = new WeakSet<AppendBatch>()
  #sends = LARGE_SENDS
  #producer: OneProducer | null = null
  #doubt: Doubt | null = null
  #fenced: OperatorError | null = null

  constructor(options: TransactionalWriterOptions) {
    this.#options = options
    this.#timeout = options.transactionTimeout ?? TRANSACTION_TIMEOUT_MS
    this.#queue = new AppendQueue(options.bounds, (group) => this.#write(group))
  }

  /**
   * Begins under the transactional id: from now on no earlier run can write.
   * @param patience milliseconds
   */
  async open(patience: number): Promise<void> {
    await this.#attempts(patience, async () => void (await this.#ready()))
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
    return this.#attempts(this.#options.patience, async () => {
      const producer = await this.#ready()
      const open = group.filter((batch) => !this.#committed.has(batch))
      if (open.length > 0) await this.#transact(producer, open, await this.#options.framing.outgoing(open))
    })
  }

  #attempts(patience: number, attempt: () => Promise<void>): Promise<void> {
    const { now, signal, logger, transactionalId } = this.#options
    const failed = (error: Error): void => {
      logger.debug({ err: error, transactionalId }, 'a transaction failed')
    }
    return patiently({ now, patience, signal, failed }, async () => {
      if (this.#fenced !== null) throw this.#fenced
      await attempt()
    })
  }

  /** A producer under which nothing is open and nothing in doubt. */
  async #ready(): Promise<OneProducer> {
    this.#producer ??= await this.#begin()
    if (this.#doubt !== null) await this.#settle(this.#doubt)
    return this.#producer
  }

  async #begin(): Promise<OneProducer> {
    const { client, transactionalId } = this.#options
    const one = client.transactionalProducer(transactionalId, this.#timeout)
    try {
      const begin = async (): Promise<void> => {
        await one.producer.connect()
        const empty = await one.producer.transaction()
        await empty.abort()
      }
      await endedBy(this.#deadline(), begin())
      return one
    } catch (error) {
      void one.end()
      throw classified(error, `beginning as ${transactionalId}`)
    }
  }

  async #settle({ group, position }: Doubt): Promise<void> {
    const { isCommitted, signal } = this.#options
    try {
      const committed = await isCommitted(position, AbortSignal.any([signal, AbortSignal.timeout(this.#timeout)]))
      this.#doubt = null
      if (!committed) return
      this.counters.transactions_found_committed++
      for (const batch of group) this.#committed.add(batch)
    } catch (error) {
      throw classified(
        error,
        `asking whether ${position.topic}/${position.partition} at ${position.offset} was committed`,
      )
    }
  }

  /** @param framed what is written for the group */
  async #transact(one: OneProducer, group: readonly AppendBatch[], framed: readonly AppendBatch[]): Promise<void> {
    const { now } = this.#options
    const began = now()
    const progress: Progress = { position: null, committing: false, givenUp: false }
    try {
      await endedBy(this.#deadline(), this.#steps(one, framed, progress))
      this.counters.transactions++
    } catch (error) {
      progress.givenUp = true
      this.counters.transactions_failed++
      if (progress.committing && progress.position !== null) {
        this.counters.transactions_in_doubt++
        this.#doubt = { group, position: progress.position }
      }
      await this.#drop()
      throw this.#judge(error, now() - began)
    }
  }

  async #steps({ producer }: OneProducer, group: readonly AppendBatch[], progress: Progress): Promise<void> {
    const { client, topicName } = this.#options
    const transaction = await producer.transaction()
    for (const topicMessages of sendsOf(group, topicName, this.#sends)) {
      if (progress.givenUp) return
      const sent = await transaction.sendBatch({ topicMessages, acks: -1, compression: client.codec })
      const { topicName: topic, partition, baseOffset } = sent[0] ?? {}
      if (topic !== undefined && partition !== undefined && baseOffset !== undefined) {
        progress.position ??= { topic, partition, offset: BigInt(baseOffset) }
      }
    }
    if (progress.givenUp) return
    progress.committing = true
    await transaction.commit()
  }

  #deadline(): AbortSignal {
    return AbortSignal.any([this.#options.signal, AbortSignal.timeout(this.#options.attemptTimeout)])
  }

  /**
   * The broker fences a producer for two reasons: another has begun under its id, or its transaction lasted too long, as when this
   * process was stopped. The second one is no reason to end.
   */
  #judge(error: unknown, lasted: number): Error {
    const { transactionalId } = this.#options
    if (isFenced(error) && lasted < this.#timeout) {
      this.#fenced = collectorFenced(transactionalId, error)
      return this.#fenced
    }
    if (isTooLarge(error) && this.#sends !== SMALL_SENDS) {
      this.#sends = SMALL_SENDS
      return new KafkaUnavailable('the broker takes smaller batches only', { cause: error })
    }
    return classified(error, `a transaction of ${transactionalId}`)
  }

  async #drop(): Promise<void> {
    const one = this.#producer
    this.#producer = null
    await one?.end()
  }
}
