import type { Logger } from 'pino'
import type { Topic } from '../event-log.ts'
import { patiently } from './attempts.ts'
import { leaderOf, type TopicView, viewTopic } from './cluster-view.ts'
import { classified, isDenied, KafkaCodeError, KafkaUnavailable, unreachable } from './failure.ts'
import { createKafkaClient, type KafkaSettings } from './kafkajs.ts'
import type { KafkaConnection } from './kafkajs-connection.ts'
import { metadataRequest, type WireRequest } from './requests.ts'
import {
  type Answer,
  describeProducersRequest,
  describeTransactionsRequest,
  type KnownTransaction,
  listTransactionsRequest,
  type PartitionProducer,
  writeMarkerRequest,
} from './transaction-requests.ts'

/**
 * Whether the records of a transaction that hangs are kept. What its coordinator had decided is not known any more. Events and dead letters
 * that are kept may come again, and are counted once; a checkpoint that is dropped makes its collector read on from the one before. So
 * neither loses anything.
 */
const KEPT: Partial<Record<Topic, boolean>> = {
  'tls.negotiations': true,
  'tls.deadletter': true,
  'tls.checkpoints': false,
}

/** A transaction that was ended in one partition. */
export interface EndedTransaction {
  topic: string
  partition: number
  /** Where it began. */
  offset: string
  /** Whether its records were kept. */
  kept: boolean
}

export interface EndHangingOptions {
  kafka: KafkaSettings
  topicPrefix?: string
  /** Milliseconds for which a transaction has to have been silent, by its records' time; default: a minute. */
  silentFor?: number
  /** Milliseconds for which brokers that are starting are asked again; default 30 000. */
  patience?: number
  now: () => number
  logger: Logger
}

const SILENT_MS = 60_000
const PATIENCE_MS = 30_000

/**
 * Ends the transactions of collectors that are open in a partition and that no coordinator knows any more: what is behind them is shown to
 * nobody, and Kafka never ends them (KIP-664). A transaction counts as such only where its coordinator does not name the partition, and
 * where the partition's leader still has it open after that was asked: a coordinator forgets a partition only when its leader has the end.
 * @returns what was ended; null where the cluster does not let this user look for it or end it
 * @throws OperatorError where Kafka cannot be reached, or a topic is missing
 */
export async function endHangingTransactions(options: EndHangingOptions): Promise<EndedTransaction[] | null> {
  const { kafka, topicPrefix = '', patience = PATIENCE_MS, now, logger } = options
  const connection = createKafkaClient(kafka, logger).connection()
  const attempt = async (): Promise<EndedTransaction[]> => {
    try {
      await connection.connect()
      const ended: EndedTransaction[] = []
      for (const [topic, kept] of Object.entries(KEPT)) {
        ended.push(...(await endIn(connection, `${topicPrefix}${topic}`, kept, options)))
      }
      return ended
    } catch (error) {
      throw classified(error, 'looking for transactions that hang')
    }
  }
  const failed = (error: Error): void => logger.debug({ err: error }, 'transactions cannot be looked at, trying again')
  try {
    return await patiently({ now, patience, signal: new AbortController().signal, failed }, attempt)
  } catch (error) {
    if (isDenied(error)) return null
    throw error instanceof KafkaUnavailable ? unreachable(kafka.brokers, error) : error
  } finally {
    await connection.disconnect()
  }
}

async function endIn(
  connection: KafkaConnection,
  topic: string,
  kept: boolean,
  { silentFor = SILENT_MS, now }: EndHangingOptions,
): Promise<EndedTransaction[]> {
  const view = await viewTopic(connection, topic)
  const open = (await openIn(connection, view)).filter(({ lastTimestamp }) => now() - lastTimestamp >= silentFor)
  if (open.length === 0) return []
  const known = await transactionsOf(connection, [...new Set(open.map(({ producerId }) => producerId))])
  const unknown = open.filter((producer) => !isKnown(known, topic, producer))
  const still = await openIn(connection, view)
  const hanging = unknown.filter((one) => still.some((other) => isSame(one, other)))
  for (const producer of hanging) {
    const marker = { ...producer, topic, commit: kept }
    await asked(connection, leaderOf(view, producer.partition), writeMarkerRequest(marker))
  }
  return hanging.map(({ partition, openFrom }) => ({ topic, partition, offset: String(openFrom), kept }))
}

async function openIn(connection: KafkaConnection, view: TopicView): Promise<PartitionProducer[]> {
  const byLeader = Map.groupBy(view.leaders.keys(), (partition) => leaderOf(view, partition))
  const producers: PartitionProducer[] = []
  for (const [leader, partitions] of byLeader) {
    producers.push(...(await asked(connection, leader, describeProducersRequest(view.topic, partitions))))
  }
  return producers.filter(({ openFrom }) => openFrom >= 0n)
}

/** What all coordinators know of these producers. */
async function transactionsOf(
  connection: KafkaConnection,
  producerIds: readonly bigint[],
): Promise<readonly KnownTransaction[]> {
  const { brokers } = await connection.send(null, metadataRequest([]))
  const known: KnownTransaction[] = []
  for (const broker of brokers) {
    const ids = await asked(connection, broker, listTransactionsRequest(producerIds))
    if (ids.length > 0) known.push(...(await asked(connection, broker, describeTransactionsRequest(ids))))
  }
  return known
}

async function asked<T>(connection: KafkaConnection, broker: number, request: WireRequest<Answer<T>>): Promise<T> {
  const { error, found } = await connection.send(broker, request)
  if (error !== 0) throw new KafkaCodeError(error, request.apiName)
  return found
}

function isKnown(known: readonly KnownTransaction[], topic: string, { producerId, partition }: PartitionProducer) {
  return known.some(
    (transaction) =>
      transaction.producerId === producerId &&
      transaction.partitions.some((one) => one.topic === topic && one.partition === partition),
  )
}

function isSame(one: PartitionProducer, other: PartitionProducer): boolean {
  return one.partition === other.partition && one.producerId === other.producerId && one.openFrom === other.openFrom
}
