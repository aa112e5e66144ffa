import './kafkajs-grouping.ts'
import type { ConnectionOptions } from 'node:tls'
import kafkajs, {
  type Admin,
  type Cluster,
  type CompressionTypes,
  type Kafka,
  type Producer,
  type SASLOptions,
} from 'kafkajs'
import type { Logger } from 'pino'
import { within } from './attempts.ts'
import { KafkaConnection } from './kafkajs-connection.ts'
import { logThrough, TRANSACTION_RETRY, TRANSACTION_TIMEOUT_MS } from './kafkajs-cures.ts'
import { partitionOfKey } from './murmur2.ts'

export interface KafkaSettings {
  /** `host:port` of some brokers; the others are learned from them. */
  brokers: readonly string[]
  clientId: string
  ssl?: ConnectionOptions | boolean
  sasl?: SASLOptions
  /** Default `zstd`. */
  compression?: Compression
  /** Milliseconds; default 3000. */
  connectionTimeout?: number
  /** Milliseconds that a broker may take to answer; default 15 000. */
  requestTimeout?: number
}

export type Compression = 'none' | 'gzip' | 'zstd'

/** Of what lies below a request: few, because those above try again, and because each try of a send waits for all of these. */
const RETRY = { initialRetryTime: 50, maxRetryTime: 200, factor: 0.2, multiplier: 2, retries: 3 }
/** For administration, with nothing above it. At least 8: the internal topics are only made when they are first asked for. */
const ADMIN_RETRY = { initialRetryTime: 100, maxRetryTime: 1000, factor: 0.2, multiplier: 2, retries: 8 }
const NO_CONSUMER_RUNS = 'tlsrep-requests'

/** A producer that can be given up: once ended, nothing that it still repeats goes out any more. */
export interface OneProducer {
  readonly producer: Producer
  end(): Promise<void>
}

export const TOPIC_RESOURCE = kafkajs.ConfigResourceTypes.TOPIC
export type { Admin, Producer }

export interface KafkaClient {
  readonly settings: KafkaSettings
  readonly codec: CompressionTypes
  /** Each has connections of its own. */
  connection(): KafkaConnection
  transactionalProducer(transactionalId: string, transactionTimeout?: number): OneProducer
  idempotentProducer(): OneProducer
  admin(): Admin
}

const CODECS = {
  none: kafkajs.CompressionTypes.None,
  gzip: kafkajs.CompressionTypes.GZIP,
  zstd: kafkajs.CompressionTypes.ZSTD,
} as const

export function createKafkaClient(settings: KafkaSettings, logger: Logger): KafkaClient {
  const { ssl, sasl, brokers, clientId } = settings
  const kafka = new kafkajs.Kafka({
    clientId,
    brokers: [...brokers],
    ...(ssl === undefined ? {} : { ssl }),
    // A copy: kafkajs writes an authenticator into it, which would go on with the old password in whatever is made of it.
    ...(sasl === undefined ? {} : { sasl: { ...sasl } }),
    connectionTimeout: settings.connectionTimeout ?? 3000,
    requestTimeout: settings.requestTimeout ?? 15_000,
    retry: RETRY,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: () => logThrough(logger),
  })
  const shared = { allowAutoTopicCreation: false, maxInFlightRequests: 1, retry: TRANSACTION_RETRY }
  return {
    settings,
    codec: CODECS[settings.compression ?? 'zstd'],
    connection: () => new KafkaConnection(clusterOf(kafka)),
    transactionalProducer: (transactionalId, transactionTimeout = TRANSACTION_TIMEOUT_MS) =>
      oneProducer((createPartitioner) =>
        kafka.producer({ ...shared, transactionalId, transactionTimeout, createPartitioner }),
      ),
    idempotentProducer: () =>
      oneProducer((createPartitioner) => kafka.producer({ ...shared, idempotent: true, createPartitioner })),
    admin: () => kafka.admin({ retry: ADMIN_RETRY }),
  }
}

/** The public way to a cluster object: a partition assigner is given one. The consumer itself is never run. */
function clusterOf(kafka: Kafka): Cluster {
  const found: Cluster[] = []
  kafka.consumer({
    groupId: NO_CONSUMER_RUNS,
    allowAutoTopicCreation: false,
    retry: RETRY,
    partitionAssigners: [
      ({ cluster }) => {
        found.push(cluster)
        return {
          name: '',
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: '', metadata: Buffer.alloc(0) }),
        }
      },
    ],
  })
  const [cluster] = found
  if (cluster === undefined) throw new Error('kafkajs has handed out no cluster')
  return cluster
}

type Partitioner = (args: { partitionMetadata: readonly unknown[]; message: { key?: unknown } }) => number

/**
 * A producer with the partitions that Kafka's own clients choose; records without a key go round. kafkajs goes on repeating a send of a
 * producer that was disconnected, and could put an old record behind a newer one; but it asks for the partitions each time, and gets an
 * error then.
 */
function oneProducer(create: (createPartitioner: () => Partitioner) => Producer): OneProducer {
  let ended = false
  let next = 0
  const partitionOf: Partitioner = ({ partitionMetadata, message: { key } }) => {
    if (ended) throw new kafkajs.KafkaJSNonRetriableError('this producer was given up')
    return key instanceof Uint8Array ? partitionOfKey(key, partitionMetadata.length) : next++ % partitionMetadata.length
  }
  const producer = create(() => partitionOf)
  return {
    producer,
    end: async () => {
      ended = true
      await within(1000, producer.disconnect())
    },
  }
}
